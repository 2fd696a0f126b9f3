"""Runs the queue's measurements over real processes and sets the goals beside them. Called by queue.sh.

One JSON object: `measures` has every figure by name with its median, the figures of all rounds, what it is, its unit, its
goal and whether that is reached ("stretch", "must", "missed"), and graphile-worker's in the same rounds. A figure that could
not be measured is null, with the reason in `why_null`.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "queue_measures"))
import latency  # noqa: E402
import recovery  # noqa: E402
import steady  # noqa: E402
import throughput  # noqa: E402
from fleet import Database, Processes  # noqa: E402
from goals import GOALS  # noqa: E402
from peer import find_peer  # noqa: E402

# Name → what measures one round.
MEASURES = {
    "drain": throughput.drain,
    "life": throughput.whole_life,
    "bulk": throughput.bulk_submit,
    "submit": throughput.single_submits,
    "snapshot": throughput.open_snapshot_elsewhere,
    "start": latency.start,
    "stop": latency.stop,
    "running": steady.running,
    "idle": steady.idle,
    "takeover": recovery.take_over,
    "restart": recovery.restart,
}
# These take long and count for themselves: one round.
ONCE = ("stop", "running", "idle", "takeover", "restart")


class Bench:
    """What every measurement needs."""

    def __init__(self, options, processes, work):
        self.jobs, self.workers = options.jobs, options.workers
        self.processes, self.work = processes, work
        self.bin, self.bench_dir = pathlib.Path(options.bin).resolve(), pathlib.Path(options.bench_dir).resolve()
        self.peer, self.why_no_peer = find_peer(self.bench_dir, work)
        self.database = Database(processes, work / "measured")


def measure_rounds(bench, options, say):
    """Returns measure → [the figures of a round]. Rounds are interleaved, so that a slow phase of the machine meets all."""
    names = [name for name in MEASURES if name in options.only]
    rounds = {name: [] for name in names}
    for number in range(options.rounds):
        for name in names:
            if number > 0 and name in ONCE:
                continue
            start = time.monotonic()
            rounds[name].append(MEASURES[name](bench))
            say(f"round {number + 1}: {name} in {time.monotonic() - start:.1f} s: {rounds[name][-1]}")
    return rounds


def median(figures):
    known = [figure for figure in figures if figure is not None]
    return round(statistics.median(known), 3) if known else None


def entry(goal, rounds, name, bench):
    """What the report says about one figure."""
    figures = [figures.get(name) for figures in rounds]
    theirs = [figures.get("graphile_worker", {}).get(name) for figures in rounds]
    value = median(figures)
    reasons = [figures.get("why_null", {}).get(name) for figures in rounds]
    if value is None and not any(reasons):
        reasons = [bench.why_no_peer]
    return {"median": value, "unit": goal.unit, "what": goal.what, "must": goal.must, "stretch": goal.stretch,
            "less_is_better": goal.less_is_better, "reached": goal.verdict(value),
            "rounds": [None if figure is None else round(figure, 3) for figure in figures],
            "graphile_worker": median(theirs), **({"why_null": reasons[0]} if value is None else {})}


def belongs(metric, name, rounds):
    """Whether a measure gives this figure, or would if there were a peer."""
    return any(metric in figures for figures in rounds) or metric == f"{name}_ratio_to_graphile_worker"


def report(bench, options, rounds, load_before):
    measures = {metric: entry(goal, rounds[name], metric, bench) for name in rounds for metric, goal in GOALS.items()
                if belongs(metric, name, rounds[name])}
    raw = {name: [figures["tenths_jobs_per_second"] for figures in found if "tenths_jobs_per_second" in figures]
           for name, found in rounds.items()}
    return {"jobs": options.jobs, "rounds": options.rounds, "worker_processes": options.workers,
            "stage": "noop, inside real worker processes over gRPC; cancel and pause of a child: the default chain",
            "cores": os.cpu_count(), "load_before": load_before, "load_after": os.getloadavg(),
            "postgres": bench.database.query("show server_version"),
            "graphile_worker": bench.why_no_peer or "its own throughput preset, 2 processes, same server, same rounds",
            "measures": measures, "tenths_jobs_per_second": {name: found for name, found in raw.items() if found}}


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--bench-dir", required=True)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default=",".join(MEASURES), help="measures, comma-separated")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - MEASURES.keys():
        parser.error(f"--only knows {', '.join(MEASURES)}; not {', '.join(sorted(unknown))}")
    return options


def print_table(result):
    for name, value in result["measures"].items():
        goal = "" if value["must"] is None else f"{'<=' if value['less_is_better'] else '>='} {value['must']:g}"
        shown = "-" if value["median"] is None else f"{value['median']:,}"
        peer = "" if value["graphile_worker"] is None else f"{value['graphile_worker']:,}"
        print(f"{name:44} {shown:>14} {value['unit']:14} {goal:>12} {value['reached'] or '':8} {peer:>12}")


def main():
    options = parse()
    load_before = os.getloadavg()

    def say(text):
        if options.verbose:
            print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="dq-bench-") as folder, contextlib.ExitStack() as stack:
        work = pathlib.Path(folder)
        work.chmod(0o711)
        processes = Processes(work)
        stack.callback(processes.stop_all)
        bench = Bench(options, processes, work)
        result = report(bench, options, measure_rounds(bench, options, say), load_before)
    if options.json:
        print(json.dumps(result))
    else:
        print_table(result)


if __name__ == "__main__":
    main()
