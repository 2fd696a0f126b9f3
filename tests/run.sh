#!/usr/bin/env bash
# Passes the tests: installs what is missing, builds everything, runs ctest.
#
#   tests/run.sh                      the everyday run
#   tests/run.sh --preset asan        the same under AddressSanitizer and UndefinedBehaviorSanitizer
#   tests/run.sh --preset tsan        the targets without gRPC under ThreadSanitizer
#   tests/run.sh -R lease             arguments after the options go to ctest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=dev
while [ $# -gt 0 ]; do
  case $1 in
  --preset) preset=${2:?--preset needs a name: dev, asan, tsan, release}; shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) break ;;
  esac
done

deploy/install_packages.sh
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
exec ctest --preset "$preset" --parallel "$(nproc)" "$@"
