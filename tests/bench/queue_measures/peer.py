"""graphile-worker on the same server, with its own throughput preset."""

import os
import pathlib
import shutil
import subprocess

VERSIONS = ("graphile-worker@0.18.0", "node@22")
PROCESSES = 2


def find_peer(bench_dir, work):
    """Returns (folder with the peer's packages, "") or (None, why not)."""
    if not (bench_dir / "queue" / "peers" / "graphile.mjs").exists():
        return None, f"no peer scripts in {bench_dir}"
    if shutil.which("npm") is None:
        return None, "no npm"
    folder = pathlib.Path(os.environ.get("DQ_NODE_LIB", work / "peers"))
    if folder.name == "node_modules":
        folder = folder.parent
    if (folder / "node_modules" / "graphile-worker").exists() and (folder / "node_modules" / "node").exists():
        return folder, ""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "package.json").exists():
        (folder / "package.json").write_text("{}")
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", *VERSIONS], cwd=folder, capture_output=True,
                          text=True, check=False)
    return (folder, "") if done.returncode == 0 else (None, f"npm: {done.stderr[-300:]}")


class Peer:
    """One database of the peer. A context manager: the database goes with it."""

    def __init__(self, bench, name):
        self.database, self.name = bench.database, name
        self.script = bench.bench_dir / "queue" / "peers" / "graphile.mjs"
        self.database.query("checkpoint")
        self.database.query(f"create database {name}")
        self.environment = dict(self.database.environment(name), PEERS=str(bench.peer),
                                PATH=f"{bench.peer}/node_modules/.bin:{os.environ['PATH']}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.database.query(f"drop database {self.name} with (force)")

    def run(self, *words):
        """Runs the peer's script; returns metric → figure."""
        done = subprocess.run(["node", self.script, *map(str, words)], env=self.environment, stdout=subprocess.PIPE,
                              text=True, check=True)
        return {metric: float(value) for metric, _, value in (line.split("\t") for line in done.stdout.splitlines())}

    def enqueue(self, jobs):
        return self.run("enqueue", jobs)["graphile.enqueue.bulk10k"]

    def drain(self, jobs):
        return self.run("drain", jobs, PROCESSES, "tuned")[f"graphile.drain.tuned.p{PROCESSES}"]

    def latency(self, samples):
        figures = self.run("latency", samples, "tuned")
        return figures["graphile.latency.tuned.p50"], figures["graphile.latency.tuned.p99"]
