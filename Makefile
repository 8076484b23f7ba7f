# mlabench: `make setup bench` installs what is missing, builds, verifies, times and plots;
# `make setup test` runs the tests. `make help` lists the rest. Variables:
#   CC=gcc|clang   DEBUG=1   SANITIZE=address,undefined|thread   PREFIX=/usr/local   BUILD=folder
#   LDFLAGS=-static   V=1 shows whole commands

comma := ,
empty :=
space := $(empty) $(empty)

DEBUG ?= 0
SANITIZE ?=
PREFIX ?= /usr/local
BUILD ?= build$(if $(SANITIZE),/sanitize-$(subst $(comma),-,$(SANITIZE)))$(if $(filter 1,$(DEBUG)),/debug)

# gcc's libgomp gives ThreadSanitizer false alarms; clang's libomp does not.
ifeq ($(SANITIZE),thread)
override CC := clang
endif

VERSION := 0.1.0
# The commit, and whether the sources differ from it.
SOURCES = $(shell scripts/commit.sh)
COMMIT = $(word 1,$(SOURCES))
DIRTY = $(word 2,$(SOURCES))

OPTIMISE := $(if $(filter 1,$(DEBUG)),-O1 -g3,-O3 -g)
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
SANITIZER := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# No contraction: the same arithmetic on every machine, and the reference as it is written.
CFLAGS ?=
LDFLAGS ?=
FLAGS := -std=gnu11 $(OPTIMISE) -fPIC -fopenmp -ffp-contract=off $(WARNINGS) $(SANITIZER) -I. $(CFLAGS)

# What the compiler makes code for; before `setup` has installed one, for this machine.
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null || uname -m)

# Looked up only inside recipes, hence after `setup` has installed them.
BLAS_FLAGS = $(shell pkg-config --cflags openblas 2>/dev/null)
BLAS_LIBS = $(shell pkg-config --libs openblas 2>/dev/null || echo -lopenblas)

KERNEL_SOURCES := $(sort $(wildcard kernels/*.c kernels/vector/*.c))
SIMD_SOURCES := $(sort $(wildcard kernels/simd/*.c))
REFERENCE_SOURCES := $(sort $(wildcard reference/*.c))
HARNESS_SOURCES := $(sort $(wildcard harness/*.c))
TEST_SOURCES := $(sort $(wildcard tests/*.c))
STANDALONE_SOURCES := $(sort $(wildcard tests/standalone/*.c))

# Vector sources are compiled once per instruction set, with its flags and ISA defined; no other
# file gets any.
ifneq ($(filter x86_64%,$(MACHINE)),)
SIMD_ISAS := scalar avx2 avx512
else
SIMD_ISAS := scalar
endif
SIMD_FLAGS_avx512vnni = $(SIMD_FLAGS_avx512) -mavx512vnni -DISA_avx512
SIMD_FLAGS_scalar :=
SIMD_FLAGS_avx2 := -mavx2 -mfma -mf16c
SIMD_FLAGS_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mf16c -mprefer-vector-width=512

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
SIMD_OBJECTS := $(foreach isa,$(SIMD_ISAS),$(patsubst %.c,$(BUILD)/%-$(isa).o,$(SIMD_SOURCES)))
# Only the loops on integers gain by it.
ifneq ($(filter avx512,$(SIMD_ISAS)),)
SIMD_OBJECTS += $(BUILD)/kernels/simd/integers-avx512vnni.o
endif
KERNEL_OBJECTS := $(call objects,$(KERNEL_SOURCES)) $(SIMD_OBJECTS)
REFERENCE_OBJECTS := $(call objects,$(REFERENCE_SOURCES))
HARNESS_OBJECTS := $(call objects,$(HARNESS_SOURCES))
COUNTING_SOURCES := $(sort $(wildcard tests/counting/*.c))
TEST_OBJECTS := $(call objects,$(TEST_SOURCES))
COUNTING_OBJECTS := $(call objects,$(COUNTING_SOURCES))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/*.c))
FUZZ_OBJECTS := $(call objects,$(FUZZ_SOURCES))
STANDALONE_OBJECTS := $(call objects,$(STANDALONE_SOURCES)) $(BUILD)/tests/standalone/registry.o
OBJECTS := $(KERNEL_OBJECTS) $(REFERENCE_OBJECTS) $(HARNESS_OBJECTS) $(TEST_OBJECTS) \
	$(STANDALONE_OBJECTS) $(COUNTING_OBJECTS) $(FUZZ_OBJECTS)

LIBS = -ljansson $(BLAS_LIBS) -ldl -lm

# Before a command: what it makes, unless V=1 shows the command itself.
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)

.DELETE_ON_ERROR:
.PHONY: all
all: $(BUILD)/mlabench $(BUILD)/libmlakernels.so

$(BUILD)/mlabench: $(HARNESS_OBJECTS) $(KERNEL_OBJECTS) $(REFERENCE_OBJECTS)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libmlakernels.so: $(KERNEL_OBJECTS)
	$(call say,LINK)$(CC) $(FLAGS) -shared -o $@ $^ $(BLAS_LIBS) -lm

$(BUILD)/mlabench-tests: $(TEST_OBJECTS) $(filter-out $(BUILD)/harness/main.o,$(HARNESS_OBJECTS)) $(KERNEL_OBJECTS) $(REFERENCE_OBJECTS)
	$(call say,LINK)$(CC) $(FLAGS) -o $@ $^ $(LIBS) -lcriterion -lmpfr -lgmp

# The kernels' verification in one program that needs only the C library, for emulators and other
# machines. It runs what STANDALONE_KERNELS matches, or its argument. For another machine or linked
# statically: CC=aarch64-linux-gnu-gcc LDFLAGS=-static BUILD=build/standalone/aarch64. Where clang
# has no static OpenMP, CFLAGS='-fopenmp=libgomp -Wno-unused-parameter' compiles for one thread.
STANDALONE_KERNELS ?= *
STANDALONE_HARNESS := accounting case cpu error fault input_arrange input_kind inputs memory oracle \
	placement problem random split timed_output trial verify verify_cache workload
$(BUILD)/verify: $(STANDALONE_OBJECTS) $(BUILD)/tests/shapes.o \
		$(STANDALONE_HARNESS:%=$(BUILD)/harness/%.o) \
		$(filter-out %blas.o %/registry.o,$(KERNEL_OBJECTS)) $(REFERENCE_OBJECTS)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ -lm

$(BUILD)/tests/standalone/main.o: DEFINES = -DSTANDALONE_KERNELS='"$(STANDALONE_KERNELS)"'
$(BUILD)/tests/standalone/registry.o: kernels/registry.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(FLAGS) -DWITHOUT_BLAS -MMD -MP -c -o $@ $<

# What counts the kernels' instructions, under callgrind or, linked statically, in the emulator; and
# the same with the kernels of another revision, whose objects are BASE_OBJECTS (of the same name, as
# its length shifts the stack).
$(BUILD)/counting: $(filter-out %blas.o %/registry.o,$(KERNEL_OBJECTS)) $(BUILD)/tests/standalone/registry.o
$(BUILD)/of-base/counting: $(BASE_OBJECTS) FORCE
$(BUILD)/counting $(BUILD)/of-base/counting: $(COUNTING_OBJECTS) $(BUILD)/tests/shapes.o \
		$(STANDALONE_HARNESS:%=$(BUILD)/harness/%.o) $(REFERENCE_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) -ldl -lm

# Shared objects that the tests load: one source, wrong in several ways, a kernel that computes
# something else, and a PAPI whose counts are known.
BAD_PLUGINS := $(patsubst %,$(BUILD)/tests/plugins/%.so,bad no-registry undefined)
TEST_PLUGINS := $(BAD_PLUGINS) $(patsubst %,$(BUILD)/tests/plugins/%.so,wrong papi)
$(BUILD)/mlabench-tests: | $(TEST_PLUGINS)
$(BUILD)/tests/plugins/no-registry.so: DEFINES = -DNO_REGISTRY
$(BUILD)/tests/plugins/undefined.so: DEFINES = -DUNDEFINED
$(BAD_PLUGINS): tests/plugins/bad.c
$(BUILD)/tests/plugins/wrong.so: tests/plugins/wrong.c
$(BUILD)/tests/plugins/papi.so: tests/plugins/papi.c
$(TEST_PLUGINS): kernels/kernel.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(FLAGS) $(DEFINES) -shared -o $@ $(filter %.c,$^)

# All kernels, changed, for the gate to notice, and the same code told to change nothing; and one
# that gets tired of computing.
CHANGED := $(patsubst %,$(BUILD)/tests/plugins/%.so,changed unchanged)
TIRED := $(BUILD)/tests/plugins/tired.so
$(BUILD)/mlabench-tests: | $(CHANGED) $(TIRED)
$(BUILD)/tests/plugins/changed.so: DEFINES = -DCHANGED_BY='"MLABENCH_CHANGE"'
$(BUILD)/tests/plugins/unchanged.so: DEFINES = -DCHANGED_BY='"MLABENCH_UNUSED"'
$(CHANGED): tests/plugins/changed.c
$(TIRED): tests/plugins/tired.c
$(CHANGED) $(TIRED): $(filter-out %/registry.o,$(KERNEL_OBJECTS))
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(FLAGS) $(DEFINES) -shared -o $@ $^ $(BLAS_LIBS) -lm

# What runs beside the harness where it is counted on an emulated PMU.
$(BUILD)/tests/papi/loop: $(BUILD)/tests/papi/loop.o \
		$(patsubst %,$(BUILD)/harness/%.o,counters error papi_thread paranoid software_events)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/tests/papi/init: $(BUILD)/tests/papi/init.o
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^

# Targets for a fuzzer: tests/fuzz/TARGET.c, with seeds in corpus/TARGET and, where the format has
# words, a dictionary TARGET.dict. To add one, write these and name it here. They run no kernel; of
# the harness they take what they need.
FUZZ_TARGETS := config suite npy result case safetensors index
FUZZ ?= $(FUZZ_TARGETS)
FUZZ_CHOSEN := $(subst $(comma),$(space),$(FUZZ))
FUZZ_PROGRAMS := $(FUZZ_CHOSEN:%=$(BUILD)/tests/fuzz/%)
FUZZ_SEEDS := $(FUZZ_PROGRAMS:%=%-seeds)
FUZZ_LINK = $(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ -ljansson -lm
$(BUILD)/tests/fuzz/harness.a: $(filter-out %/main.o,$(HARNESS_OBJECTS)) $(REFERENCE_OBJECTS)
	@mkdir -p $(@D)
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $^
FUZZ_JSON := $(filter-out %/npy %/safetensors,$(FUZZ_PROGRAMS))
$(FUZZ_JSON): $(BUILD)/tests/fuzz/json_mutator.o
$(FUZZ_PROGRAMS): %: %.o $(BUILD)/tests/fuzz/target.o $(BUILD)/tests/fuzz/harness.a
	$(FUZZ_LINK) -fsanitize=fuzzer
$(FUZZ_SEEDS): %-seeds: %.o $(BUILD)/tests/fuzz/seeds.o $(BUILD)/tests/fuzz/target.o \
		$(BUILD)/tests/fuzz/harness.a
	$(FUZZ_LINK)

# A tenant of the same machine, for make gate-study.
$(BUILD)/tests/gate-study/neighbour: tests/gate-study/neighbour.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(FLAGS) -o $@ $<

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(FLAGS) $(BLAS_FLAGS) $(DEFINES) -MMD -MP -c -o $@ $<

define simd_rule
$(BUILD)/kernels/simd/%-$(1).o: kernels/simd/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,CC)$$(CC) $$(FLAGS) $$(SIMD_FLAGS_$(1)) -DISA=$(1) -DISA_$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(SIMD_ISAS) avx512vnni,$(eval $(call simd_rule,$(isa))))

# What the compiler does not see that it reads.
$(BUILD)/harness/page_assets.o: scripts/report/report.css scripts/report/report.js

# What a result says of the program that made it.
$(BUILD)/harness/build_info.o: $(BUILD)/commit
$(BUILD)/harness/build_info.o: DEFINES = -DBUILD_VERSION='"$(VERSION)"' -DBUILD_COMMIT='"$(COMMIT)"' \
	-DBUILD_DIRTY=$(DIRTY) -DBUILD_FLAGS='"$(strip $(OPTIMISE) -ffp-contract=off $(SANITIZER) $(CFLAGS))"'

# Changes when compiler or flags do, so that nothing stale is linked.
ALL_FLAGS = $(CC) $(FLAGS) $(LDFLAGS) $(VERSION) $(STANDALONE_KERNELS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(ALL_FLAGS)' | cmp -s - $@ || echo '$(ALL_FLAGS)' > $@
$(BUILD)/commit: FORCE
	@mkdir -p $(@D)
	@echo '$(COMMIT) $(DIRTY)' | cmp -s - $@ || echo '$(COMMIT) $(DIRTY)' > $@
.PHONY: FORCE
FORCE:

-include $(OBJECTS:.o=.d) $(wildcard $(BUILD)/tests/papi/*.d)

# With a setup goal on the command line, everything else waits for it.
SETUP_GOALS := $(filter setup setup-dev setup-paper,$(MAKECMDGOALS))
$(OBJECTS): | $(SETUP_GOALS)

SUITE ?= default
TESTFLAGS ?=
MUTANTFLAGS ?=
JUDGEFLAGS ?=
MCAFLAGS ?=
CHECKFLAGS ?=
STUDYFLAGS ?=
INSTRUCTIONFLAGS ?=
CLAIMFLAGS ?=
CONFORMANCE_MODELS := deepseek-v2-lite,deepseek-v2,deepseek-v3,kimi-k2,moonlight,longcat-flash,glm-4.7-flash,glm-5,minicpm3
SEEDS ?= 1000
SEED ?= 1
RECORD ?= results/largest-errors.json
FUZZ_SECONDS ?= 60
EMULATE ?= 0
ALL ?= 0
SERVING ?=
# A static program that exits with 0 where all is well; by default the verification of all kernels
# that need AVX-512.
AVX512_PROGRAM ?=
RUN ?= $(patsubst %/result.json,%,$(shell ls -t results/*/result.json 2>/dev/null | head -n 1))
DATA := $(DESTDIR)$(PREFIX)/share/mlabench
MAN := $(DESTDIR)$(PREFIX)/share/man/man1/mlabench.1

.PHONY: help setup setup-dev setup-paper bench test plots paper install uninstall lint test-asan test-tsan \
	standalone test-portable test-avx512 test-emulator test-papi fuzz fuzz-programs fuzz-seeds \
	mutants judges mca check claims instructions conformance check-conformance gate-study soak \
	check-threads check-report readme-figures dist check-dist ci ci-full in-checkout clean
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

setup: ## install what building, testing and benchmarking need
	@scripts/setup.sh bench

setup-dev: setup ## and what lint, sanitizers and CI need
	@scripts/setup.sh dev

setup-paper: ## and LaTeX, for paper: 200 MB
	@scripts/setup.sh paper

bench: all ## verify, time and plot: SUITE=quick|default|paper|FILE
	$(BUILD)/mlabench run --suite $(SUITE)

# Tests run side by side: threads that wait for work must not keep others from it.
test: all $(BUILD)/mlabench-tests fuzz-seeds ## run the tests: TESTFLAGS='--filter SUITE/TEST'
	OMP_WAIT_POLICY=passive $(BUILD)/mlabench-tests $(TESTFLAGS) 2>&1

plots: all ## draw the latest run's plots and report again, or RUN=FOLDER
	@[ -f "$(RUN)/result.json" ] || { echo "make plots: no run in results/: make bench first" >&2; exit 1; }
	$(BUILD)/mlabench report $(RUN)/result.json

PAPER ?= $(RUN)/paper
paper: all ## the latest run's figures and tables as a PDF, or RUN=FOLDER; into PAPER=FOLDER
	@[ -f "$(RUN)/result.json" ] || { echo "make paper: no run in results/: make bench first" >&2; exit 1; }
	$(BUILD)/mlabench report $(RUN)/result.json
	@scripts/paper/make.sh "$(RUN)" $(BUILD) "$(PAPER)"

install: all ## into PREFIX, below DESTDIR
	install -D $(BUILD)/mlabench $(DESTDIR)$(PREFIX)/bin/mlabench
	install -D -m 644 $(BUILD)/libmlakernels.so $(DESTDIR)$(PREFIX)/lib/libmlakernels.so
	install -D -m 644 kernels/kernel.h $(DESTDIR)$(PREFIX)/include/mlabench/kernel.h
	install -D -m 644 scripts/mlabench.1 $(MAN)
	install -D -m 644 -t $(DATA)/configs/models configs/models/*.json
	install -D -m 644 -t $(DATA)/configs/suites configs/suites/*.json
	install -D -m 644 -t $(DATA)/scripts/plots scripts/plots/*

uninstall: ## remove what install put there
	rm -rf $(DATA) $(DESTDIR)$(PREFIX)/include/mlabench
	rm -f $(DESTDIR)$(PREFIX)/bin/mlabench $(DESTDIR)$(PREFIX)/lib/libmlakernels.so $(MAN)

lint: | $(SETUP_GOALS) ## formatting, clang-tidy, cppcheck, shellcheck, man page
	@scripts/lint.sh $(BLAS_FLAGS)

test-asan: | $(SETUP_GOALS) ## the tests under AddressSanitizer and UBSan
	@mkdir -p build
	@bash -o pipefail -c "$(MAKE) SANITIZE=address,undefined TESTFLAGS='$(TESTFLAGS)' test 2>&1 | tee build/test-asan.log"
	@! grep -q 'LeakSanitizer: detected memory leaks' build/test-asan.log || { echo 'make test-asan: a test passed and leaked: see above' >&2; exit 1; }

test-tsan: | $(SETUP_GOALS) ## the kernels' threads under ThreadSanitizer
	$(MAKE) SANITIZE=thread check-threads

standalone: $(BUILD)/verify ## the kernels' verification without libraries: CC LDFLAGS=-static BUILD

test-portable: | $(SETUP_GOALS) ## the kernels, emulated, on x86-64 without AVX and on aarch64
	+@scripts/check_portable.sh $(BUILD)

test-avx512: | $(SETUP_GOALS) ## AVX-512 kernels on this CPU; where it has none, or EMULATE=1, emulated
	+@EMULATE=$(EMULATE) scripts/check_avx512.sh $(AVX512_PROGRAM)

test-emulator: | $(SETUP_GOALS) ## that the emulator does what CPU and Linux would do
	+@tests/emulator/check.sh

test-papi: | $(SETUP_GOALS) ## that counters count, on an emulated machine with a PMU
	+@tests/papi/check.sh

# How the scripts build broken kernels.
PLUGIN_BUILD = --build=$(BUILD) --cc='$(CC)' --flags='$(FLAGS) $(BLAS_FLAGS)' --libs='$(BLAS_LIBS) -lm' \
	$(foreach isa,$(SIMD_ISAS),--simd-flags='$(isa)=$(SIMD_FLAGS_$(isa))')

fuzz-programs: $(FUZZ_PROGRAMS)

fuzz: | $(SETUP_GOALS) ## what reads files, on files that a fuzzer makes: FUZZ_SECONDS=60 FUZZ=npy,case
	$(MAKE) CC=clang DEBUG=1 SANITIZE=address,undefined,fuzzer-no-link BUILD=$(BUILD)/fuzz fuzz-programs
	@tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZ_CHOSEN)

fuzz-seeds: $(FUZZ_SEEDS) ## the same on the files in tests/fuzz/corpus alone: a second
	@tests/fuzz/seeds.sh $(BUILD)/tests/fuzz $(FUZZ_CHOSEN)

mutants: all ## that verification finds broken kernels: MUTANTFLAGS='--sample 20'
	@scripts/mutants.py $(PLUGIN_BUILD) $(MUTANTFLAGS)

judges: all ## which of them other projects' tests would notice: JUDGEFLAGS='--sample 20'
	@scripts/judges.py $(PLUGIN_BUILD) $(JUDGEFLAGS)

# The vector instruction sets with their flags, and the latest run, or RUN=FOLDER, to compare with.
mca: | $(SETUP_GOALS) ## speed of the vector loops that llvm-mca predicts for other CPUs
	@scripts/mca.py --build=$(BUILD) --cc='$(CC)' --flags='$(FLAGS)' \
		$(foreach isa,$(filter-out scalar,$(SIMD_ISAS)),--isa='$(isa)=$(SIMD_FLAGS_$(isa))') \
		$(if $(RUN),--run='$(RUN)') $(MCAFLAGS)

# CC, CFLAGS and DEBUG given to make are in the environment of what it runs; those that it chose are
# not.
check: all ## that the kernels are no slower than those of BASE=REVISION: CHECKFLAGS='--limit 5'
	@CC='$(CC)' scripts/gate.sh $(BUILD) '$(BASE)' $(CHECKFLAGS)

# Instructions are a part of the evidence, where valgrind is there to count them.
COUNTS = $(BUILD)/claims-instructions.json
claims: all ## what is true of the article's claims, in 15 minutes: CLAIMFLAGS='--out FOLDER'
	@rm -f $(COUNTS)
	@scripts/instructions.py --build='$(BUILD)' --study=$(COUNTS) || echo 'make claims: no instructions are counted' >&2
	$(BUILD)/mlabench claims $$(! [ -f $(COUNTS) ] || echo --instructions $(COUNTS)) $(CLAIMFLAGS)

instructions: all ## instructions of the kernels against kept counts, or BASE=REVISION: INSTRUCTIONFLAGS=--write
	@scripts/instructions.py --build='$(BUILD)' $(if $(BASE),--base='$(BASE)') $(INSTRUCTIONFLAGS)

gate-study: all $(CHANGED) $(BUILD)/tests/gate-study/neighbour ## how often check is wrong, and how often right: 20 minutes, STUDYFLAGS='--share 0.1'
	@scripts/gate_study.py --build $(BUILD) $(STUDYFLAGS)

conformance: all ## vectors for other implementations, results/conformance, written anew
	$(BUILD)/mlabench dump --model $(CONFORMANCE_MODELS) --out results/conformance

check-conformance: all ## that two implementations in numpy agree with the reference
	@scripts/check_conformance.sh $(BUILD)

soak: all ## right kernels on random cases, without a false alarm: SEEDS=1000 SEED=1
	$(BUILD)/mlabench verify --random $(SEEDS) --seed $(SEED) --record $(RECORD)

# A run is reported on with verdicts of small studies, and set beside itself, changed a little, as
# several are compared.
REPORTS := $(BUILD)/report-sample/one/report.html $(BUILD)/report-sample/several/report.html
check-report: all ## that report.html is what it should be, in headless Chromium
	@mkdir -p $(BUILD)/report-sample
	@sed 's/EPYC 7B13/EPYC 9B14/' tests/data/result-sample.json > $(BUILD)/report-sample/other.json
	@mkdir -p $(BUILD)/report-sample/one
	@cp tests/data/result-sample.json $(BUILD)/report-sample/one/result.json
	$(BUILD)/mlabench claims --quick -q $(BUILD)/report-sample/one/result.json > /dev/null
	$(BUILD)/mlabench report tests/data/result-sample.json $(BUILD)/report-sample/other.json \
		--out $(BUILD)/report-sample/several
	@scripts/check_report.py $(REPORTS)
	@scripts/check_report.py --self-test $(firstword $(REPORTS))

check-threads: all
	scripts/check_threads.sh $(BUILD)/mlabench

# With ALL=1, an hour or more: the first two take the machine for themselves, the last one as well.
readme-figures: all ## README's pictures, measured anew, or of RUN=FOLDER SERVING=FOLDER; ALL=1: of studies too
	$(if $(filter 1,$(ALL)),$(MAKE) mutants && $(MAKE) judges && $(MAKE) gate-study)
	@scripts/readme_figures.py --build=$(BUILD) $(if $(filter file,$(origin RUN)),,--run='$(RUN)') \
		$(if $(SERVING),--serving='$(SERVING)')

dist: ## the release tarball of HEAD, build/dist/mlabench-VERSION.tar.xz
	@scripts/dist.sh $(BUILD)/dist

check-dist: ## that it is always the same, builds, and knows its commit
	@scripts/check_dist.sh

# Release tarballs have no .ci.
ci: | in-checkout ## what CI runs, within 30 minutes
	.ci/run

ci-full: | in-checkout ## and what takes longer
	.ci/run full

in-checkout:
	@[ -e .git ] || { echo 'make ci: needs a git checkout; this tree is not one' >&2; exit 1; }

clean: ## remove every build
	rm -rf build
