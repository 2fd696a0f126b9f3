#!/usr/bin/env bash
# Lives many lives of the simulated scheduler, on all cores. Ends with 1 and the seed when one of them breaks an
# invariant; `build/release/tests/scheduler_simulation --seed N` replays it with its trace.
#
#   tests/scheduler/simulation/run.sh                      100,000 lives
#   tests/scheduler/simulation/run.sh --seeds N --from N   other ones
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

seeds=100000 from=1
while [ $# -gt 0 ]; do
  case $1 in
  --seeds) seeds=${2:?--seeds needs a number}; shift 2 ;;
  --from) from=${2:?--from needs a number}; shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "run.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done

deploy/install_packages.sh >&2
{ cmake --preset release && cmake --build --preset release --target scheduler_simulation; } >&2
cores=$(nproc) pids=()
each=$(((seeds + cores - 1) / cores))
for ((core = 0; core < cores; ++core)); do
  begin=$((from + core * each)) end=$((from + seeds))
  count=$((begin + each < end ? each : end - begin))
  [ "$count" -gt 0 ] || continue
  build/release/tests/scheduler_simulation --from "$begin" --seeds "$count" &
  pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
exit $failed
