#!/usr/bin/env bash
# Counters through PAPI on a real PMU: tests/papi/check.sh. The harness, linked statically for aarch64
# with Debian's PAPI, runs under qemu's emulation of a Cortex-A57, whose PMU Linux drives, in half a
# minute. Packages of Debian's arm64 are fetched once, into build/papi, and not installed. Exits 1 if
# something is counted wrongly, 77 where it cannot be run.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$PWD/build/papi
root=$work/root
build=$work/aarch64
# Its suite has every package in one version, whatever this machine runs.
release=bookworm
keys=/usr/share/keyrings/debian-archive-keyring.gpg

not_run() {
    echo "papi: not run: $1"
    exit 77
}

for tool in qemu-system-aarch64 aarch64-linux-gnu-gcc cpio apt-get apt-cache dpkg-deb python3; do
    command -v "$tool" >/dev/null || not_run "$tool is not installed (make setup-dev)"
done
[ -f "$keys" ] || not_run "there is no $keys (package debian-archive-keyring)"

# An apt of its own, which leaves the machine's alone.
apt_conf() {
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
    echo "deb [signed-by=$keys] http://deb.debian.org/debian $release main" >"$work/apt/sources"
    cat >"$work/apt/conf" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Dir::State "$work/apt";
Dir::State::status "/dev/null";
Dir::Cache "$work/apt/cache";
Dir::Etc::sourcelist "$work/apt/sources";
Dir::Etc::sourceparts "-";
END
    export APT_CONFIG=$work/apt/conf
}

# Into a folder that takes its name when it is whole.
fetch() {
    local kernel
    rm -rf "$root" "$root.part" "$work/debs"
    mkdir -p "$root.part" "$work/debs"
    (
        apt_conf
        timeout 120 apt-get -qq update || exit
        kernel=$(apt-cache depends linux-image-cloud-arm64 | sed -n 's/.*Depends: \(linux-image-\)/\1/p')
        cd "$work/debs"
        timeout 300 apt-get -qq download "$kernel" libpapi-dev libpfm4-dev libjansson-dev \
            libopenblas-openmp-dev
    ) >"$work/fetch.log" 2>&1 || not_run "Debian's arm64 packages cannot be had: $(tail -n 1 "$work/fetch.log")"
    for package in "$work"/debs/*.deb; do
        dpkg-deb -x "$package" "$root.part"
    done
    mv "$root.part" "$root"
}

[ -d "$root" ] || fetch

include=$root/usr/include
library=$root/usr/lib/aarch64-linux-gnu
# The warnings are those of a static glibc about dlopen, which nothing calls here.
if ! make CC=aarch64-linux-gnu-gcc BUILD="$build" \
    CFLAGS="-DPAPI_LINKED -isystem $include -isystem $include/aarch64-linux-gnu" \
    LDFLAGS="-static -L$library -L$library/openblas-openmp" \
    BLAS_FLAGS="-isystem $include/aarch64-linux-gnu/openblas-openmp" \
    BLAS_LIBS='-lopenblas -lpapi -lpfm' \
    "$build/mlabench" "$build/tests/papi/loop" "$build/tests/papi/init" >"$work/build.log" 2>&1; then
    cat "$work/build.log"
    echo 'papi: FAILED: the harness does not build for aarch64'
    exit 1
fi

rm -rf "$work/disk"
mkdir -p "$work/disk/data"
cp -r configs "$work/disk/data/"
for program in mlabench tests/papi/loop tests/papi/init; do
    aarch64-linux-gnu-strip -o "$work/disk/${program##*/}" "$build/$program"
done
(cd "$work/disk" && find . | cpio --quiet -o -H newc) | gzip -1 >"$work/disk.gz"

# One instruction takes two ns of the machine's time, whatever the host does.
status=0
timeout -k 5 "${PAPI_TIMEOUT:-600}" qemu-system-aarch64 -M virt -cpu cortex-a57,pmu=on -m 1024 \
    -icount shift=1 -nic none -nographic -no-reboot -kernel "$root"/boot/vmlinuz-* \
    -initrd "$work/disk.gz" -append 'console=ttyAMA0 quiet panic=-1' \
    </dev/null >"$work/console" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then
    tail -n 20 "$work/console"
    echo "papi: FAILED: qemu ended with $status; what the machine printed is in build/papi/console"
    exit 1
fi
python3 tests/papi/check.py "$work/console"
