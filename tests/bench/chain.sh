#!/usr/bin/env bash
# Times the chain complete → dedupe on generated files beside DuckDB and Polars doing the same work in the same
# run: one and two threads, memory, and the cost of checkpoints, wide files, long cells and a small file.
#
#   tests/bench/chain.sh                        100 MB and 1 GB, three rounds, a table
#   tests/bench/chain.sh --json                 one JSON object on stdout
#   tests/bench/chain.sh --size-mb 100 --rounds 5
#   tests/bench/chain.sh --data-dir DIR         keeps the generated files in DIR, for the next run
#
# The generator and the peers' scripts come from DQ_BENCH_DIR (default ../shared/bench beside this checkout), the
# peers from npm or from DQ_NODE_LIB, a folder with node_modules; a peer that is missing is left out and named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

args=()
while [ $# -gt 0 ]; do
  case $1 in
  --json) args+=(--json); shift ;;
  --size-mb | --rounds | --data-dir) args+=("$1" "${2:?$1 needs a value}"); shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "chain.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done

deploy/install_packages.sh
{ cmake --preset release && cmake --build --preset release --target dq-worker; } >&2
exec python3 tests/bench/chain_bench.py --worker build/release/bin/dq-worker \
  --bench-dir "${DQ_BENCH_DIR:-../shared/bench}" "${args[@]}"
