#!/usr/bin/env bash
# Runs a fault campaign: real PostgreSQL, two schedulers, workers with real and no-op jobs, and clients that write down
# what they are told, while processes are killed and stopped and lines are cut. Then a checker that shares no code with
# the product judges tables, journals and files. Prints findings and one line of figures; exit 1 when there are findings.
#
#   tests/faults/run.sh                              500 jobs, 12 faults, about 60 s: what ctest runs
#   tests/faults/run.sh --tier short --seed 7
#   tests/faults/run.sh --tier long --seed 7         10,000 jobs, 300 faults, 20 min, the product's own intervals
#   tests/faults/run.sh --tier kills                 100,000 no-op jobs while schedulers, workers and PostgreSQL are
#                                                    killed in turn
#   tests/faults/run.sh --tier soak --hours 2        900 faults an hour; every 20 s table sizes, cost of a claim and
#                                                    memory go into build/soak.csv (or where --csv says)
#   tests/faults/run.sh --tier check                 120 jobs, 6 faults, about 25 s
#
#   --json           figures as one JSON object          --verbose       every fault as it strikes, on stderr
#   --keep FOLDER    keeps the traces                    --kinds A,B     only these kinds of faults
#   --jobs N --faults N --seconds N                      other sizes than the tier's
#   --preset NAME    the build to test (default: dev for check and short, else release)
#
# A seed fixes the plan, the inputs and the work; whom a fault hits follows from who holds leases at that moment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tier=short preset='' args=()
while [ $# -gt 0 ]; do
  case $1 in
  --tier) tier=${2:?--tier needs short, long, kills, soak or check}; shift 2 ;;
  --preset) preset=${2:?--preset needs a name: dev, asan, release}; shift 2 ;;
  --json | --verbose) args+=("$1"); shift ;;
  --seed | --keep | --kinds | --csv | --jobs | --faults | --seconds | --hours) args+=("$1" "${2:?$1 needs a value}"); shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "run.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done
case $tier in
check | short) preset=${preset:-dev} ;;
soak) preset=${preset:-release} args=(--csv build/soak.csv "${args[@]}") ;;
*) preset=${preset:-release} ;;
esac

deploy/install_packages.sh
{
  cmake --preset "$preset"
  cmake --build --preset "$preset" --target dq-scheduler dq-worker dq-worker-agent dqctl fault_client stale_worker
} >&2
exec python3 tests/faults/campaign.py --bin "build/$preset" --tier "$tier" "${args[@]}"
