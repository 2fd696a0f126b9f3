#!/usr/bin/env bash
# Fuzzes every reader under AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   tests/fuzz/run.sh                      a minute a target
#   tests/fuzz/run.sh --seconds 600        ten minutes a target
#   tests/fuzz/run.sh --target read_table  one target
#
# With clang++-19 and its libFuzzer the engine learns from coverage; without, the corpus is mutated
# blindly. What makes a target crash is kept as build/fuzz/crash-*; put it into tests/fuzz/corpus/TARGET
# with the fix.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=60 only=
while [ $# -gt 0 ]; do
  case $1 in
  --seconds) seconds=${2:?--seconds needs a number}; shift 2 ;;
  --target) only=${2:?--target needs a name}; shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "run.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done

# A sanitizer that ends the process by itself leaves no signal by which the input could be kept.
export ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=abort_on_error=1
targets=$(ls tests/fuzz/corpus)
[ -z "$only" ] || targets=$only
source=$PWD
options=(-DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1" -DDQ_SANITIZE=address,undefined)
if command -v clang++-19 >/dev/null && echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, long) { return 0; }' |
  clang++-19 -x c++ -fsanitize=fuzzer - -o /dev/null 2>/dev/null; then
  cmake -S . -B build/fuzz -G Ninja "${options[@]}" -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
    -DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link -DDQ_FUZZ_ENGINE=ON -DDQ_WERROR=OFF >/dev/null
  for target in $targets; do cmake --build build/fuzz --target "fuzz_$target"; done
  for target in $targets; do
    mkdir -p "build/fuzz/found/$target"
    (cd build/fuzz && "tests/fuzz_$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=4096 \
      -artifact_prefix="crash-$target-" -print_final_stats=1 "found/$target" "$source/tests/fuzz/corpus/$target")
  done
else
  cmake -S . -B build/fuzz -G Ninja "${options[@]}" >/dev/null
  cmake --build build/fuzz --target fuzz_readers
  for target in $targets; do
    (cd build/fuzz && tests/fuzz_readers "$source/tests/fuzz/corpus" --seconds "$seconds" --seed "$RANDOM" \
      --target "$target")
  done
fi
