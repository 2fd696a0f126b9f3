"""Carries out one fault on a running fleet and heals it later. Whom it hits is decided when it strikes."""

import dataclasses
import os
import shutil
import signal
import time

from fleet import FAKETIME, children_of, signal_all

HOLDER_WAIT_SECONDS = 3


@dataclasses.dataclass
class Strike:
    """A fault that has happened: what is written into faults.jsonl."""

    kind: str
    target: str
    start: float
    held: list  # [job id, attempt] of the leases the victim held.
    holder: bool
    number: int
    end: float = 0.0
    heal: object = None

    def as_record(self):
        return {name: getattr(self, name) for name in ("kind", "target", "start", "end", "held", "holder", "number")}


class Injector:
    """Owns what is broken at the moment. `strike` returns a Strike, or None when nobody can be hit now."""

    def __init__(self, fleet, random, has_disk):
        self.fleet, self.random, self.has_disk = fleet, random, has_disk
        self.busy = set()  # Names of targets with an open fault.
        self.skipped = {}

    def is_open_on(self, name):
        """Whether a fault keeps this process from running."""
        return name in self.busy

    def database_is_up(self):
        return "postgres" not in self.busy

    def held_by(self, instance):
        """The leases of a worker process as the database has them; [] when it cannot be asked."""
        if not self.database_is_up():
            return []
        rows = self.fleet.postgres.query(
            f"select id, attempt from job where state in (3, 4, 6) and worker = '{instance}'", check=False) or ""
        return [[row.split("\t")[0], int(row.split("\t")[1])] for row in rows.splitlines()]

    def pick_child(self):
        """A worker without an open fault that runs a child just now, the same three; None when there is none."""
        deadline = time.monotonic() + HOLDER_WAIT_SECONDS
        while time.monotonic() < deadline:
            free = [i for i, w in enumerate(self.fleet.workers) if w.name not in self.busy and w.is_alive()]
            for index in self.random.sample(free, len(free)):
                if children_of(self.fleet.workers[index].pid):
                    return index, f"w{index}-{self.fleet.workers[index].starts}", []
            time.sleep(0.002)
        return None

    def pick_worker(self):
        """A worker without an open fault, if possible one that holds leases: (index, instance, leases)."""
        deadline = time.monotonic() + HOLDER_WAIT_SECONDS
        while True:
            free = [i for i, w in enumerate(self.fleet.workers) if w.name not in self.busy and w.is_alive()]
            self.random.shuffle(free)
            for index in free:
                instance = f"w{index}-{self.fleet.workers[index].starts}"
                if held := self.held_by(instance):
                    return index, instance, held
            if not free or not self.database_is_up() or time.monotonic() > deadline:
                return (free[0], f"w{free[0]}-{self.fleet.workers[free[0]].starts}", []) if free else None
            time.sleep(0.05)

    def strike(self, fault):
        hit = getattr(self, "_" + fault.kind, None) or getattr(self, "_" + fault.kind.split("_")[0] + "_link")
        strike = hit(fault)
        if strike is None:
            self.skipped[fault.kind] = self.skipped.get(fault.kind, 0) + 1
            return None
        self.busy.add(strike.target)
        return strike

    def heal(self, strike):
        if strike.heal is not None:
            strike.heal()
        strike.end = time.time()
        self.busy.discard(strike.target)

    # Workers.

    def on_worker(self, fault, act):
        picked = self.pick_child() if fault.kind.endswith("_child") else self.pick_worker()
        if picked is None:
            return None
        index, instance, held = picked
        program = self.fleet.workers[index]
        children = children_of(program.pid)
        start = time.time()
        heal = act(program, children, index)
        if heal is False:
            return None
        return Strike(fault.kind, program.name, start, held, bool(held) or bool(children), fault.number,
                      heal=heal)

    def _kill_agent(self, fault):
        def act(program, _children, _index):
            program.kill()
            return program.start

        return self.on_worker(fault, act)

    def _stop_agent(self, fault):
        def act(program, children, _index):
            # The whole machine stands still, or the agent alone.
            victims = [program.pid, *(children if fault.variant else [])]
            signal_all(victims, signal.SIGSTOP)
            return lambda: signal_all(victims, signal.SIGCONT)

        return self.on_worker(fault, act)

    def _term_agent(self, fault):
        def act(program, _children, _index):
            program.signal(signal.SIGTERM)

            def heal():
                program.stop()
                program.start()

            return heal

        return self.on_worker(fault, act)

    def _kill_child(self, fault):
        def act(_program, children, _index):
            if not children:
                return False
            signal_all(children[:1], signal.SIGKILL)
            return None

        return self.on_worker(fault, act)

    def _stop_child(self, fault):
        def act(_program, children, _index):
            if not children:
                return False
            signal_all(children[:1], signal.SIGSTOP)
            return lambda: signal_all(children[:1], signal.SIGCONT)

        return self.on_worker(fault, act)

    # Links: cut, blackhole, deaf, delay, slice of a worker, a client or the leader's database.

    def on_link(self, fault):
        mode, user = fault.kind.split("_")
        if user == "worker":
            return self.on_worker(fault, lambda _p, _c, index: self.break_links(self.fleet.links(f"w{index}"), mode, fault))
        if user == "client":
            program = self.pick([c for c in self.fleet.clients if c.is_alive()])
            links = self.fleet.links(program.name) if program else []
            target = f"{program.name} link" if program else ""
        else:
            leader = self.fleet.leader() if self.database_is_up() else None
            target = f"scheduler{leader} database"
            links = [f"s{leader}-db"]
            program = None if leader is None or target in self.busy else self.fleet.schedulers[leader]
        if program is None or target in self.busy:
            return None
        start = time.time()
        return Strike(fault.kind, target, start, [], False, fault.number, heal=self.break_links(links, mode, fault))

    _cut_link = _blackhole_link = _deaf_link = _delay_link = _slice_link = on_link

    def break_links(self, links, mode, fault):
        for link in links:
            self.fleet.proxy.set(link, mode, fault.number)

        def heal():
            for link in links:
                if fault.variant:
                    self.fleet.proxy.set(link, "cut")  # What was held back is lost with its connection.
                self.fleet.proxy.set(link, "pass")

        return heal

    # Schedulers.

    def pick(self, programs):
        free = [program for program in programs if program.name not in self.busy]
        return self.random.choice(free) if free else None

    def on_scheduler(self, fault, leads, act):
        leader = self.fleet.leader() if self.database_is_up() else None
        if leader is None:
            return None
        program = self.fleet.schedulers[leader if leads else 1 - leader]
        if program.name in self.busy or not program.is_alive():
            return None
        start = time.time()
        return Strike(fault.kind, program.name, start, [], False, fault.number, heal=act(program))

    def kill_scheduler(self, program):
        program.kill()
        return program.start

    def stop_scheduler(self, program):
        program.signal(signal.SIGSTOP)
        return lambda: program.signal(signal.SIGCONT)

    def term_scheduler(self, program):
        program.signal(signal.SIGTERM)

        def heal():
            program.stop()
            program.start()

        return heal

    def _kill_leader(self, fault):
        return self.on_scheduler(fault, True, self.kill_scheduler)

    def _stop_leader(self, fault):
        return self.on_scheduler(fault, True, self.stop_scheduler)

    def _term_leader(self, fault):
        return self.on_scheduler(fault, True, self.term_scheduler)

    def _kill_standby(self, fault):
        return self.on_scheduler(fault, False, self.kill_scheduler)

    def _stop_standby(self, fault):
        return self.on_scheduler(fault, False, self.stop_scheduler)

    # The rest.

    def _kill_postgres(self, fault):
        if not self.database_is_up():
            return None
        start = time.time()
        self.fleet.postgres.kill()
        return Strike(fault.kind, "postgres", start, [], False, 0, heal=self.fleet.postgres.start)

    def _stop_postgres(self, fault):
        if not self.database_is_up():
            return None
        start, victims = time.time(), self.fleet.postgres.pids()
        signal_all(victims, signal.SIGSTOP)
        return Strike(fault.kind, "postgres", start, [], False, 0, heal=lambda: signal_all(victims, signal.SIGCONT))

    def _kill_client(self, fault):
        program = self.pick([client for client in self.fleet.clients if client.is_alive()])
        if program is None:
            return None
        start = time.time()
        program.kill()
        return Strike(fault.kind, program.name, start, [], False, 0, heal=program.start)

    def _full_disk(self, fault):
        if not self.has_disk or "disk" in self.busy:
            return None
        start, filler = time.time(), self.fleet.storage / "filler"
        with open(filler, "wb") as file:
            free = shutil.disk_usage(self.fleet.storage).free
            try:
                os.posix_fallocate(file.fileno(), 0, max(1, free))
            except OSError:
                pass  # Somebody was quicker: full all the same.
        return Strike(fault.kind, "disk", start, [], False, free, heal=filler.unlink)

    def _jump_clock(self, fault):
        leader = self.fleet.leader() if self.database_is_up() else None
        target = f"scheduler{leader} clock"
        if leader is None or target in self.busy or not FAKETIME.exists():
            return None
        clock, start = self.fleet.folder / f"clock{leader}", time.time()
        clock.write_text(f"{fault.number:+d}\n")
        return Strike(fault.kind, target, start, [], False, fault.number, heal=lambda: clock.write_text("+0\n"))
