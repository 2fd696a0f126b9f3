"""What a receiver of webhooks was told of a campaign's jobs, against their history."""

import collections
import datetime

from traces import CANCELLED, COMPLETED, FAILED, SKIPPED, TERMINAL

END_EVENTS = {COMPLETED: "job.completed", FAILED: "job.failed", CANCELLED: "job.cancelled", SKIPPED: "job.skipped"}
AGE_SECONDS_MAX = 300  # Receivers refuse messages of another time.
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def micros(text):
    """Microseconds since the epoch of "2026-11-23T04:00:00.000001Z"."""
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - EPOCH) // datetime.timedelta(microseconds=1)


def ends_of_names(traces):
    """Name → the ends of each job that had it, of those that were deleted too."""
    names = traces.deleted_jobs | {key: row["id"] for key, row in traces.jobs.items()}
    ends = collections.defaultdict(list)
    for key, name in names.items():
        ends[name].append([(END_EVENTS[event["to_state"]], event["us"]) for event in traces.events[key]
                           if event["to_state"] in TERMINAL and event["name"] != "delete"])
    return ends


def check_i22_webhooks_are_told_of_every_end(traces):
    if not traces.run["webhook"]:
        return
    # A scheduler whose clock was set wrong dates its messages by it.
    is_dated_wrong = any(fault["kind"] == "jump_clock" and abs(fault["number"]) >= AGE_SECONDS_MAX
                         for fault in traces.faults)
    heard, messages = collections.defaultdict(list), collections.defaultdict(set)
    for line in traces.received:
        if not line["body"]["type"].startswith("job."):
            continue
        told = line["body"]["data"]
        end = line["body"]["type"], micros(told["end_time"])
        if not line["signed"] or not (line["genuine"] or is_dated_wrong):
            yield f"{line['id']} of {told['name']} is not signed as it should be"
        if line["status"] == 204:
            heard[told["name"].split("/")[-1]].append(end)
            messages[told["name"], end].add(line["id"])
    for (name, end), ids in messages.items():
        if len(ids) != 1:
            yield f"{name} {end[0]} was told as {len(ids)} messages"
    for name, lives in ends_of_names(traces).items():
        for ends in lives:
            # A message may come twice; the first of each come in order.
            if [end for end in dict.fromkeys(heard[name]) if end in ends] != ends:
                yield f"{name} ended as {ends} and the receiver was told {heard[name]}"
        if extra := set(heard[name]) - {end for ends in lives for end in ends}:
            yield f"{name} never ended as the receiver was told: {extra}"
