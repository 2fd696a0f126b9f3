#!/usr/bin/env bash
# Measures the queue end to end: real PostgreSQL with fsync, a real scheduler, real worker processes over gRPC,
# jobs of the stage noop that runs inside the worker process. Beside it, on the same server in the same run,
# graphile-worker with its own throughput preset and two processes.
#
#   tests/bench/queue.sh                  100,000 jobs, three rounds, a table
#   tests/bench/queue.sh --json           one JSON object on stdout
#   tests/bench/queue.sh --jobs 20000 --rounds 1
#
# The peer's scripts come from DQ_BENCH_DIR (default ../shared/bench beside this checkout) and the peer from
# npm; without them only our own figures are printed and the ratio is null.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

args=()
while [ $# -gt 0 ]; do
  case $1 in
  --json) args+=(--json); shift ;;
  --jobs | --rounds | --workers) args+=("$1" "${2:?$1 needs a number}"); shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "queue.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done

deploy/install_packages.sh
{
  cmake --preset release
  cmake --build --preset release --target dq-scheduler dq-worker dq-worker-agent queue_load
} >&2
exec python3 tests/bench/queue_bench.py --bin build/release/bin \
  --bench-dir "${DQ_BENCH_DIR:-../shared/bench}" "${args[@]}"
