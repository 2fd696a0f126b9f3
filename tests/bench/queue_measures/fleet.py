"""The processes under measurement: PostgreSQL, schedulers and workers, on fresh databases."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "support"))
from private_postgres import PrivatePostgres, children_of, free_port, wait_for  # noqa: E402

USER = "bench"
STOP_SECONDS = 60
LOAD_SECONDS = 600
SLOTS = 500
# Durability stays at PostgreSQL's defaults; memory and checkpoint spacing are alike for every contender.
SETTINGS = ("shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min", "max_connections=120")


class Processes:
    """Starts children and stops them, last first."""

    def __init__(self, work):
        self.work = work
        self.children = []

    def start(self, name, command, stop_signal=signal.SIGTERM, **options):
        with open(self.work / f"{name}.log", "ab") as log:
            child = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, **options)
        self.children.append((child, stop_signal))
        return child

    def stop(self, child, stop_signal=None):
        for entry in [e for e in self.children if e[0] is child]:
            self.children.remove(entry)
            if child.poll() is None:
                child.send_signal(stop_signal or entry[1])
            child.wait(timeout=STOP_SECONDS)

    def stop_all(self):
        for child, _ in reversed(list(self.children)):
            self.stop(child)


class Database(PrivatePostgres):
    """A server of its own, stopped with `processes`."""

    def __init__(self, processes, folder, settings=()):
        folder.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            folder.chmod(0o711)
        super().__init__(folder, USER, (*SETTINGS, *settings))
        self.processes = processes
        self.start()

    def start(self):
        self.server = self.processes.start(f"postgres{self.port}", self.command, signal.SIGINT, cwd="/", **self.account)
        wait_for("PostgreSQL accepting connections", self.accepts, interval=0.02)

    def crash(self):
        """Kills every process of the server at once."""
        victims = [self.server.pid, *children_of(self.server.pid)]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.processes.stop(self.server)
        wait_for("the server's processes ending",
                 lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in victims), interval=0.01)

    def stop(self):
        self.processes.stop(self.server)

    def wal_bytes(self):
        return int(self.query("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))

    def environment(self, database):
        return dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(self.port), PGUSER=self.user, PGDATABASE=database)


class Fleet:
    """Schedulers on a fresh database, and workers on demand. A context manager: the database goes with it."""

    def __init__(self, bench, name, schedulers=1, database=None):
        self.processes, self.bin = bench.processes, bench.bin
        self.database, self.name = database or bench.database, name
        self.database.query("checkpoint")
        self.database.query(f"create database {name}")
        self.storage = bench.work / name
        self.storage.mkdir(exist_ok=True)  # An earlier round may have had it.
        self.ports = [(free_port(), free_port()) for _ in range(schedulers)]
        self.address = f"127.0.0.1:{self.ports[0][0]}"
        self.schedulers = []
        for index in range(schedulers):
            self.schedulers.append(self.start_scheduler(index))
            wait_for("a scheduler answering", lambda index=index: self.metric("dq_leader", index) is not None)
            wait_for("a scheduler leading", lambda: self.metric("dq_leader") == 1)
        self.workers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.workers:
            self.processes.stop(child, signal.SIGKILL)  # What still runs is not waited for.
        for child in self.schedulers:
            self.processes.stop(child)
        self.database.query(f"drop database {self.name} with (force)")

    def start_scheduler(self, index):
        port, admin = self.ports[index]
        connection = f"host=127.0.0.1 port={self.database.port} user={USER} dbname={self.name}"
        return self.processes.start(f"{self.name}-scheduler{index}", [
            self.bin / "dq-scheduler", "--listen", f"127.0.0.1:{port}", "--admin-address", f"127.0.0.1:{admin}",
            "--database", connection, "--storage-root", self.storage, "--log-level", "warning"])

    def start_workers(self, count, slots=SLOTS, connected=True):
        """Starts workers; returns once they are connected unless that is none of the caller's concern."""
        addresses = ",".join(f"127.0.0.1:{port}" for port, _ in self.ports)
        for _ in range(count):
            self.workers.append(self.processes.start(f"{self.name}-worker", [
                self.bin / "dq-worker-agent", "--scheduler", addresses, "--slots", slots, "--storage-root", self.storage,
                "--admin-address", "127.0.0.1:0", "--log-level", "warning"]))
        if connected:
            wait_for("workers connecting", lambda: self.metric("dq_workers") == len(self.workers))

    def metric(self, name, index=0):
        """A gauge or counter without labels of one scheduler; None when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[index][1]}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return None
        return next((float(line.split()[1]) for line in lines if line.startswith(name + " ")), None)

    def query(self, sql):
        return self.database.query(sql, database=self.name)

    def completed(self):
        return int(self.query("select coalesce(sum(jobs), 0) from job_state_count where state = 7"))

    def start_load(self, *words):
        return subprocess.Popen([self.bin / "queue_load", self.address, *map(str, words)], stdout=subprocess.PIPE,
                                text=True)

    def load(self, *words):
        """Runs queue_load; returns its last JSON object."""
        done = subprocess.run([self.bin / "queue_load", self.address, *map(str, words)], stdout=subprocess.PIPE,
                              text=True, check=True, timeout=LOAD_SECONDS)
        return json.loads(done.stdout.strip().splitlines()[-1])

    def upload(self, path, file_id):
        """Uploads a file; returns its resource name."""
        subprocess.run([self.bin / "dqctl", "--address", self.address, "file", "upload", path, "--file-id", file_id],
                       check=True, stdout=subprocess.DEVNULL, env={**os.environ, "HOME": str(self.storage)})
        return f"projects/default/files/{file_id}"

    def drain(self, jobs, workers):
        """Lets workers that start now run what is queued; returns the rates."""
        watcher = self.start_load("drain", jobs)
        watcher.stdout.readline()  # It has read the counts.
        self.start_workers(workers, connected=False)
        out, _ = watcher.communicate(timeout=LOAD_SECONDS)
        return json.loads(out.strip().splitlines()[-1])
