#!/usr/bin/env bash
# Builds gdfast for arm64 Linux with a cross compiler, and runs tests on it in qemu's user-mode emulation.
#
#     tools/test_arm64.sh [PYTEST ARGUMENT ...]      (default: the share of the kernels' tests that CI runs)
#
# Needs apt-get, python3 and the network; changes nothing on this machine: qemu, Debian's Python for arm64, wheels and the
# build are unpacked into build/arm64, and kept for the next run. The compiler is aarch64-linux-gnu-gcc where that is
# installed, else zig's clang. Where something cannot be had it says what, prints "skipped", and exits with 0.
#
# GDFAST_ISA picks the instruction set (neon, baseline), QEMU_CPU the processor (cortex-a72 has no dot products).
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD folder=$PWD/build/arm64 release=bookworm version=3.11
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
root=$folder/root bin=$folder/bin host=$folder/host venv=$folder/venv
site=$venv/lib/python$version/site-packages
export PIP_DISABLE_PIP_VERSION_CHECK=1 MPLBACKEND=Agg QEMU_CPU=${QEMU_CPU:-neoverse-n1}

skip() {
    printf 'tests on arm64: skipped, %s\n' "$1"
    exit 0
}

# ARCHITECTURE install|download FOLDER PACKAGE ...: unpacks packages, with or without what they depend on
unpack() {
    local architecture=$1 how=$2 to=$3 apt=$folder/apt-$1 deb
    shift 3
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/etc" "$to"
    printf 'deb [signed-by=%s] http://deb.debian.org/debian %s main\n' "$keyring" "$release" >"$apt/sources.list"
    : >"$apt/status"
    local options=(
        -qq -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o "Dir::State::lists=$apt/lists"
        -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache" -o "Dir::Etc::sourcelist=$apt/sources.list"
        -o Dir::Etc::sourceparts=/dev/null -o Debug::NoLocking=true -o APT::Sandbox::User= -o APT::Install-Recommends=false
        -o Acquire::Languages=none
    )
    [ -f "$apt/updated" ] || { apt-get "${options[@]}" update && touch "$apt/updated"; } || return 1
    if [ "$how" = install ]; then
        apt-get "${options[@]}" install --download-only -y "$@" || return 1
    else
        (cd "$apt/cache/archives" && apt-get "${options[@]}" download "$@") || return 1
    fi
    for deb in "$apt"/cache/archives/*.deb; do dpkg -x "$deb" "$to" && rm "$deb" || return 1; done
}

command_of() { # NAME COMMAND ...: a command of build/arm64/bin
    local to=$1
    shift
    mkdir -p "$(dirname "$to")"
    printf '#!/bin/sh\nexec %s "$@"\n' "$*" >"$to"
    chmod +x "$to"
}

[ "$(uname -m)" != aarch64 ] || skip 'this machine is arm64 itself: run pytest'
for needed in apt-get dpkg python3; do
    command -v "$needed" >/dev/null || skip "there is no $needed"
done
[ -f "$keyring" ] || skip "there is no $keyring (package debian-archive-keyring)"
mkdir -p "$folder"

if ! [ -f "$folder/complete" ]; then
    python3 -m venv "$host" || skip 'python3 makes no virtual environment'
    "$host/bin/pip" install -q 'meson-python>=0.17' 'Cython>=3.1' ninja pip ziglang || skip 'PyPI cannot be reached'
    unpack "$(dpkg --print-architecture)" download "$folder/qemu" qemu-user-static || skip 'there is no qemu-user-static'
    unpack arm64 install "$root" "python$version-minimal" "libpython$version-stdlib" libstdc++6 || skip "there is no Python for arm64"
    unpack arm64 download "$root" "libpython$version-dev" || skip "there are no headers of Python for arm64"
    "$host/bin/pip" install -q --target "$site" --python-version "$version" --implementation cp --only-binary=:all: \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
        numpy scipy threadpoolctl click tqdm pytest hypothesis pytest-timeout pytest-xdist || skip 'there are no wheels for arm64'
    touch "$folder/complete"
fi

# An environment whose python3 is a script: programs that the tests start are emulated as well.
command_of "$venv/bin/python3" "$folder/qemu/usr/bin/qemu-aarch64-static -L $root -0 \"\$0\" $root/usr/bin/python$version"
printf 'home = /usr/bin\nversion = %s\n' "$version" >"$venv/pyvenv.cfg"
command_of "$bin/arm64-python" "$venv/bin/python3"
headers="-I$root/usr/include/python$version -I$root/usr/include"
if command -v aarch64-linux-gnu-gcc >/dev/null; then
    command_of "$bin/arm64-cc" "aarch64-linux-gnu-gcc $headers"
    command_of "$bin/arm64-ar" aarch64-linux-gnu-ar
else
    command_of "$bin/arm64-cc" "$host/bin/python -m ziglang cc -target aarch64-linux-gnu.2.28 $headers"
    command_of "$bin/arm64-ar" "$host/bin/python -m ziglang ar"
fi

rm -rf "$folder/wheel" "$site"/gdfast*
env PATH="$host/bin:$bin:$PATH" _PYTHON_HOST_PLATFORM=linux-aarch64 "$host/bin/pip" wheel -q --no-deps \
    --no-build-isolation -w "$folder/wheel" . -Cbuild-dir="$folder/build" \
    -Csetup-args="--cross-file=$source/tools/arm64.ini" -Csetup-args=-Dpython.allow_limited_api=true
"$host/bin/python" -m zipfile -e "$folder"/wheel/gdfast-*.whl "$site"

[ $# -gt 0 ] || set -- -q -m 'not slow' -k 'instruction_set or formula or one_output or largest or huge or bytes or past' \
    tests/test_kernels.py tests/test_kernels_{gram,integers,fixed_point}.py
"$venv/bin/python3" -P -c 'import gdfast; gdfast.show_config()'
exec "$venv/bin/python3" -P -m pytest -o timeout=900 "$@"
