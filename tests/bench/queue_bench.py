"""Runs the queue's measurements over real processes and prints medians. Called by queue.sh."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from private_postgres import PrivatePostgres, free_port, wait_for  # noqa: E402

USER = "bench"
DEADLINE_SECONDS = 60
SUBMIT_OUTSTANDING = 256
BULK_OUTSTANDING = 4
BULK_JOBS = 1000  # Of one call.
LATENCY_SAMPLES = 300
SLOTS = 500
PEER_VERSIONS = ("graphile-worker@0.18.0", "node@22")
# Durability stays at PostgreSQL's defaults; memory and checkpoint spacing are alike for every contender.
SETTINGS = ("shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min", "max_connections=120")


class Processes:
    """Starts children and stops them, last first."""

    def __init__(self, work):
        self.work = work
        self.children = []

    def start(self, name, command, stop_signal=signal.SIGTERM, **options):
        log = open(self.work / f"{name}.log", "ab")
        child = subprocess.Popen(command, stdout=log, stderr=log, **options)
        self.children.append((child, stop_signal))
        return child

    def stop(self, child):
        for entry in [e for e in self.children if e[0] is child]:
            self.children.remove(entry)
            if child.poll() is None:
                child.send_signal(entry[1])
            child.wait(timeout=DEADLINE_SECONDS)

    def stop_all(self):
        for child, _ in reversed(list(self.children)):
            self.stop(child)


class Database(PrivatePostgres):
    def __init__(self, processes, work):
        if os.geteuid() == 0:
            work.chmod(0o711)
        super().__init__(work, USER, SETTINGS)
        processes.start("postgres", self.command, signal.SIGINT, cwd="/", **self.account)
        wait_for("PostgreSQL accepting connections", self.accepts)

    def environment(self, database):
        return dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(self.port), PGUSER=self.user, PGDATABASE=database)


class Fleet:
    """A scheduler on a fresh database, and workers on demand."""

    def __init__(self, processes, database, work, bin_dir, name):
        self.processes, self.bin, self.work = processes, bin_dir, work
        database.query(f"create database {name}")
        self.storage = work / name
        self.storage.mkdir()
        self.address = f"127.0.0.1:{free_port()}"
        connection = f"host=127.0.0.1 port={database.port} user={USER} dbname={name}"
        self.scheduler = processes.start("scheduler", [
            bin_dir / "dq-scheduler", "--listen", self.address, "--admin-address", "127.0.0.1:0",
            "--database", connection, "--storage-root", self.storage, "--log-level", "warning"])
        self.workers = []
        wait_for("the scheduler leading", lambda: self.load("drain", 0) is not None)

    def start_workers(self, count):
        for index in range(count):
            self.workers.append(self.processes.start(f"worker{index}", [
                self.bin / "dq-worker", "serve", "--scheduler", self.address, "--slots", str(SLOTS),
                "--storage-root", self.storage, "--admin-address", "127.0.0.1:0", "--log-level", "warning"]))

    def load(self, *words):
        """Runs queue_load; returns its last JSON object, or None when it failed."""
        done = subprocess.run([self.bin / "queue_load", self.address, *map(str, words)],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else None

    def drain(self, jobs, workers):
        watcher = subprocess.Popen([self.bin / "queue_load", self.address, "drain", str(jobs)],
                                   stdout=subprocess.PIPE, text=True)
        watcher.stdout.readline()  # It has read the counts.
        self.start_workers(workers)
        out, _ = watcher.communicate(timeout=10 * DEADLINE_SECONDS)
        return json.loads(out.strip().splitlines()[-1])

    def stop(self):
        for child in (*self.workers, self.scheduler):
            self.processes.stop(child)


def measure_dq(processes, database, work, options, round_number):
    fleet = Fleet(processes, database, work, pathlib.Path(options.bin).resolve(), f"dq{round_number}")
    before = int(database.query("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))
    submit = fleet.load("submit", options.jobs, SUBMIT_OUTSTANDING)
    drain = fleet.drain(options.jobs, options.workers)
    after = int(database.query("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))
    latency = fleet.load("latency", LATENCY_SAMPLES)
    fleet.stop()
    bulk = measure_bulk(processes, database, work, options, round_number)
    return {"submit_jobs_per_second": submit["jobs_per_second"], "bulk_jobs_per_second": bulk, "drain_jobs_per_second": drain["jobs_per_second"],
            "wal_bytes_per_job": (after - before) / options.jobs,
            "submit_to_start_p50_ms": latency["p50_ms"], "submit_to_start_p99_ms": latency["p99_ms"]}


def measure_bulk(processes, database, work, options, round_number):
    """BatchCreateJobs into an empty database without workers."""
    fleet = Fleet(processes, database, work, pathlib.Path(options.bin).resolve(), f"bulk{round_number}")
    bulk = fleet.load("bulk", max(options.jobs, BULK_JOBS), BULK_OUTSTANDING)
    fleet.stop()
    return bulk["jobs_per_second"]


def install_peer(bench_dir, work):
    """Returns the folder with the peer's packages, or None with a reason."""
    if not (bench_dir / "queue" / "peers" / "graphile.mjs").exists():
        return None, f"no peer scripts in {bench_dir}"
    if shutil.which("npm") is None:
        return None, "no npm"
    folder = pathlib.Path(os.environ.get("DQ_NODE_LIB", work / "peers"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").exists() or (folder / "package.json").write_text("{}")
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", *PEER_VERSIONS], cwd=folder,
                          capture_output=True, text=True)
    return (folder, "") if done.returncode == 0 else (None, f"npm: {done.stderr[-300:]}")


def measure_peer(database, bench_dir, peer, options, round_number):
    name = f"peer{round_number}"
    database.query(f"create database {name}")
    environment = dict(database.environment(name), PEERS=str(peer),
                       PATH=f"{peer}/node_modules/.bin:{os.environ['PATH']}")
    figures = {}
    for words in (["enqueue", options.jobs], ["drain", options.jobs, 2, "tuned"], ["latency", LATENCY_SAMPLES, "tuned"]):
        done = subprocess.run(["node", bench_dir / "queue" / "peers" / "graphile.mjs", *map(str, words)],
                              env=environment, stdout=subprocess.PIPE, text=True, check=True)
        for line in done.stdout.splitlines():
            metric, _, value = line.split("\t")
            figures[metric] = float(value)
    return {"submit_jobs_per_second": figures["graphile.enqueue.bulk10k"],
            "drain_jobs_per_second": figures["graphile.drain.tuned.p2"],
            "submit_to_start_p50_ms": figures["graphile.latency.tuned.p50"],
            "submit_to_start_p99_ms": figures["graphile.latency.tuned.p99"]}


def medians(rounds):
    return {key: round(statistics.median(r[key] for r in rounds), 3) for key in rounds[0]}


def measure(options, processes, work):
    bench_dir = pathlib.Path(options.bench_dir).resolve()
    database = Database(processes, work)
    peer, reason = install_peer(bench_dir, work)
    ours, theirs = [], []
    for number in range(options.rounds):
        database.query("checkpoint")
        ours.append(measure_dq(processes, database, work, options, number))
        if peer:
            database.query("checkpoint")
            theirs.append(measure_peer(database, bench_dir, peer, options, number))
    result = {"jobs": options.jobs, "rounds": options.rounds, "worker_processes": options.workers,
              "stage": "noop, inside the worker process", "dq": medians(ours),
              "graphile_worker": medians(theirs) if theirs else None, "note": reason,
              "drain_ratio_to_graphile_worker": None}
    if theirs:
        result["drain_ratio_to_graphile_worker"] = round(
            result["dq"]["drain_jobs_per_second"] / result["graphile_worker"]["drain_jobs_per_second"], 3)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--bench-dir", required=True)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dq-bench-") as folder, contextlib.ExitStack() as stack:
        processes = Processes(pathlib.Path(folder))
        stack.callback(processes.stop_all)
        result = measure(options, processes, pathlib.Path(folder))
    if options.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:32} {value}")


if __name__ == "__main__":
    main()
