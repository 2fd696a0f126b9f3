#!/usr/bin/env bash
# Times `dq-worker run --chain dedupe --match fuzzy` over a million seeded persons: time, memory, accuracy.
#
#   tests/bench/fuzzy.sh [--json] [--rows N] [--threads N] [--memory-limit SIZE]
#
# Default: 1,000,000 rows, 2 threads, 2GiB. The persons come from tests/bench/accuracy/dedupe_polluters.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

json=no rows=1000000 threads=2 limit=2GiB
while [ $# -gt 0 ]; do
  case $1 in
  --json) json=yes; shift ;;
  --rows) rows=${2:?--rows needs a number}; shift 2 ;;
  --threads) threads=${2:?--threads needs a number}; shift 2 ;;
  --memory-limit) limit=${2:?--memory-limit needs a size}; shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "fuzzy.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done

deploy/install_packages.sh >&2
{ cmake --preset release && cmake --build --preset release --target dq-worker; } >&2
exec python3 tests/bench/fuzzy_bench.py --worker build/release/bin/dq-worker --rows "$rows" --threads "$threads" \
  --memory-limit "$limit" --json "$json"
