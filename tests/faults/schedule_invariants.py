"""Judges what became of the schedule of a campaign: its runs are numbered without a gap, each made one job, in their order,
every acknowledged trigger is one of them, and no minute came twice or was left out."""

from traces import COMPLETED

RUN_COMPLETED = 3
MINUTE_US = 60 * 10**6


def check_numbers(traces, schedule):
    numbers = [run["number"] for run in traces.runs]
    if numbers != list(range(schedule["runs"] - len(numbers) + 1, schedule["runs"] + 1)):
        yield f"of {schedule['runs']} runs the numbers {numbers} are left"
    triggers = [line["number"] for line in traces.triggers]
    if len(set(triggers)) != len(triggers):
        yield f"two triggers were acknowledged as the same run: {triggers}"
    if max(triggers, default=0) > schedule["runs"]:
        yield f"the acknowledged trigger {max(triggers)} left no run"


def check_jobs(traces, schedule):
    keys = []
    for request in traces.schedule_requests():
        rows = traces.by_request.get(request, [])
        if len(rows) != 1:
            yield f"the run of {request} made {len(rows)} jobs"
        keys += [row["key"] for row in rows]
    if keys != sorted(keys):
        yield "runs did not begin in their order"
    for run in traces.runs:
        rows = traces.by_request.get(f"{schedule['uid']}-{run['number']}", [])
        if run["state"] != RUN_COMPLETED or [(row["id"], row["state"]) for row in rows] != [(run["target"], COMPLETED)]:
            yield f"run {run['number']} is in state {run['state']} as {run['target']}, and made {[row['id'] for row in rows]}"


def check_minutes(traces, schedule):
    minutes = [run["us"] // MINUTE_US for run in traces.runs if run["is_triggered"] == "f"]
    if minutes != sorted(set(minutes)):
        yield f"minutes came twice or out of order: {minutes}"
    left_out = minutes[-1] - minutes[0] + 1 - len(minutes) if minutes else 0
    if left_out > schedule["missed"] + schedule["skipped"]:
        yield f"{left_out} minutes were left out, and {schedule['missed']} are counted as missed"


def check_i23_each_time_of_a_schedule_runs_once(traces):
    for schedule in traces.schedules:
        yield from check_numbers(traces, schedule)
        yield from check_jobs(traces, schedule)
        yield from check_minutes(traces, schedule)
