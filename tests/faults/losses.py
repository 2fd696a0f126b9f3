"""Lost leases: which fault explains each of them, and how long detection took."""

import bisect

LOST_REASONS = {"WORKER_LOST", "POISON"}
POISON_LOSSES = 3
CHARGED = ("retry", "give_up", "lose")
# Faults that end or silence a worker process, and those that blind whoever would have heard of it.
DEATHS = {"kill_agent"}
SILENCES = {"stop_agent", "blackhole_worker"}
ON_WORKER = DEATHS | SILENCES | {"term_agent", "cut_worker", "deaf_worker", "delay_worker", "slice_worker"}
GLOBAL = {"kill_leader", "stop_leader", "term_leader", "cut_database", "blackhole_database", "delay_database",
          "slice_database", "kill_postgres", "stop_postgres", "jump_clock"}
ON_STANDBY = {"kill_standby", "stop_standby"}
CLOCK_SLACK_SECONDS = 0.05


def lost_leases(traces):
    """Yields (job row, event) for every lease that was reaped."""
    for key, row in traces.jobs.items():
        for event in traces.events_named(key, *CHARGED):
            if event["reason"] in LOST_REASONS:
                yield row, event


def worker_name(instance):
    """"w1-3" is a process of worker1."""
    return "worker" + instance[1:].split("-")[0]


def concerns(fault, instance):
    return fault["kind"] in GLOBAL or (fault["kind"] in ON_WORKER and fault["target"] == worker_name(instance))


def moments_of(traces, event):
    """When an event may have happened: at the time it bears, or earlier or later if a clock that had jumped wrote it."""
    at = event["us"] / 1e6
    jumped = [(fault, at - fault["number"]) for fault in traces.faults if fault["kind"] == "jump_clock"]
    return [at, *(moment for fault, moment in jumped if fault["start"] <= moment <= fault["end"])]


def unexplained(traces):
    """A lease that was lost although nothing had happened to its worker or to whoever listens to it."""
    timing = traces.run["timing"]
    # A fault may use up most of a lease's life, and whoever leads next gives it another one.
    after = 2 * timing["--lease-ttl"] + timing["--leadership-ttl"]
    for row, event in lost_leases(traces):
        if event["worker"] == "stale":
            continue  # It is silent on purpose.
        moments = moments_of(traces, event)
        if not any(concerns(fault, event["worker"]) and fault["start"] <= at <= fault["end"] + after
                   for fault in traces.faults for at in moments):
            yield f"{row['id']} was taken from {event['worker']} at {moments[0]:.3f} for no reason"


def is_disturbed(traces, fault, concerns_it, start, end):
    """Whether another fault that `concerns_it` was open at some time from `start` to `end`."""
    return any(other is not fault and concerns_it(other) and other["start"] <= end and other["end"] >= start
               for other in traces.faults)


def losses_after(traces, kinds):
    """Yields (fault, worker instance, job, time of the loss) for the leases that victims of these faults lost."""
    lost = {(row["id"], event["attempt"]): event for row, event in lost_leases(traces)}
    for fault in traces.faults:
        for job, attempt in fault["held"] if fault["kind"] in kinds else []:
            if event := lost.get((job, attempt)):
                yield fault, event["worker"], job, event["us"] / 1e6


def detections(traces, kinds, undisturbed=True):
    """Seconds from a fault to the loss of each lease its victim held; where nothing else was broken, or in any case."""
    ttl = traces.run["timing"]["--lease-ttl"]

    def disturbs(other, fault, worker):
        # What was over before concerns only the worker itself: an earlier silence may have begun the wait.
        return concerns(other, worker) and (other["kind"] in ON_WORKER or other["end"] > fault["start"])

    return [at - fault["start"] for fault, worker, _job, at in losses_after(traces, kinds)
            if not undisturbed or not is_disturbed(
                traces, fault, lambda other, fault=fault, worker=worker: disturbs(other, fault, worker),
                fault["start"] - ttl, max(at, fault["start"] + 1))]


def too_early(traces):
    """A lease lives for its TTL after a report, and for the shorter one after its stream broke. What is done to schedulers
    and database can only make it longer; an earlier fault of the same worker may have begun the wait."""
    timing = traces.run["timing"]
    # A clock that jumped makes `at` meaningless, so jumps count for as long as a loss may take.
    # The last report may be late by another interval on a machine that is busy.
    ttl, report = timing["--lease-ttl"], 2 * timing["--report-interval"] + CLOCK_SLACK_SECONDS
    # A process that stands still answers no ping either: its stream is soon broken like that of a dead one.
    shortest = dict.fromkeys(("kill_agent", "stop_agent"), min(timing["--broken-stream-ttl"], ttl - report))

    def shortens(other, worker):
        return other["kind"] == "jump_clock" or (other["kind"] in ON_WORKER and other["target"] == worker_name(worker))

    for fault, worker, job, at in losses_after(traces, shortest.keys()):
        seconds = at - fault["start"]
        if seconds < shortest[fault["kind"]] - CLOCK_SLACK_SECONDS and not is_disturbed(
                traces, fault, lambda other, worker=worker: shortens(other, worker),
                fault["start"] - 2 * ttl, max(at, fault["start"] + 2 * ttl)):
            yield f"{job} was taken {seconds:.3f} s after {fault['kind']}, before its lease can have ended"


def failovers(traces):
    """Seconds from the end of a leader to the next grant by another, where nothing else was broken. Jobs that came after
    all faults are left out: until then there may have been nothing to grant."""
    claims = sorted(event["us"] / 1e6 for key, row in traces.jobs.items() if not row["request_id"].startswith("calm-")
                    for event in traces.events_named(key, "claim"))
    for fault in traces.faults:
        if fault["kind"] not in ("kill_leader", "stop_leader"):
            continue
        ttl = traces.run["timing"]["--leadership-ttl"]
        index = bisect.bisect_right(claims, fault["start"] + CLOCK_SLACK_SECONDS)
        # A leader that stood still for less than its TTL goes on; that is no failover.
        if index == len(claims) or fault["end"] - fault["start"] < ttl and fault["kind"] == "stop_leader":
            continue
        if not is_disturbed(traces, fault, lambda other: other["kind"] in GLOBAL | ON_STANDBY,
                            fault["start"] - 2 * ttl, claims[index]):
            yield claims[index] - fault["start"]
