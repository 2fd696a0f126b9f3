#!/usr/bin/env bash
# Measures how right the default options are on real tables with known truth.
#
#   tests/bench/accuracy.sh                 every measure, as tables
#   tests/bench/accuracy.sh --json          one JSON object on stdout
#   tests/bench/accuracy.sh --only repair   one measure: disguised, repair, ... (a file in tests/bench/accuracy)
#
# The tables come from DQ_DATA_DIR (default ../shared/data beside this checkout); without that folder the command
# says so and fails, though some measures generate their tables. Every measure is a program tests/bench/accuracy/NAME.py that
# takes --worker and --data-dir and writes one JSON object.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

json=no only=
while [ $# -gt 0 ]; do
  case $1 in
  --json) json=yes; shift ;;
  --only) only=${2:?--only needs a name}; shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "accuracy.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done

data=${DQ_DATA_DIR:-../shared/data}
[ -d "$data" ] || { echo "accuracy.sh: no folder $data; set DQ_DATA_DIR" >&2; exit 1; }
deploy/install_packages.sh >&2
{ cmake --preset release && cmake --build --preset release --target dq-worker; } >&2
exec python3 tests/bench/accuracy/measure.py --worker build/release/bin/dq-worker --data-dir "$data" \
  --json "$json" --only "$only"
