#!/usr/bin/env bash
# Builds gdfast with each C compiler that Debian's releases offer, and runs the kernels' tests on what came out.
#
#     tools/try_compilers.sh [COMPILER ...]      (default: all of them; as root, on Debian)
#
# A compiler of another release is installed into a folder of its own by debootstrap and runs from there; what it builds
# runs here. Warnings are errors.
set -euo pipefail
cd "$(dirname "$0")/.."
declare -A release=(
    [gcc-9]=bullseye [gcc-10]=bullseye [gcc-11]=bookworm [gcc-12]=bookworm [gcc-13]=trixie [gcc-14]=trixie
    [clang-14]=bookworm [clang-16]=bookworm [clang-19]=bookworm
)
[ $# -gt 0 ] || set -- $(printf '%s\n' "${!release[@]}" | sort -V)
. /etc/os-release
work=$(mktemp -d)
declare -a mounts=()
clean() {
    # A folder that is still mounted must not be deleted with the rest.
    for mount in "${mounts[@]}"; do umount -R "$mount" || return 1; done
    rm -rf "$work"
}
trap clean EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1
prefix=$(python3 -c 'import sys; print(sys.base_prefix)')
include=$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')

# A command that runs the compiler where it lives, in the folder that it is called from.
compiler_of() {
    local name=$1 suite=${release[$1]} root
    if [ "$suite" = "$VERSION_CODENAME" ]; then
        command -v "$name" >/dev/null || apt-get install -y -qq "$name" >/dev/null
        command -v "$name"
        return
    fi
    root=$work/$suite
    printf '#!/bin/sh\nexec chroot %s /bin/sh -c '\''cd "$0" && exec %s "$@"'\'' "$PWD" "$@"\n' "$root" "$name" >"$work/$name"
    chmod +x "$work/$name"
    printf '%s\n' "$work/$name"
}

for name in "$@"; do # the other releases' folders, once each
    suite=${release[$name]}
    [ "$suite" != "$VERSION_CODENAME" ] && [ ! -d "$work/$suite" ] || continue
    wanted=libc6-dev
    for each in "$@"; do [ "${release[$each]}" != "$suite" ] || wanted+=,$each; done
    command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap >/dev/null
    debootstrap --variant=minbase --include="$wanted" "$suite" "$work/$suite" http://deb.debian.org/debian >/dev/null
    for shared in "$prefix" "$PWD" "${TMPDIR:-/tmp}"; do
        mkdir -p "$work/$suite$shared"
        mount --bind "$shared" "$work/$suite$shared"
        mounts=("$work/$suite$shared" "${mounts[@]}")
    done
done

failed=0
for name in "$@"; do
    python3 -m venv "$work/environment-$name"
    python=$work/environment-$name/bin/python
    "$python" -m pip install -q 'numpy>=2.0' pytest hypothesis pytest-timeout pytest-xdist scipy
    # Beside another command a compiler that isn't found would be the default one.
    if compiler=$(compiler_of "$name") &&
        CC=$compiler CFLAGS=-I$include "$python" -m pip install -q . -Csetup-args=--werror &&
        "$work/environment-$name/bin/pytest" -q tests/test_kernels.py tests/test_kernels_sparse.py; then
        printf '%s: builds without a warning, the kernels pass\n' "$name"
    else
        printf '%s: FAILED\n' "$name"
        failed=1
    fi
done
exit "$failed"
