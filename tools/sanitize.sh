#!/usr/bin/env bash
# Builds gdfast under one of gcc's sanitizers, in a throw-away environment, and runs tests on it.
#
#     tools/sanitize.sh address [PYTEST ARGUMENT ...]   AddressSanitizer and UndefinedBehaviorSanitizer, warnings as errors
#     tools/sanitize.sh leak    [PYTEST ARGUMENT ...]   LeakSanitizer: nothing allocated by the core is lost at exit
#     tools/sanitize.sh thread  [PYTEST ARGUMENT ...]   ThreadSanitizer
#
# Without arguments: the quick suite under address, the kernels' tests under leak, those with threads under thread.
# SETS=avx2 builds fewer instruction sets (baseline is always built). Nothing of gdfast's own is suppressed.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-address}
shift || true
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 MPLBACKEND=Agg PYTHONMALLOC=malloc OPENBLAS_NUM_THREADS=1
unset PYTHONPATH

before=()
case $kind in
address | leak)
    sanitize=address,undefined libraries=(asan ubsan)
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    ;;
thread)
    sanitize=thread libraries=(tsan)
    # Its shadow memory wants addresses that are not drawn at random, where the system can be asked for that.
    if setarch -R true 2>/dev/null; then before=(setarch -R); fi
    # Tests fork while there are threads: what a child does then is tested, and no fault by itself.
    export TSAN_OPTIONS=halt_on_error=0:exitcode=66:die_after_fork=0:log_path=$work/report
    ;;
*)
    printf 'tools/sanitize.sh address|leak|thread [PYTEST ARGUMENT ...]; it was %s\n' "$kind" >&2
    exit 2
    ;;
esac

fill=max_malloc_fill_size=1000000000:malloc_fill_byte=255 # memory that nobody has written holds NaN
case $kind in
address) export ASAN_OPTIONS=detect_leaks=0:$fill ;;
leak)
    # CPython and NumPy keep some memory for ever: what counts is a loss whose last calls are in the core.
    export ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0:malloc_context_size=6:log_path=$work/report
    export LSAN_OPTIONS=exitcode=0
    ;;
esac

python3 -m venv "$work/environment"
"$work/environment/bin/pip" install -q 'pip>=23.1' # which takes several settings
"$work/environment/bin/pip" install -q '.[sklearn,tables]' 'pytest>=8.3' hypothesis pytest-timeout pytest-xdist \
    -Csetup-args=-Doptimization=1 -Csetup-args=-Ddebug=true -Csetup-args=--werror -Csetup-args=-Db_lundef=false \
    "-Csetup-args=-Db_sanitize=$sanitize" "-Csetup-args=-Dinstruction_sets=${SETS:-}"

if [ $# = 0 ]; then
    case $kind in
    address) set -- -m 'not slow' ;;
    leak) set -- -m 'not slow' tests/test_kernels*.py tests/reliability/test_failing_allocations.py ;;
    thread) # of a child that was forked with threads around, the sanitizer allows no new ones
        set -- -n0 -m 'slow or not slow' tests/test_pool.py tests/objective/chunked/test_reading.py \
            --deselect tests/objective/chunked/test_reading.py::test_a_forked_process_evaluates_too \
            tests/reliability/test_thread_storm.py tests/reliability/test_random_workloads.py
        ;;
    esac
fi
preload=
for name in "${libraries[@]}"; do preload+="$(gcc "-print-file-name=lib$name.so") "; done
failed=0
LD_PRELOAD=$preload "${before[@]}" "$work/environment/bin/python" -P -m pytest -q -o timeout=1800 "$@" || failed=$?

# A leak counts where one of the last calls was in the core, any other report always.
shopt -s nullglob
for report in "$work"/report*; do
    if [ "$kind" != leak ] || grep -q '_kernels' "$report"; then
        cat "$report"
        failed=1
    fi
done
printf 'under %s sanitizer: %s\n' "$kind" "$([ "$failed" = 0 ] && echo '0 reports' || echo FAILED)"
exit "$failed"
