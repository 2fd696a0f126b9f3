"""Judges what became of the batches of a campaign: acknowledged ones end, each operation is one job, the whole is what its
operations are, and they run in the order and number that were asked for."""

import collections

from traces import COMPLETED, LEASED, TERMINAL


def state_of(states):
    """What a batch is whose operations ended like this; nobody cancels one in a campaign."""
    if all(state == COMPLETED for state in states):
        return "COMPLETED"
    return "PARTIAL_SUCCESS" if COMPLETED in states else "FAILED"


def operations_of(traces):
    """Batch id → its jobs, in order of their index."""
    operations = collections.defaultdict(list)
    for row in traces.jobs.values():
        if row.get("batch_id"):
            operations[row["batch_id"]].append(row)
    return {batch: sorted(rows, key=lambda row: row["operation_index"]) for batch, rows in operations.items()}


def check_wholeness(traces, batch, rows):
    if [row["operation_index"] for row in rows] != list(range(1, len(batch["files"]) + 1)):
        yield f"{batch['id']} has the operations {[row['operation_index'] for row in rows]} of {len(batch['files'])}"
    ends = [line for line in traces.batch_lines if line["what"] == "end" and line["batch"] == batch["id"]]
    if not ends:
        yield f"{batch['id']} was acknowledged and its end was never seen"
        return
    if len({line["uid"] for line in traces.batch_lines if line["batch"] == batch["id"]}) != 1:
        yield f"{batch['id']} was two batches"
    states = [row["state"] for row in rows]
    if not set(states) <= TERMINAL:
        yield f"{batch['id']} has ended and its operations are in {states}"
    elif ends[0]["state"] != state_of(states):
        yield f"{batch['id']} ended as {ends[0]['state']} and its operations are in {states}"
    completed = sum(state == COMPLETED for state in states)
    if (ends[0]["counts"].get("total"), ends[0]["counts"].get("completed", 0)) != (len(rows), completed):
        yield f"{batch['id']} counts {ends[0]['counts']} and its operations are in {states}"


def is_dated(traces, us):
    """Not by a clock that may have jumped: the order of events of different jobs would not be known."""
    at = us / 1e6
    return not any(fault["start"] <= moment <= fault["end"] for fault in traces.faults if fault["kind"] == "jump_clock"
                   for moment in (at, at - fault["number"]))


def check_order(traces, batch, rows):
    """An operation of a sequence becomes a job only once the one before has ended."""
    for before, after in zip(rows, rows[1:]) if batch["sequential"] else ():
        created = traces.events[after["key"]][0]["us"]
        ends = [event["us"] for event in traces.events[before["key"]] if event["to_state"] in TERMINAL]
        if not ends or (is_dated(traces, created) and is_dated(traces, ends[0]) and created < ends[0]):
            yield f"{batch['id']} made operation {after['operation_index']} a job before the one before it had ended"


def check_parallel(traces, batch, rows):
    changes = []
    for row in rows:
        for event in traces.events[row["key"]]:
            step = (event["to_state"] in LEASED) - (event["from_state"] in LEASED)
            if not is_dated(traces, event["us"]):
                return
            changes.append((event["us"], step))
    held = worst = 0
    for _us, step in sorted(changes):
        held += step
        worst = max(worst, held)
    if worst > (1 if batch["sequential"] else batch["max_parallel"]):
        yield f"{worst} operations of {batch['id']} ran at a time"


def check_i20_batches_are_what_their_operations_are(traces):
    operations = operations_of(traces)
    asked = {batch["id"]: batch for batch in traces.run.get("batches", [])}
    acknowledged = {line["batch"] for line in traces.batch_lines if line["what"] == "ack"}
    for name in operations.keys() - asked.keys():
        yield f"{name} has operations and nobody asked for it"
    for name, batch in asked.items():
        if name not in acknowledged:
            if traces.run["drained"]:
                yield f"{name} was never acknowledged"
            continue
        rows = operations.get(name, [])
        for check in (check_wholeness, check_order, check_parallel):
            yield from check(traces, batch, rows)
