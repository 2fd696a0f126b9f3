"""The processes of a campaign: PostgreSQL, two schedulers, workers, clients, a receiver of webhooks, and the proxy between
them."""

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from private_postgres import PrivatePostgres, children_of, free_port, wait_for  # noqa: E402

# The first attempt of each message fails.
RECEIVER_FAILURES = 1
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Program:
    """One process that is started again and again under the same name."""

    def __init__(self, name, folder, command, environment=None, account=None):
        self.name, self.folder, self.command = name, folder, command
        self.environment, self.account = environment or {}, account or {}
        self.child = None
        self.starts = 0

    def start(self):
        self.starts += 1
        command = self.command(self.starts) if callable(self.command) else self.command
        with open(self.folder / f"{self.name}.log", "ab") as log:
            # Whatever becomes of the campaign, none of its processes outlives it.
            command = ["setpriv", "--pdeathsig", "KILL", *command]
            self.child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, cwd="/", env={**os.environ, **self.environment},
                                          **self.account)
        return self

    @property
    def pid(self):
        return self.child.pid

    def is_alive(self):
        return self.child is not None and self.child.poll() is None

    def kill(self):
        if self.is_alive():
            self.child.kill()
        self.child.wait()

    def signal(self, number):
        if self.is_alive():
            self.child.send_signal(number)

    def stop(self, seconds=30):
        """Asks it to end; returns its exit code, -9 when it had to be killed."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9


class Proxy:
    """fault_proxy.py and its links."""

    def __init__(self, folder):
        log = open(folder / "proxy.log", "ab")
        self.child = subprocess.Popen([sys.executable, HERE / "fault_proxy.py"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=log, text=True)

    def ask(self, *words):
        self.child.stdin.write(" ".join(map(str, words)) + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def link(self, name, port):
        """Returns the address in front of 127.0.0.1:port."""
        return f"127.0.0.1:{int(self.ask('link', name, '127.0.0.1', port))}"

    def set(self, name, mode, number=0):
        if self.ask("set", name, mode, number) != "ok":
            raise RuntimeError(f"the proxy does not take {mode} for {name}")

    def close(self):
        self.child.stdin.close()
        self.child.wait(timeout=10)


class Postgres(PrivatePostgres):
    """The database of the fleet, a direct child of ours; queries go past the proxy."""

    def __init__(self, folder, settings=()):
        # Processes die, the machine does not: fsync would prove nothing and costs time.
        super().__init__(folder, "dq", (*settings, "fsync=off", "synchronous_commit=on", "full_page_writes=off",
                                        "max_connections=60"))
        self.server = Program("postgres", folder, self.command, account=self.account)
        self.start()
        self.query("create database dq", database="postgres")

    def query(self, sql, database="dq", check=True):
        return super().query(sql, database, check)

    def start(self):
        """A killed server's backends take a moment to notice; until then a new one refuses to start."""

        def runs():
            if not self.server.is_alive():
                self.server.start()
            return self.accepts()

        wait_for("PostgreSQL accepting connections", runs)

    def pids(self):
        return [self.server.pid, *children_of(self.server.pid)]

    def kill(self):
        pids = self.pids()
        signal_all(pids, signal.SIGKILL)
        self.server.child.wait()

    def stop(self):
        signal_all(self.pids(), signal.SIGCONT)
        self.server.signal(signal.SIGQUIT)
        self.server.child.wait(timeout=30)


class Fleet:
    """Everything together. `timing` are flags of the scheduler; `direct` leaves the proxy out, `clock` lets clocks jump."""

    def __init__(self, folder, bin_dir, timing, workers, slots, direct=False, clock=False, settings=()):
        self.folder, self.bin, self.timing, self.direct, self.clock = folder, bin_dir, timing, direct, clock
        self.storage = folder / "storage"
        self.storage.mkdir(exist_ok=True)
        (folder / "journals").mkdir()
        self.proxy = Proxy(folder)
        self.postgres = Postgres(folder, settings)
        self.ports = [free_port(), free_port()]
        self.database_ports = []  # As each scheduler reaches the database.
        self.schedulers = [self.scheduler(i) for i in range(2)]
        self.workers = [self.worker(i, slots) for i in range(workers)]
        self.clients = []
        self.stale = self.receiver = None

    def in_front(self, name, port):
        return f"127.0.0.1:{port}" if self.direct else self.proxy.link(name, port)

    def addresses(self, user):
        """Both schedulers as `user` reaches them."""
        return ",".join(self.in_front(f"{user}-s{i}", port) for i, port in enumerate(self.ports))

    def links(self, user):
        return [f"{user}-s{i}" for i in range(2)]

    def scheduler(self, index):
        host, port = self.in_front(f"s{index}-db", self.postgres.port).split(":")
        self.database_ports.append(int(port))
        clock = self.folder / f"clock{index}"
        clock.write_text("+0\n")
        command = [self.bin / "bin/dq-scheduler", "--listen", f"127.0.0.1:{self.ports[index]}", "--admin-address",
                   "127.0.0.1:0", "--database", f"host={host} port={port} user=dq dbname=dq", "--storage-root",
                   self.storage, "--log-level", "info", "--webhook-allow-cidr", "127.0.0.1", "--webhook-retry-scale", 0.01]
        for flag, value in self.timing.items():
            command += [flag, value]
        environment = {}
        if self.clock and FAKETIME.exists():
            # Only the wall clock is ever set: leases and timers live on the boot clock.
            environment = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
                           "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        return Program(f"scheduler{index}", self.folder, command, environment)

    def worker(self, index, slots):
        addresses = self.addresses(f"w{index}")

        def command(starts):
            return [self.bin / "bin/dq-worker-agent", "--scheduler", addresses, "--storage-root", self.storage,
                    "--instance", f"w{index}-{starts}", "--slots", slots, "--admin-address", "127.0.0.1:0", "--drain-grace", 2]

        return Program(f"worker{index}", self.folder, command)

    def start(self):
        for program in self.schedulers:
            program.start()
        wait_for("a scheduler leading", lambda: self.leader() is not None)
        for program in self.workers:
            program.start()

    def start_client(self, name, work, start_us, threads, watches):
        path = self.folder / f"{name}.work"
        path.write_text("".join(json.dumps(item) + "\n" for item in work))
        command = [self.bin / "tests/fault_client", self.addresses(name), path,
                   self.folder / "journals" / f"{name}.jsonl", start_us, threads, "watch" if watches else "quiet"]
        self.clients.append(Program(name, self.folder, command).start())

    def start_stale(self, seed, silence_ms):
        command = [self.bin / "tests/stale_worker", self.addresses("stale"), "stale",
                   self.folder / "journals" / "stale.jsonl", seed, silence_ms]
        self.stale = Program("stale", self.folder, command).start()

    def start_receiver(self):
        """Has a receiver told of the ends of all jobs from now on."""
        folder = self.folder / "receiver"
        folder.mkdir()
        secret = folder / "secret"
        secret.write_text("whsec_" + base64.b64encode(os.urandom(32)).decode())
        command = [sys.executable, HERE.parent / "e2e" / "webhook_receiver.py", folder, RECEIVER_FAILURES]
        self.receiver = Program("receiver", self.folder, command).start()
        wait_for("the receiver listening", lambda: (folder / "port").exists())
        port = (folder / "port").read_text()
        self.dqctl("webhook", "create", f"http://127.0.0.1:{port}/", "--secret-file", secret)

    def leader(self):
        """The index of the scheduler that holds the leadership row; None when nobody does."""
        row = self.postgres.query("select address from leadership where instance <> '' and expires_at > now()",
                                  check=False)
        if not row:
            return None
        return next((i for i, port in enumerate(self.ports) if row.endswith(f":{port}")), None)

    def dqctl(self, *words):
        """Runs dqctl against the leader, past the proxy."""
        done = subprocess.run([self.bin / "bin/dqctl", "--address", f"127.0.0.1:{self.ports[self.leader() or 0]}", *words],
                              capture_output=True, text=True, env={**os.environ, "HOME": str(self.folder)})
        if done.returncode != 0:
            raise RuntimeError(f"dqctl {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def programs(self):
        return [*self.schedulers, *self.workers, *self.clients, *([self.stale] if self.stale else []),
                *([self.receiver] if self.receiver else [])]

    def close(self):
        for program in self.programs():
            if program.child is not None:
                program.signal(signal.SIGCONT)
                program.kill()
        self.postgres.stop()
        self.proxy.close()
