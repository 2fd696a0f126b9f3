#!/usr/bin/env bash
# Measures the queue end to end: real PostgreSQL with fsync, real schedulers, real worker processes over gRPC. Jobs are
# of the stage noop, which runs inside the worker process; cancel and pause also meet children that run the default
# chain. Beside it, on the same server in the same rounds, graphile-worker with its own throughput preset and two
# processes. Every figure stands beside its goal.
#
#   tests/bench/queue.sh                             all measures, 100,000 jobs, three rounds, a table
#   tests/bench/queue.sh --json                      one JSON object on stdout, with the figures of all rounds
#   tests/bench/queue.sh --only drain,start --rounds 5
#   tests/bench/queue.sh --jobs 20000 --rounds 1     smaller; take-over queues ten times as many
#
#   drain      queued jobs, first to last completion        start     CreateJob -> started, idle fleet
#   life       submit, lease and complete at once           stop      cancel and pause of a running job
#   bulk       BatchCreateJobs, SubmitJobs                  running   10,000 running jobs that report
#   submit     CreateJob by 16 and by 256 callers           idle      statements of a fleet without work
#   snapshot   drain with an old snapshot open elsewhere    takeover  leader killed with a million queued jobs
#                                                           restart   PostgreSQL killed under load
#   stop and what follows it take one round. --verbose tells the figures of every round on stderr as they come.
#
# The peer's scripts come from DQ_BENCH_DIR (default ../shared/bench beside this checkout) and the peer from
# npm, or from DQ_NODE_LIB where it is installed; without them only our own figures are printed, the ratio is null.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

args=()
while [ $# -gt 0 ]; do
  case $1 in
  --json | --verbose) args+=("$1"); shift ;;
  --jobs | --rounds | --workers | --only) args+=("$1" "${2:?$1 needs a value}"); shift 2 ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
  *) echo "queue.sh: unknown option $1; see --help" >&2; exit 2 ;;
  esac
done

deploy/install_packages.sh
{
  cmake --preset release
  cmake --build --preset release --target dq-scheduler dq-worker dq-worker-agent dqctl queue_load
} >&2
exec python3 tests/bench/queue_bench.py --bin build/release/bin \
  --bench-dir "${DQ_BENCH_DIR:-../shared/bench}" "${args[@]}"
