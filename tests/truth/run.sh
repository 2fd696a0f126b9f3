#!/usr/bin/env bash
# Cleans a large generated table in a bounded process and checks every row of the result against the truth.
#
#   tests/truth/run.sh                          1,000 MB, the default memory limit
#   tests/truth/run.sh --size-mb 10000 --seed 3 --memory-limit 256MiB
#
# The generator comes from DQ_BENCH_DIR (default ../shared/bench beside this checkout), other files go to TMPDIR. The
# check holds the reference and the clusters in memory: about 1.3 bytes for each byte of the table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

size=1000 seed=20240607 limit=512MiB
while [ $# -gt 0 ]; do
  case $1 in
  --size-mb) size=${2:?--size-mb needs a number}; shift 2 ;;
  --seed) seed=${2:?--seed needs a number}; shift 2 ;;
  --memory-limit) limit=${2:?--memory-limit needs a size}; shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "run.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done
generator=${DQ_BENCH_DIR:-../shared/bench}/data/gen.cpp
[ -f "$generator" ] || { echo "run.sh: no generator at $generator; name its folder in DQ_BENCH_DIR" >&2; exit 2; }

deploy/install_packages.sh
{ cmake --preset release && cmake --build --preset release --target dq-worker; } >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CXX:-g++}" -O2 -std=c++20 "$generator" -o "$work/gen"
mkdir "$work/data" "$work/out"
"$work/gen" "$size" "$work/data" "$seed"
out=$work/out
python3 tests/support/measured_process.py build/release/bin/dq-worker run --input "$work/data/target.csv" \
  --reference "$work/data/reference.csv" --key id --memory-limit "$limit" --output "$out/cleaned.csv" \
  --report "$out/report.json" --changes "$out/changes.csv" --clusters "$out/clusters.csv" --progress none
python3 tests/truth/truth_check.py "$work/data" "$out"
