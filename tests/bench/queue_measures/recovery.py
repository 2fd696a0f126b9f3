"""What a fleet does after the loss of its leader or its database."""

import itertools
import json
import pathlib
import signal
import statistics
import time

from fleet import Fleet
from private_postgres import wait_for

BULK_CALLERS = 4
QUEUED_JOBS_PER_JOB = 10  # A million at the default size.
TAKEOVER_SLOTS = 10
TAKEN_BEFORE = 1_000  # More than run or end until the leader is killed.
TAKEOVER_MS = 200  # A few leases are given at any time, and the queue stays as long as it is.
TAKEOVER_SECONDS = 120
WARM_SECONDS = 3
FLOW_CALLERS = 32
BEFORE_SECONDS = 10
AFTER_SECONDS = 45
WINDOW_SECONDS = 5
RECOVERED_SHARE = 0.95


def rss_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def leader_of(fleet):
    """The index of the scheduler that the record names as leader."""
    address = fleet.query("select address from leadership")
    return next((i for i, (port, _) in enumerate(fleet.ports) if address.endswith(f":{port}")), None)


def first_claim_after(fleet, unix_us):
    """Of events by name 3: claim."""
    found = fleet.query(f"""select min(unix_us(time)) from job_event
                            where event = 3 and time > to_timestamp({unix_us / 1e6:.6f})""")
    return int(found)


def take_over(bench):
    with Fleet(bench, "takeover", schedulers=2) as fleet:
        fleet.load("bulk", QUEUED_JOBS_PER_JOB * bench.jobs + TAKEN_BEFORE, BULK_CALLERS, TAKEOVER_MS)
        fleet.start_workers(1, slots=TAKEOVER_SLOTS, connected=False)
        wait_for("the first completion", lambda: fleet.completed() > 0, interval=0.1)
        time.sleep(WARM_SECONDS)
        old = leader_of(fleet)
        queued = fleet.query("select jobs from job_state_count where state = 2")
        killed = time.time()
        fleet.processes.stop(fleet.schedulers.pop(old), signal.SIGKILL)
        wait_for("another leader", lambda: leader_of(fleet) == 1 - old, TAKEOVER_SECONDS, 0.02)
        acquired, completed = time.time(), fleet.completed()
        wait_for("jobs ending again", lambda: fleet.completed() > completed + 2 * TAKEOVER_SLOTS, TAKEOVER_SECONDS, 0.1)
        first = first_claim_after(fleet, killed * 1e6) / 1e6
        return {"takeover_queued_jobs": int(queued), "takeover_first_lease_seconds": first - killed,
                "takeover_loading_seconds": first - acquired, "takeover_rss_mib": rss_mib(fleet.schedulers[0].pid)}


def rate(samples, start, end):
    """Completions a second between two moments; None when nobody counted."""
    inside = [sample for sample in samples if start <= sample["t"] <= end]
    if len(inside) < 2:
        return None
    first, last = inside[0], inside[-1]
    return (last["completed"] - first["completed"]) / (last["t"] - first["t"])


def recovered_at(samples, since, goal):
    """The first moment from which on the rate of a window reaches `goal`; None when there is none."""
    for sample in samples:
        start = sample["t"]
        if start < since or start + WINDOW_SECONDS > samples[-1]["t"]:
            continue
        if (found := rate(samples, start, start + WINDOW_SECONDS)) is not None and found >= goal:
            return start
    return None


def restart(bench):
    with Fleet(bench, "restart") as fleet:
        fleet.start_workers(bench.workers)
        load = fleet.start_load("flow", WARM_SECONDS + BEFORE_SECONDS + AFTER_SECONDS, FLOW_CALLERS)
        time.sleep(WARM_SECONDS + BEFORE_SECONDS)
        killed = time.time()
        fleet.database.crash()
        fleet.database.start()
        back = time.time()
        samples = [json.loads(line) for line in load.communicate()[0].splitlines()]
    before = statistics.median(found for first, last in itertools.pairwise(range(BEFORE_SECONDS + 1))
                               if (found := rate(samples, killed - BEFORE_SECONDS + first, killed - BEFORE_SECONDS + last)))
    recovered = recovered_at(samples, back, RECOVERED_SHARE * before)
    end = samples[-1]["t"]
    figures = {"restart_away_seconds": back - killed, "restart_throughput_before": before,
               "restart_throughput_after": rate(samples, end - BEFORE_SECONDS, end),
               "restart_recovered_seconds": None if recovered is None else recovered - back}
    if recovered is None:
        figures["why_null"] = {"restart_recovered_seconds": f"not within {end - back:.0f} s"}
    return figures
