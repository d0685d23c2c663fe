#!/usr/bin/env bash
# Which lines of C and Python the tests reach, and whether they are enough: at least 98 % of C, 95 % of Python.
#
#     tools/coverage.sh [PYTEST ARGUMENT ...]      (default: the quick tests, on all instruction sets where they are kernels')
#
# Needs gcc with gcov, python3 and the network; changes nothing outside build/coverage, which is kept: environment, build
# and, until the next run, the counts. Lists every line that was not reached. ADD=1 adds to the counts of the run before.
#
# A line of C is compiled for each instruction set and each type; it counts as reached where any of these is. Left out are
# the vectors of processors that this machine is not (src/vectors/), and what Cython writes from the binding. Of processes
# that are killed, or forked and left by _exit, C's lines are lost. Whether the tests pass is not judged here: some have
# limits of time that such a build exceeds.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/coverage
export COVERAGE_FOLDER=$folder/counts PIP_DISABLE_PIP_VERSION_CHECK=1 MPLBACKEND=Agg
unset GDFAST_ISA GDFAST_NUM_THREADS PYTHONPATH

[ -x "$folder/venv/bin/python" ] || python3 -m venv "$folder/venv"
export PATH=$folder/venv/bin:$PATH
pip install -q '.[test]' 'coverage>=7.10' gcovr -Cbuild-dir="$folder/build" \
    -Csetup-args=-Db_coverage=true -Csetup-args=-Doptimization=1 -Csetup-args=-Dc_args=-fprofile-update=prefer-atomic

if [ -z "${ADD:-}" ]; then
    rm -rf "$COVERAGE_FOLDER"
    find "$folder/build" -name '*.gcda' -delete
fi
mkdir -p "$COVERAGE_FOLDER"
count() { # PYTEST ARGUMENT ...
    python -P -m coverage run --rcfile=tools/coverage.ini -m pytest -q -o timeout=900 "$@" ||
        printf 'pytest ended with %s; its lines count all the same\n' $?
}
instruction_sets=$(python -P -c 'from gdfast._config import config; print(*config()["instruction sets available"])')
if [ $# -gt 0 ]; then
    count "$@"
else
    count
    count -m many tests/test_kernels*.py tests/descent/test_compiled*.py
    for instruction_set in ${instruction_sets#* }; do # the best one has run above
        GDFAST_ISA=$instruction_set count tests/test_kernels*.py tests/descent/test_compiled*.py
    done
fi

left_out=(--exclude '.*_kernels.*\.(c|pyx|pxi)$')
for vectors in avx2 avx512 neon; do
    [[ " $instruction_sets " == *" $vectors "* ]] || left_out+=(--exclude "src/vectors/$vectors.inc.h")
done
[[ " $instruction_sets " == *' avx2 '* ]] || left_out+=(--exclude 'src/vectors/(x86|sse2).inc.h')
printf 'left out: %s\n' "${left_out[*]}"
python -P -m coverage combine -q --keep --rcfile=tools/coverage.ini "$COVERAGE_FOLDER" 2>/dev/null || true
python -P -m coverage report --rcfile=tools/coverage.ini
gcovr --root . --filter src/ "${left_out[@]}" --merge-mode-functions merge-use-line-min \
    --json "$COVERAGE_FOLDER/c.json" "$folder/build"
python -P tools/coverage_totals.py "$COVERAGE_FOLDER/c.json" "$COVERAGE_FOLDER/python"
