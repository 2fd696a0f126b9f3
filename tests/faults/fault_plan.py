"""Draws the faults of a campaign from its seed: what happens when and for how long, not yet to whom.

Weights put more than half of the faults on workers; the campaign aims those at one that holds leases.
"""

import dataclasses
import random

# kind → (weight, shortest, longest). Durations in units of the lease TTL for what silences a worker, of the
# leadership TTL for what silences a scheduler, else in seconds.
WORKER_KINDS = {
    "kill_agent": (6, 0.1, 2.0),
    "stop_agent": (5, 0.1, 2.0),
    "term_agent": (2, 0.1, 1.0),
    "kill_child": (5, 0.0, 0.0),
    "stop_child": (2, 0.1, 1.0),
    "cut_worker": (3, 0.1, 1.6),
    "blackhole_worker": (4, 0.1, 2.0),
    "deaf_worker": (3, 0.3, 2.0),
    "delay_worker": (2, 1.0, 4.0),
    "slice_worker": (2, 1.0, 4.0),
}
SCHEDULER_KINDS = {
    "kill_leader": (4, 0.1, 2.0),
    "stop_leader": (4, 0.2, 3.0),
    "term_leader": (2, 0.1, 1.0),
    "kill_standby": (1, 0.1, 2.0),
    "stop_standby": (1, 0.1, 2.0),
    "cut_database": (2, 0.2, 2.0),
    "blackhole_database": (2, 0.2, 3.0),
    "delay_database": (1, 1.0, 3.0),
    "slice_database": (1, 1.0, 3.0),
}
OTHER_KINDS = {
    "kill_postgres": (4, 0.1, 4.0),
    "stop_postgres": (2, 0.2, 4.0),
    "cut_client": (2, 0.2, 3.0),
    "blackhole_client": (2, 0.5, 6.0),
    "delay_client": (1, 1.0, 4.0),
    "slice_client": (1, 1.0, 4.0),
    "kill_client": (2, 0.1, 1.0),
    "full_disk": (2, 1.0, 5.0),
    "jump_clock": (2, 1.0, 6.0),
}
KINDS = {**WORKER_KINDS, **SCHEDULER_KINDS, **OTHER_KINDS}
LEASE_HOLDER_SHARE_MIN = 0.3
# SIGKILL and SIGSTOP of every kind of process, and a silent line: what a plan takes first, as many of them as it holds.
ALWAYS = ("kill_agent", "kill_leader", "stop_agent", "kill_postgres", "kill_child", "stop_leader", "blackhole_worker",
          "stop_postgres", "stop_child", "kill_standby")


@dataclasses.dataclass
class Fault:
    at: float  # Seconds after the start of the run.
    kind: str
    seconds: float  # Until it is healed.
    number: int  # Milliseconds, bytes or seconds, as the kind wants it.
    variant: int  # 0 or 1.


def unit_of(kind, lease_ttl, leadership_ttl):
    if kind in WORKER_KINDS:
        return lease_ttl if not kind.startswith(("delay", "slice")) else 1.0
    if kind in SCHEDULER_KINDS:
        return leadership_ttl if not kind.startswith(("delay", "slice")) else 1.0
    return 1.0


def number_of(kind, source):
    if kind.startswith("delay"):
        return source.choice((20, 100, 400, 900))
    if kind.startswith("slice"):
        return source.choice((1, 7, 100))
    if kind == "jump_clock":
        return source.choice((-3600, -30, -2, 2, 30, 3600))
    return 0


def draw_kinds(source, count, kinds):
    """Returns `count` kinds: those of ALWAYS first, then by weight; every other one is a worker's, so that the share of
    faults on lease holders holds for any length."""
    order, decks = [], {True: [], False: []}
    for index in range(count):
        of_worker = index % 2 == 0
        mine = [kind for kind in sorted(kinds) if (kind in WORKER_KINDS) == of_worker] or sorted(kinds)
        first = [kind for kind in ALWAYS if kind in mine and kind not in order]
        if not decks[of_worker]:
            decks[of_worker] = [kind for kind in mine for _ in range(KINDS[kind][0])]
            source.shuffle(decks[of_worker])
        order.append(first[0] if first else decks[of_worker].pop())
    source.shuffle(order)
    return order


def draw_plan(seed, count, seconds, lease_ttl, leadership_ttl, kinds=None):
    """Returns `count` faults, evenly spread over `seconds` with jitter."""
    source = random.Random(f"{seed} plan")
    order = draw_kinds(source, count, kinds or KINDS)
    plan = []
    for index, kind in enumerate(order):
        _, shortest, longest = KINDS[kind]
        at = seconds * (index + 0.2 + 0.6 * source.random()) / count
        length = source.uniform(shortest, longest) * unit_of(kind, lease_ttl, leadership_ttl)
        plan.append(Fault(at, kind, length, number_of(kind, source), source.randrange(2)))
    return plan
