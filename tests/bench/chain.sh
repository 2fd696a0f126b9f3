#!/usr/bin/env bash
# Times the chain complete → dedupe on a generated file beside DuckDB doing the same work in the same run.
#
#   tests/bench/chain.sh                        100 MB, three rounds, a table
#   tests/bench/chain.sh --json                 one JSON object on stdout
#   tests/bench/chain.sh --size-mb 1000 --rounds 5
#
# The generator and the peer come from DQ_BENCH_DIR (default ../shared/bench beside this checkout); without
# them there is nothing to compare with, and the command says so and fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

args=()
while [ $# -gt 0 ]; do
  case $1 in
  --json) args+=(--json); shift ;;
  --size-mb | --rounds) args+=("$1" "${2:?$1 needs a number}"); shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "chain.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done

deploy/install_packages.sh
{ cmake --preset release && cmake --build --preset release --target dq-worker; } >&2
exec python3 tests/bench/chain_bench.py --worker build/release/bin/dq-worker \
  --bench-dir "${DQ_BENCH_DIR:-../shared/bench}" "${args[@]}"
