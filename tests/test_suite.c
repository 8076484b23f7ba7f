/* SPDX-License-Identifier: MIT
 *
 * Suites: what they expand into, by file and by hand, and what is refused. Run in the top folder.
 */
#include "harness/suite.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIGS "configs"

#define LIMITS  "\"summary\": \"s\", \"time_limit_s\": 10, \"kernel_time_limit_s\": 1"

static int read_text(const char *text, int cpus, struct suite *suite, struct mla_error *error)
{
    char path[] = "/tmp/mlabench-suite-XXXXXX.json";
    int file = mkstemps(path, 5);
    cr_assert(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text), "no %s", path);
    close(file);
    int code = suite_read(CONFIGS, path, cpus, suite, error);
    unlink(path);
    return code;
}

/* A suite of one case. */
static int read_case(const char *fields, int cpus, struct suite *suite, struct mla_error *error)
{
    char text[2048];
    snprintf(text, sizeof text, "{" LIMITS ", \"cases\": [{%s}]}", fields);
    return read_text(text, cpus, suite, error);
}

static void check_names(const struct suite *suite, const char *const *expected, int count)
{
    cr_assert(suite->count == count, "%d cases instead of %d", suite->count, count);
    for (int i = 0; i < count; i++) {
        char name[CASE_NAME_MAX];
        case_name(&suite->cases[i], name);
        cr_assert(strcmp(name, expected[i]) == 0, "case %d is %s, not %s", i, name, expected[i]);
    }
}

Test(suite, phases)
{
    static const struct {
        int64_t cached, new_tokens;
        const char *phase;
    } expected[] = {
        {100, 1, "decode"},  {100, 2, "mtp"},   {100, 4, "mtp"},  {100, 5, "chunked"},
        {0, 100, "prefill"}, {0, 1, "prefill"}, {1, 1, "decode"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        enum phase phase = phase_of(expected[i].cached, expected[i].new_tokens);
        cr_assert(strcmp(phase_names[phase], expected[i].phase) == 0, "%lld, %lld: %s",
                  (long long)expected[i].cached, (long long)expected[i].new_tokens,
                  phase_names[phase]);
    }
}

Test(suite, case_names)
{
    struct bench_case c = {.model.name = "m",
                           .cached = 4096,
                           .new_tokens = 1,
                           .batch = 8,
                           .ragged = true,
                           .threads = 2,
                           .format = MLA_BF16};
    char name[CASE_NAME_MAX];
    case_name(&c, name);
    cr_assert(strcmp(name, "m/decode/cached:4096/new:1/batch:8r/threads:2/bf16") == 0, "%s", name);
    c = (struct bench_case){
        .model.name = "m", .new_tokens = 3, .batch = 1, .threads = 1, .about = ABOUT_LAYER};
    case_name(&c, name);
    cr_assert(strcmp(name, "m/layer-prefill/cached:0/new:3/batch:1/threads:1/fp32") == 0, "%s",
              name);
}

Test(suite, wanted_kernels)
{
    struct bench_case c = {.kernels = "absorbed*,mha"};
    cr_assert(case_wants(&c, "absorbed") && case_wants(&c, "absorbed-blas"), "absorbed*");
    cr_assert(case_wants(&c, "mha") && !case_wants(&c, "mha2"), "mha");
    cr_assert(!case_wants(&c, "blocked") && !case_wants(&c, ""), "others");
}

Test(suite, kernels_left_out)
{
    struct bench_case c = {.kernels = "!*-scalar,absorbed*,mha"};
    cr_assert(case_wants(&c, "absorbed") && case_wants(&c, "mha"), "wanted");
    cr_assert(!case_wants(&c, "absorbed-scalar"), "wanted and left out");
    cr_assert(!case_wants(&c, "flash") && !case_wants(&c, "flash-scalar"), "not wanted");
    c = (struct bench_case){.kernels = "!*-scalar,!mha"};
    cr_assert(case_wants(&c, "flash") && case_wants(&c, "absorbed"), "all but some");
    cr_assert(!case_wants(&c, "flash-scalar") && !case_wants(&c, "mha"), "some");
    c = (struct bench_case){.kernels = ""};
    cr_assert(!case_wants(&c, "mha"), "none");
}

Test(suite, expansion)
{
    static const char *const expected[] = {
        "tiny/decode/cached:5/new:1/batch:1/threads:1/fp32",
        "tiny/decode/cached:5/new:1/batch:1/threads:4/fp32",
        "tiny/mtp/cached:5/new:2/batch:1/threads:1/fp32",
        "tiny/mtp/cached:5/new:2/batch:1/threads:4/fp32",
        "tiny/decode/cached:6/new:1/batch:1/threads:1/fp32",
        "tiny/decode/cached:6/new:1/batch:1/threads:4/fp32",
        "tiny/mtp/cached:6/new:2/batch:1/threads:1/fp32",
        "tiny/mtp/cached:6/new:2/batch:1/threads:4/fp32",
    };
    struct suite suite;
    struct mla_error error = {""};
    int code = read_case("\"models\": [\"tiny\"], \"cached\": [5, 6, 5], \"new\": [1, 2],"
                         "\"threads\": [1, \"all\"]",
                         4, &suite, &error);
    cr_assert(code == 0, "%s", error.message);
    check_names(&suite, expected, 8);
    cr_assert(suite.repetitions == 10 && suite.repetition_ms == 50, "defaults");
    cr_assert(suite.time_limit_s == 10 && suite.kernel_time_limit_s == 1, "limits");
    cr_assert(strncmp(suite.name, "mlabench-suite-", 15) == 0, "called %s", suite.name);
    suite_free(&suite);
    code = read_case("\"models\": [\"tiny\"], \"cached\": [5], \"threads\": [1, \"all\"]", 1,
                     &suite, &error);
    cr_assert(code == 0 && suite.count == 1, "all is 1 on one CPU: %d cases", suite.count);
    suite_free(&suite);
}

Test(suite, baselines_follow_their_model)
{
    static const char *const expected[] = {
        "tiny/decode/cached:5/new:1/batch:1/threads:1/fp32",
        "tiny-mqa/decode/cached:5/new:1/batch:1/threads:1/fp32",
        "moonlight/decode/cached:5/new:1/batch:1/threads:1/fp32",
        "moonlight-mqa/decode/cached:5/new:1/batch:1/threads:1/fp32",
    };
    struct suite suite;
    struct mla_error error = {""};
    int code = read_case("\"models\": [\"tiny\", \"moonlight\"], \"baselines\": [\"mqa\"],"
                         "\"cached\": [5]",
                         1, &suite, &error);
    cr_assert(code == 0, "%s", error.message);
    check_names(&suite, expected, 4);
    cr_assert(suite.cases[1].model.kind == MODEL_MHA, "a baseline");
    suite_free(&suite);
}

Test(suite, repeated_cases_are_merged)
{
    struct suite suite;
    struct mla_error error = {""};
    int code = read_text("{" LIMITS ", \"cases\": ["
                         "{\"models\": [\"tiny\"], \"cached\": [5], \"kernels\": [\"naive\"]},"
                         "{\"models\": [\"tiny\"], \"cached\": [5, 6],"
                         " \"kernels\": [\"naive\", \"ab*\"]},"
                         "{\"models\": [\"tiny\"], \"cached\": [5], \"layer\": true}]}",
                         1, &suite, &error);
    cr_assert(code == 0, "%s", error.message);
    cr_assert(suite.count == 3, "%d cases", suite.count);
    cr_assert(strcmp(suite.cases[0].kernels, "naive,ab*") == 0, "%s", suite.cases[0].kernels);
    cr_assert(suite.cases[1].cached == 6 && suite.cases[2].about == ABOUT_LAYER, "order");
    suite_free(&suite);
}

Test(suite, all_models)
{
    char **names;
    int count;
    struct suite suite;
    struct mla_error error = {""};
    cr_assert(model_names(CONFIGS, &names, &count, &error) == 0, "%s", error.message);
    int code = read_case("\"models\": [\"all\"], \"cached\": [5]", 1, &suite, &error);
    cr_assert(code == 0 && suite.count == count, "%d cases: %s", suite.count, error.message);
    model_names_free(names, count);
    suite_free(&suite);
}

Test(suite, shipped)
{
    static const struct {
        const char *name;
        double limit;
        const char *summary; /* part of it */
    } shipped[] = {{"quick", 20, "20 seconds"},
                   {"default", 180, "3 minutes"},
                   {"paper", 1800, "30 minutes"},
                   {"verify", 600, "correctness"}};
    for (size_t i = 0; i < sizeof shipped / sizeof shipped[0]; i++) {
        struct suite suite;
        struct mla_error error = {""};
        int code = suite_read(CONFIGS, shipped[i].name, 2, &suite, &error);
        cr_assert(code == 0, "%s", error.message);
        cr_assert(suite.count > 0 && suite.time_limit_s <= shipped[i].limit, "%s: %g s", suite.name,
                  suite.time_limit_s);
        cr_assert(strcmp(suite.name, shipped[i].name) == 0, "called %s", suite.name);
        cr_assert(strstr(suite.summary, shipped[i].summary), "%s: %s", suite.name, suite.summary);
        const struct mla_registry *registry = mla_kernels();
        const char *names[64];
        for (uint32_t k = 0; k < registry->count; k++)
            names[k] = registry->kernels[k]->name;
        code = suite_check_kernels(&suite, names, (int)registry->count, &error);
        cr_assert(code == 0, "%s", error.message);
        suite_free(&suite);
    }
}

Test(suite, verify_covers_every_model)
{
    char **names;
    int count;
    struct suite suite;
    struct mla_error error = {""};
    cr_assert(suite_read(CONFIGS, "verify", 2, &suite, &error) == 0, "%s", error.message);
    cr_assert(model_names(CONFIGS, &names, &count, &error) == 0, "%s", error.message);
    for (int i = 0; i < count; i++) {
        bool covered = false;
        for (int c = 0; c < suite.count; c++)
            covered |= strcmp(suite.cases[c].model.name, names[i]) == 0;
        cr_assert(covered, "%s is not verified", names[i]);
    }
    model_names_free(names, count);
    suite_free(&suite);
}

Test(suite, cold_cases)
{
    static const char *const expected[] = {
        "tiny/decode/cached:5/new:1/batch:1/threads:1/fp32",
        "tiny/decode/cached:5/new:1/batch:1/threads:1/fp32/cold",
        "tiny/decode/cached:6/new:1/batch:1/threads:1/fp32",
        "tiny/decode/cached:6/new:1/batch:1/threads:1/fp32/cold",
    };
    struct suite suite;
    struct mla_error error = {""};
    int code = read_case(
        "\"models\": [\"tiny\"], \"cached\": [5, 6], \"cache_state\": [\"warm\", \"cold\"]", 1,
        &suite, &error);
    cr_assert(code == 0, "%s", error.message);
    check_names(&suite, expected, 4);
    cr_assert(suite_add_cold(&suite, &error) == 0, "%s", error.message);
    check_names(&suite, expected, 4);
    suite_free(&suite);
}

Test(suite, every_timed_case_cold_too)
{
    static const char *const expected[] = {
        "tiny/decode/cached:5/new:1/batch:1/threads:1/fp32",
        "tiny/layer-decode/cached:5/new:1/batch:1/threads:1/fp32",
        "tiny/decode/cached:5/new:1/batch:1/threads:1/fp32/cold",
    };
    struct suite suite;
    struct mla_error error = {""};
    int code = read_text("{" LIMITS ", \"cases\": [{\"models\": [\"tiny\"], \"cached\": [5]},"
                         "{\"models\": [\"tiny\"], \"cached\": [5], \"layer\": true}]}",
                         1, &suite, &error);
    cr_assert(code == 0, "%s", error.message);
    cr_assert(suite_add_cold(&suite, &error) == 0, "%s", error.message);
    check_names(&suite, expected, 3);
    cr_assert(suite.cases[0].cache_state == CACHE_WARM && suite.cases[2].cache_state == CACHE_COLD);
    suite_free(&suite);
}

Test(suite, refused_cases)
{
    static const struct {
        const char *fields;
        const char *expected[2];
    } cases[] = {
        {"\"cached\": [5]", {"cases[0].models is missing", "a list"}},
        {"\"models\": [\"tiny\"]", {"cases[0].cached is missing", "a list"}},
        {"\"models\": [], \"cached\": [5]", {"cases[0].models is an array", "at least one"}},
        {"\"models\": \"tiny\", \"cached\": [5]", {"cases[0].models is \"tiny\"", "a list"}},
        {"\"models\": [3], \"cached\": [5]", {"cases[0].models[0] is 3", "a name"}},
        {"\"models\": [\"tiny\", \"tinny\"], \"cached\": [5]",
         {"cases[0].models[1]: there is no 'tinny'", "did you mean tiny?"}},
        {"\"models\": [\"tiny\"], \"cached\": [5, -1]", {"cases[0].cached[1] is -1", "from 0"}},
        {"\"models\": [\"tiny\"], \"cached\": [5.5]", {"cases[0].cached[0] is 5.5", "whole"}},
        {"\"models\": [\"tiny\"], \"cached\": [\"4k\"]", {"cached[0] is \"4k\"", "whole"}},
        {"\"models\": [\"tiny\"], \"cached\": 5", {"cases[0].cached is 5", "a list"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"new\": [0]", {"new[0] is 0", "from 1"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"batch\": [0]", {"batch[0] is 0", "from 1"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"threads\": [1, \"al\"]",
         {"cases[0].threads[1] is \"al\"", "or \"all\""}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"threads\": [0]", {"threads[0] is 0", "1024"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"formats\": [\"fp61\"]",
         {"cases[0].formats[0]: there is no format 'fp61'", "did you mean fp16?"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"baselines\": [\"gqa4\"]",
         {"cases[0].baselines[0] is \"gqa4\"", "\"gqa8\""}},
        {"\"models\": [\"article-784\"], \"cached\": [5], \"baselines\": [\"mha\"]",
         {"cases[0].models[0]: article-784 has no -mha", "latent attention"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"ragged\": 1",
         {"ragged is 1", "true or false"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"ragged\": true", {"cases[0]: ragged", "2 or"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"layer\": true, \"batch\": [2]",
         {"cases[0]: layer with batch 2", "batch 1"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"cache_state\": [\"coldd\"]",
         {"cases[0].cache_state[0]: there is no cache state 'coldd'", "did you mean cold?"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"layer\": true, \"cache_state\": [\"cold\"]",
         {"cases[0]: layer or certificate with cold caches", "timed"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"kernels\": [\"a,b\"]",
         {"kernels[0] is 'a,b'", "one glob each"}},
        {"\"models\": [\"tiny\"], \"cached\": [32768]",
         {"cases[0]: 32768 cached", "32768 of tiny's"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"thread\": [1]",
         {"unknown field cases[0].\"thread\"", "did you mean threads?"}},
        {"\"models\": [\"tiny\"], \"cached\": [5], \"context\": [1]",
         {"unknown field cases[0].\"context\"", "models, baselines, cached"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct suite suite;
        struct mla_error error = {""};
        int code = read_case(cases[i].fields, 2, &suite, &error);
        cr_assert(code == MLA_BAD_INPUT, "%s gives %d", cases[i].fields, code);
        cr_assert(strstr(error.message, "/tmp/mlabench-suite-"), "no file in: %s", error.message);
        for (int e = 0; e < 2; e++)
            cr_assert(strstr(error.message, cases[i].expected[e]), "%s: no '%s' in: %s",
                      cases[i].fields, cases[i].expected[e], error.message);
        cr_assert(suite.cases == NULL && suite.count == 0, "%s: left behind", cases[i].fields);
    }
}

Test(suite, refused_files)
{
#define CASES "\"cases\": [{\"models\": [\"tiny\"], \"cached\": [5]}]"
    static const struct {
        const char *text;
        const char *expected;
    } files[] = {
        {"", "not valid JSON"},
        {"[]", "holds an array"},
        {"{" CASES "}", "summary is missing"},
        {"{" LIMITS "}", "cases is missing"},
        {"{" LIMITS ", \"cases\": []}", "at least one"},
        {"{" LIMITS ", \"cases\": {}}", "cases is an object"},
        {"{" LIMITS ", \"cases\": [1]}", "cases[0] is 1, accepted: an object"},
        {"{" LIMITS ", \"repetitons\": 10, " CASES "}", "did you mean repetitions?"},
        {"{" LIMITS ", \"repetitions\": 9, " CASES "}", "repetitions is 9, accepted"},
        {"{" LIMITS ", \"repetition_ms\": 0, " CASES "}", "repetition_ms is 0, accepted"},
        {"{\"summary\": \"s\", \"time_limit_s\": 0, \"kernel_time_limit_s\": 1, " CASES "}",
         "time_limit_s is 0"},
        {"{\"summary\": \"s\", \"time_limit_s\": 1, \"kernel_time_limit_s\": 2, " CASES "}",
         "kernel_time_limit_s is 2, accepted: at most 1"},
        {"{" LIMITS ", " LIMITS ", " CASES "}", "not valid JSON"},
    };
#undef CASES
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct suite suite;
        struct mla_error error = {""};
        cr_assert(read_text(files[i].text, 2, &suite, &error) == MLA_BAD_INPUT, "accepted: %s",
                  files[i].text);
        cr_assert(strstr(error.message, files[i].expected), "%s: %s", files[i].text, error.message);
    }
    struct suite suite;
    struct mla_error error = {""};
    cr_assert(suite_read(CONFIGS, "quik", 2, &suite, &error) == MLA_BAD_INPUT, "quik");
    cr_assert(strstr(error.message, "did you mean quick?"), "%s", error.message);
}

Test(suite, unknown_kernels)
{
    static const char *const names[] = {"naive", "absorbed", "absorbed-blas"};
    struct suite suite;
    struct mla_error error = {""};
    const char *fields = "\"models\": [\"tiny\"], \"cached\": [5], \"kernels\": [\"nave\", \"*\"]";
    cr_assert(read_case(fields, 1, &suite, &error) == 0, "%s", error.message);
    cr_assert(suite_check_kernels(&suite, names, 3, &error) == MLA_BAD_INPUT, "nave");
    cr_assert(strstr(error.message, "no kernel matches 'nave'; did you mean naive?"), "%s",
              error.message);
    snprintf(suite.cases[0].kernels, sizeof suite.cases[0].kernels, "naive,x*");
    cr_assert(suite_check_kernels(&suite, names, 3, &error) == MLA_BAD_INPUT, "x*");
    cr_assert(strstr(error.message, "naive, absorbed or absorbed-blas"), "%s", error.message);
    snprintf(suite.cases[0].kernels, sizeof suite.cases[0].kernels, "naive,absorbed*");
    cr_assert(suite_check_kernels(&suite, names, 3, &error) == 0, "%s", error.message);
    suite_free(&suite);
}

Test(suite, by_hand)
{
    static const char *const expected[] = {
        "tiny/decode/cached:1024/new:1/batch:2r/threads:3/fp32",
        "tiny/decode/cached:1024/new:1/batch:2r/threads:3/int8",
        "tiny/decode/cached:2048/new:1/batch:2r/threads:3/fp32",
        "tiny/decode/cached:2048/new:1/batch:2r/threads:3/int8",
    };
    struct suite suite;
    struct mla_error error = {""};
    struct case_options options = {.models = "tiny",
                                   .cached = "1k,2k",
                                   .batch = "2",
                                   .threads = "all",
                                   .formats = "fp32,int8",
                                   .new_tokens = "",
                                   .kernels = "ab*,mha",
                                   .ragged = true};
    cr_assert(suite_by_hand(CONFIGS, &options, 3, &suite, &error) == 0, "%s", error.message);
    check_names(&suite, expected, 4);
    cr_assert(strcmp(suite.cases[3].kernels, "ab*,mha") == 0, "%s", suite.cases[3].kernels);
    cr_assert(suite.repetitions >= 10 && suite.repetition_ms > 0 && suite.time_limit_s > 0 &&
                  suite.kernel_time_limit_s > 0,
              "limits");
    suite_free(&suite);
    static const char *const defaults[] = {
        "deepseek-v3-mqa/decode/cached:4096/new:1/batch:1/threads:1/fp32"};
    options = (struct case_options){.models = "deepseek-v3-mqa"};
    cr_assert(suite_by_hand(CONFIGS, &options, 3, &suite, &error) == 0, "%s", error.message);
    check_names(&suite, defaults, 1);
    suite_free(&suite);
}

Test(suite, refused_by_hand)
{
    static const struct {
        struct case_options options;
        const char *expected;
    } refused[] = {
        {{.cached = "5"}, "--model is missing"},
        {{.models = "tinny"}, "--model: there is no 'tinny' in configs/models; did you mean tiny?"},
        {{.models = "tiny,"}, "--model is 'tiny,' with an empty element"},
        {{.models = "tiny", .cached = "4q"}, "--cached has '4q'"},
        {{.models = "tiny", .cached = "-1"}, "--cached has '-1'"},
        {{.models = "tiny", .cached = " 1"}, "--cached has ' 1'"},
        {{.models = "tiny", .cached = "9999999999999999999"}, "--cached has '9999"},
        {{.models = "tiny", .cached = "18014398509481985k"}, "--cached has '1801"},
        {{.models = "tiny", .cached = "4,,8"}, "--cached is '4,,8' with an empty element"},
        {{.models = "tiny", .cached = "5", .new_tokens = "0"}, "--new has '0'"},
        {{.models = "tiny", .cached = "5", .batch = "x"}, "--batch has 'x'"},
        {{.models = "tiny", .cached = "5", .threads = "some"}, "--threads has 'some'"},
        {{.models = "tiny", .cached = "5", .formats = "fp23"}, "--format: there is no format"},
        {{.models = "tiny", .cached = "32k"}, "accepted: up to the 32768 of tiny's"},
        {{.models = "tiny", .cached = "5", .ragged = true}, "ragged with batch 1"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct suite suite;
        struct mla_error error = {""};
        int code = suite_by_hand(CONFIGS, &refused[i].options, 2, &suite, &error);
        cr_assert(code == MLA_BAD_INPUT, "%s: %d", refused[i].expected, code);
        cr_assert(strstr(error.message, refused[i].expected), "no '%s' in: %s", refused[i].expected,
                  error.message);
    }
}
