"""Judges what was deleted in a campaign: only what a client asked for, wholly, and nothing of anybody else's."""

import collections

from traces import TERMINAL

OF_JOBS = "file:///projects/"


def check_asked_for(traces):
    """Nothing is gone but what somebody wanted to be, once it had ended; its history stays and says so."""
    asked = {f"delete of {line['request_id']}" for line in traces.lines("delete")}
    told = collections.Counter()
    for key in traces.events.keys() - traces.jobs.keys():
        *history, last = traces.events[key]
        if [event["sequence"] for event in traces.events[key]] != list(range(1, len(history) + 2)):
            yield f"the history of job {key}, which was deleted, has gaps"
        if not history or history[-1]["to_state"] not in TERMINAL:
            yield f"job {key} is gone and had not ended"
        if any(event["name"] == "delete" for event in history):
            yield f"job {key} was deleted more than once"
        if last["name"] != "delete" or last["message"] not in asked:
            yield f"job {key} is gone and nobody asked for it"
        told[last["message"]] += 1
    for line in traces.lines("delete") if traces.run["drained"] else []:
        if line["request_id"] not in traces.deleted():
            yield f"the deletion of {line['request_id']} was never acknowledged"
    for request in traces.deleted():
        if told[f"delete of {request}"] != 1:
            yield f"the deletion of {request} is {told[f'delete of {request}']} times in the histories"


def check_gone(traces):
    """What was acknowledged as deleted is gone from the record, and the API says when."""
    said = {line["request_id"]: line["answer"] for line in traces.lines("gone")}
    ends = {line["request_id"]: line["events"][-1:] for line in traces.lines("history")}
    for request, name in traces.deleted().items():
        for row in traces.by_request.get(request, []):
            yield f"{row['id']} is there after the acknowledgement that it was deleted"
        if "JOB_NOT_FOUND" not in said.get(request, "") or "delete_time: " not in said[request]:
            yield f"{name} was deleted and GetJob said {said.get(request)!r}"
        if ends.get(request) != ["delete"]:
            yield f"{name} was deleted and its history was told with the end {ends.get(request)}"


def check_files_gone(traces):
    """The files that a deleted job had made are gone from the record and from storage, and so is its input if that was asked
    for, not otherwise."""
    recorded = {row["id"] for row in traces.file_rows}
    made = {line["request_id"]: line["files"] for line in traces.lines("seen") if "files" in line}
    folders = {line["request_id"]: line["folders"] for line in traces.lines("seen") if "folders" in line}
    wanted = {deletion["id"]: deletion for deletion in traces.run.get("deletions", [])}
    for request, name in traces.deleted().items():
        for file in recorded & set(made.get(request, [])):
            yield f"{name} was deleted and its file {file} is still recorded"
        # What another job of that name has left is its own.
        left = traces.attempt_folders(name)
        for folder in left if name not in traces.by_id else set(left) & set(folders.get(request, [])):
            yield f"{name} was deleted and {folder} is still there"
        deletion = wanted.get(request)
        if deletion is None:
            yield f"{name} was deleted and the campaign has no such deletion"
            continue
        if deletion["with_input"] == (deletion["input"] in recorded):
            yield f"{name} was deleted {'with' if deletion['with_input'] else 'without'} its input {deletion['input']}"
        if deletion["with_input"] and traces.holds(deletion["input_uri"]):
            yield f"{name} was deleted with its input {deletion['input']}, whose bytes are still there"


def check_files_there(traces):
    """Whatever file is recorded is there."""
    for row in traces.file_rows:
        if row["uri"].startswith(OF_JOBS) and not traces.holds(row["uri"]):
            yield f"file {row['id']} is recorded and {row['uri']} is not there"


def check_i21_only_what_was_to_be_deleted_is(traces):
    for check in (check_asked_for, check_gone, check_files_gone, check_files_there):
        yield from check(traces)
