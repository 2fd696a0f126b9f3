"""Runs one fault campaign over real processes and has its traces checked. Called by run.sh; see README.md."""

import argparse
import contextlib
import heapq
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import diagnosis
import fault_plan
import summary
import workload
from batch_client import BatchClient, make_batches
from deletion_client import DeletionClient, make_deletions
from fault_injector import Injector
from fleet import FAKETIME, Fleet
from goals import check_goals
from growth import Sampler, read_samples
from invariants import check_traces
from private_postgres import wait_for
from run_recorder import Recorder
from schedule_client import ScheduleClient
from traces import Traces
from usage import is_settled, resources

SHORT_TIMING = {"--lease-ttl": 4, "--report-interval": 0.5, "--broken-stream-ttl": 1.5, "--leadership-ttl": 1.5,
                "--leadership-renew-interval": 0.3}
PRODUCT_TIMING = {"--lease-ttl": 15, "--report-interval": 3, "--broken-stream-ttl": 5, "--leadership-ttl": 5,
                  "--leadership-renew-interval": 1}
MIXED = {"real": 0.35, "noop_ms_max": 1500, "cancel": 0.06, "repeat": 0.08, "at_once": 0.3, "after": 0.15,
         "limited": 0.15, "pause": 0.05}
STEADY = {"real": 0.05, "noop_ms_max": 1500, "cancel": 0.02, "repeat": 0.02, "at_once": 0.0, "limited": 0.15, "pause": 0.05}
NOOPS = {"real": 0.0, "noop_ms_max": 50, "cancel": 0.0, "repeat": 0.0, "at_once": 0.3}
# What `kills` takes in turn: no proxy, nothing but deaths.
KILLS = ("kill_leader", "kill_agent", "kill_postgres", "kill_standby", "kill_agent", "stop_leader")

# jobs, faults, seconds of faults, timing, work, workers, slots, clients, seconds until drained, seconds between probes
TIERS = {
    "check": (120, 6, 16, SHORT_TIMING, MIXED, 3, 3, 2, 120, 1),
    "short": (500, 12, 50, SHORT_TIMING, MIXED, 3, 4, 2, 180, 1),
    "long": (10_000, 300, 1200, PRODUCT_TIMING, MIXED, 4, 6, 3, 600, 5),
    "soak": (30_000, 900, 3600, PRODUCT_TIMING, STEADY, 4, 6, 3, 600, 20),  # An hour.
    "kills": (100_000, 24, 90, PRODUCT_TIMING, NOOPS, 3, 200, 3, 900, 10),
}
SETTLE_SECONDS = 60
JOBS_PER_BATCH = 50  # So many jobs for each batch, where there are inputs at all.
JOBS_PER_DELETION, DELETIONS_MAX = 25, 60  # Likewise.
DISK_BYTES = {"long": 2 << 30, "soak": 2 << 30}
DISK_BYTES_OTHERS = 512 << 20


class Disk:
    """A small file system for the storage root, so that it can be full; a plain folder when mounting is refused."""

    def __init__(self, folder, size):
        self.folder = folder
        folder.mkdir()
        self.is_mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "dq-faults", folder],
                                         stderr=subprocess.DEVNULL, check=False).returncode == 0

    def close(self):
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)


def prepare_inputs(fleet, seed):
    """Uploads the inputs and returns file id → the SHA-256s of what a run over it must give."""
    expected = {}
    for number, rows in enumerate(workload.INPUT_ROWS):
        name = f"in-{number}"
        dirty, cleaned = workload.make_input(seed, rows)
        path = fleet.folder / f"{name}.csv"
        path.write_text(dirty)
        fleet.dqctl("file", "upload", path, "--file-id", name)
        expected[name] = workload.reference_run(fleet.bin / "bin/dq-worker", path, cleaned, fleet.folder)
    return expected


class Campaign:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        (self.jobs, self.faults, self.seconds, self.timing, self.shape, self.workers, self.slots, self.clients,
         self.drain_seconds, self.probe_seconds) = TIERS[options.tier]
        self.jobs, self.faults = options.jobs or self.jobs, options.faults or self.faults
        self.seconds = options.seconds or self.seconds
        if options.tier == "soak":
            self.jobs, self.faults, self.seconds = (int(options.hours * size) for size in (self.jobs, self.faults, self.seconds))
        self.kills_only = options.tier == "kills"
        self.strikes, self.exits, self.loads = [], [], []
        self.plan = self.draw_plan()

    def draw_plan(self):
        kinds = KILLS if self.kills_only else fault_plan.KINDS
        if options_kinds := self.options.kinds:
            kinds = options_kinds.split(",")
        plan = fault_plan.draw_plan(self.options.seed, self.faults, self.seconds, self.timing["--lease-ttl"],
                                    self.timing["--leadership-ttl"], kinds)
        if self.kills_only:
            for index, fault in enumerate(plan):
                fault.kind = kinds[index % len(kinds)]
                # A leader stands still for longer than its leadership lives; what was killed is soon back.
                fault.seconds = 1.3 * self.timing["--leadership-ttl"] if fault.kind == "stop_leader" else 2.0
        return plan

    def run(self):
        """Returns the traces and the findings."""
        disk = Disk(self.folder / "storage", DISK_BYTES.get(self.options.tier, DISK_BYTES_OTHERS))
        with contextlib.closing(disk):
            fleet = Fleet(self.folder, self.options.bin, self.timing, self.workers, self.slots, direct=self.kills_only,
                          clock=any(fault.kind == "jump_clock" for fault in self.plan),
                          settings=("shared_preload_libraries=pg_stat_statements",) if self.options.csv else ())
            with contextlib.closing(fleet):
                try:
                    self.run_fleet(fleet, disk)
                finally:
                    self.write_faults()
            traces = Traces(self.folder)
            return traces, [*check_traces(traces), *self.check_aim(), *self.check_exits(), *check_goals(traces)]

    def check_aim(self):
        """A campaign that misses those who hold leases proves little."""
        holders = sum(strike.holder for strike in self.strikes)
        if not self.kills_only and holders < fault_plan.LEASE_HOLDER_SHARE_MIN * len(self.strikes):
            yield f"campaign: {holders} of {len(self.strikes)} faults hit a lease holder"

    def run_fleet(self, fleet, disk):
        injector = Injector(fleet, random.Random(f"{self.options.seed} targets"), disk.is_mounted)
        fleet.start()
        self.wait_for_workers(fleet, injector)
        fleet.dqctl("queue", "set", workload.QUEUE, "--running-max", str(workload.QUEUE_RUNNING_MAX))
        expected = prepare_inputs(fleet, self.options.seed) if self.shape["real"] else {}
        deletions, their_outputs = make_deletions(fleet, self.options.seed, self.deletions(), self.seconds)
        names = [f"client{i}" for i in range(self.clients)]
        recorder = Recorder(fleet, ["warm", *names])
        if not self.kills_only:
            fleet.start_receiver()
        self.warm_up(fleet, injector, sorted(expected))
        sampler = Sampler(fleet, self.options.csv) if self.options.csv else None
        baseline = resources(fleet)
        start = time.time()
        if not self.kills_only:
            fleet.start_stale(self.options.seed, int(1000 * (self.timing["--lease-ttl"] + 2)))
        for number, name in enumerate(names):
            jobs = self.jobs // self.clients + (1 if number < self.jobs % self.clients else 0)
            work = workload.make_work(self.options.seed, name, jobs, sorted(expected), self.seconds, self.shape)
            fleet.start_client(name, work, int(start * 1e6), 32 if self.kills_only else 8,
                               watches=number == 0 and not self.kills_only)
        batches = make_batches(self.options.seed, self.jobs // JOBS_PER_BATCH, self.seconds, expected)
        with (contextlib.closing(BatchClient(fleet, batches, start)) as batch_client,
              contextlib.closing(ScheduleClient(fleet, start, self.seconds)) as schedule_client,
              contextlib.closing(DeletionClient(fleet, deletions, start)) as deletion_client):
            self.inject(fleet, injector, recorder, sampler, start)
            drained = self.drain(fleet, recorder, injector,
                                 [*fleet.clients, batch_client, schedule_client, deletion_client])
        end = time.time()
        if fleet.stale:
            fleet.stale.kill()
            fleet.stale = None
        if drained:
            self.calm_down(fleet, injector)
            self.wait_for("the outbox of webhooks emptying", fleet, injector,
                          lambda: self.has_none(fleet, "webhook_delivery where due_time is not null"))
            self.wait_for("what deleted jobs left in storage going", fleet, injector,
                          lambda: self.has_none(fleet, "storage_debt"))
        settled = self.settle(fleet, injector, baseline)
        recorder.dump()
        run = {"seed": self.options.seed, "tier": self.options.tier, "jobs": self.jobs, "timing": self.timing,
               "slots": self.slots, "start": start, "end": end, "drained": drained, "expected": expected | their_outputs, "batches": batches,
               "deletions": deletions,
               "baseline": baseline, "settled": settled, "is_settled": is_settled(baseline, settled),
               "clients": ["warm", *names, "calm"], "workers": self.workers, "skipped": injector.skipped, "disk": disk.is_mounted,
               "queue_running_max": workload.QUEUE_RUNNING_MAX, "load": statistics.median(self.loads), "cores": os.cpu_count(),
               "clock": FAKETIME.exists(), "webhook": fleet.receiver is not None, "exit_codes": [fleet_program.stop() for fleet_program in fleet.workers]}
        (self.folder / "run.json").write_text(json.dumps(run))

    def deletions(self):
        """How many jobs are to be deleted."""
        return min(self.jobs // JOBS_PER_DELETION, DELETIONS_MAX) if self.shape["real"] else 0

    @staticmethod
    def has_none(fleet, rows):
        return fleet.postgres.query(f"select count(*) from {rows}", check=False) == "0"

    def wait_for(self, what, fleet, injector, condition):
        """Returns when `condition` holds; meanwhile looks after the fleet. Raises RuntimeError, with what the fleet looks
        like, when it does not hold in time."""

        def holds():
            self.supervise(fleet, injector)
            return condition()

        try:
            wait_for(what, holds)
        except RuntimeError as error:
            raise RuntimeError("\n".join([str(error), *self.check_exits(), diagnosis.describe(fleet)])) from error

    def warm_up(self, fleet, injector, inputs):
        """Runs a few jobs undisturbed, so that pools and threads that stay are there when the baseline is taken."""
        work = workload.make_work(self.options.seed, "warm", 8 * self.clients, inputs, 0, {**self.shape, "cancel": 0})
        fleet.start_client("warm", work, int(time.time() * 1e6), 8 * self.clients, watches=True)
        self.wait_for("the first jobs ending", fleet, injector, lambda: not fleet.clients[-1].is_alive())
        fleet.clients.clear()

    def supervise(self, fleet, injector):
        """Starts again what ended by itself, as whoever runs the product does. A scheduler that finds no database at its
        start ends with exit code 1; anything else is a finding."""
        for program in (*fleet.schedulers, *fleet.workers, *([fleet.stale] if fleet.stale else [])):
            if program.is_alive() or injector.is_open_on(program.name):
                continue
            self.exits.append([program.name, program.child.returncode, time.time()])
            self.say(f"{program.name} ended with {program.child.returncode} and is started again")
            program.start()

    def check_exits(self):
        """Finds processes that ended otherwise than they may."""
        for name, code, at in self.exits:
            if not (name.startswith("scheduler") and code == 1):
                yield f"campaign: {name} ended by itself with {code} at {at:.3f}"

    def wait_for_workers(self, fleet, injector):
        def connected():
            if fleet.leader() is None:
                return False
            try:
                return not diagnosis.workers_missing(fleet, fleet.dqctl("worker", "list", "-o", "json"))
            except RuntimeError:
                return False  # Nobody leads any more.

        self.wait_for("the workers connecting", fleet, injector, connected)

    def calm_down(self, fleet, injector):
        """Runs another wave of jobs, with nothing broken any more: no slot may stay idle while one waits."""
        self.wait_for_workers(fleet, injector)
        work = workload.make_work(self.options.seed, "calm", 10 * min(self.workers * self.slots, 24), [], 0, NOOPS)
        fleet.start_client("calm", work, int(time.time() * 1e6), 16, watches=False)
        self.wait_for("the last jobs ending", fleet, injector, lambda: not fleet.clients[-1].is_alive())

    def inject(self, fleet, injector, recorder, sampler, start):
        """Strikes and heals as planned until every fault is over, probing meanwhile."""
        agenda = [(start + fault.at, order, "strike", fault) for order, fault in enumerate(self.plan)]
        heapq.heapify(agenda)
        next_probe, order = start, len(agenda)
        while agenda:
            now = time.time()
            if now >= next_probe and injector.database_is_up():
                self.probe(recorder)
                if sampler:
                    sampler.sample()
                next_probe = time.time() + self.probe_seconds
            self.supervise(fleet, injector)
            if agenda[0][0] > time.time():
                time.sleep(min(0.05, max(0.0, agenda[0][0] - time.time())))
                continue
            _, _, action, what = heapq.heappop(agenda)
            order += 1
            if action == "heal":
                injector.heal(what)
            elif strike := injector.strike(what):
                self.strikes.append(strike)
                heapq.heappush(agenda, (strike.start + what.seconds, order, "heal", strike))
                self.say(f"{now - start:6.1f} s {strike.kind} {strike.target} for {what.seconds:.1f} s"
                         f"{' holds ' + str(len(strike.held)) if strike.holder else ''}")
            elif time.time() < start + what.at + 10:  # Nobody to hit yet: try again.
                injector.skipped[what.kind] -= 1
                heapq.heappush(agenda, (time.time() + 0.3, order, "strike", what))

    def drain(self, fleet, recorder, injector, clients):
        """Waits until every one of `clients` has seen all its jobs end. Returns whether that happened in time."""
        deadline = time.monotonic() + self.drain_seconds
        while any(client.is_alive() for client in clients):
            if time.monotonic() > deadline:
                return False
            self.supervise(fleet, injector)
            self.probe(recorder)
            time.sleep(self.probe_seconds)
        self.probe(recorder)
        return True

    def probe(self, recorder):
        recorder.probe()
        self.loads.append(os.getloadavg()[0])

    def settle(self, fleet, injector, baseline):
        """Waits until everything is given back, or too long; returns what is in use then."""
        deadline = time.monotonic() + SETTLE_SECONDS
        self.supervise(fleet, injector)
        while True:
            now = resources(fleet)
            if is_settled(baseline, now) or time.monotonic() > deadline:
                return now
            time.sleep(0.5)

    def write_faults(self):
        with open(self.folder / "faults.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(strike.as_record()) + "\n" for strike in self.strikes)

    def say(self, text):
        if self.options.verbose:
            print(text, file=sys.stderr, flush=True)


def own_mounts():
    """Goes on in a mount namespace of our own where that is allowed: the disk goes with our processes, even killed ones."""
    if "DQ_FAULTS_OWN_MOUNTS" in os.environ:
        return
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        os.environ["DQ_FAULTS_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])


def main():
    own_mounts()
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, type=pathlib.Path, help="the build folder")
    parser.add_argument("--tier", choices=TIERS, default="short")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--faults", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--hours", type=float, default=1, help="of a soak")
    parser.add_argument("--kinds", help="only these kinds of faults, comma-separated")
    parser.add_argument("--keep", type=pathlib.Path, help="keeps the traces in this folder")
    parser.add_argument("--csv", type=pathlib.Path, help="table sizes and cost of a claim over time, into this file")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dq-faults-"))
    folder.chmod(0o755)
    try:
        traces, findings = Campaign(options, folder).run()
        for finding in findings[:50]:
            print(finding)
        print(summary.summarise(traces, findings, options.json, read_samples(options.csv)))
        failed = bool(findings)
    except Exception:
        # What did not come to an end is what one wants to look at.
        options.keep = options.keep or pathlib.Path(f"{folder}-broken")
        print(f"the campaign broke off; its traces are in {options.keep}", file=sys.stderr)
        raise
    finally:
        if options.keep:
            shutil.rmtree(options.keep, ignore_errors=True)
            shutil.copytree(folder, options.keep, ignore=shutil.ignore_patterns("data"))
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
