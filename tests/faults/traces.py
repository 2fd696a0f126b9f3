"""The traces of a campaign, read back: tables, journals, faults and probes of one run folder. Knows no product code."""

import collections
import csv
import json
import pathlib
import sys

csv.field_size_limit(sys.maxsize)

PENDING, QUEUED, PROCESSING, PAUSING, PAUSED, CANCELLING, COMPLETED, FAILED, CANCELLED, SKIPPED = range(1, 11)
TERMINAL = {COMPLETED, FAILED, CANCELLED, SKIPPED}
LEASED = {PROCESSING, PAUSING, CANCELLING}
NUMBERS = {"key", "job_key", "state", "attempt", "charges", "losses", "version", "max_attempts", "sequence", "us", "event",
           "from_state", "to_state", "jobs", "page", "live", "operation_index", "runs", "skipped", "missed", "number"}
EVENT_NAMES = dict(enumerate((
    "", "create", "ready", "claim", "complete", "retry", "give_up", "release", "request_pause", "confirm_pause", "lose",
    "request_cancel", "confirm_cancel", "pause", "resume", "cancel", "skip", "expire", "reopen",
    "delete")))


def read_lines(path):
    """Returns the JSON objects of a file; a last line that was cut off by a kill is no line."""
    if not path.exists():
        return []
    text = path.read_bytes()
    return [json.loads(line) for line in text[:text.rfind(b"\n") + 1].splitlines()]


def read_table(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for name in NUMBERS & row.keys():
            row[name] = int(row[name] or 0)
    return rows


class Traces:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.run = json.loads((self.folder / "run.json").read_text())
        table = {name: read_table(self.folder / "tables" / f"{name}.csv")
                 for name in ("job", "job_event", "job_result", "job_page", "job_state_count", "file", "deleted_job", "schedule",
                              "schedule_run")}
        self.jobs = {row["key"]: row for row in table["job"]}
        self.by_id = {row["id"]: row for row in table["job"]}
        self.by_request = collections.defaultdict(list)
        for row in table["job"]:
            self.by_request[row["request_id"]].append(row)
        self.events = collections.defaultdict(list)
        for row in sorted(table["job_event"], key=lambda e: (e["job_key"], e["sequence"])):
            row["name"] = EVENT_NAMES[row["event"]]
            self.events[row["job_key"]].append(row)
        self.results = collections.defaultdict(list)
        for row in table["job_result"]:
            self.results[row["job_key"]].append(row)
        self.live, self.counts, self.file_rows = table["job_page"], table["job_state_count"], table["file"]
        self.deleted_jobs = {row["key"]: row["id"] for row in table["deleted_job"]}
        self.schedules = table["schedule"]
        self.runs = sorted(table["schedule_run"], key=lambda run: run["number"])
        self.triggers = read_lines(self.folder / "journals" / "schedule.jsonl")
        self.journals = {name: read_lines(self.folder / "journals" / f"{name}.jsonl")
                         for name in (*self.run["clients"], "deletions")}
        self.stale = read_lines(self.folder / "journals" / "stale.jsonl")
        self.work = {item["request_id"]: item for name in self.run["clients"]
                     for item in read_lines(self.folder / f"{name}.work")}
        self.batch_lines = read_lines(self.folder / "journals" / "batches.jsonl")
        files = {batch["id"]: batch["files"] for batch in self.run.get("batches", [])}
        for row in table["job"]:
            if row["batch_id"] in files and 0 < row["operation_index"] <= len(files[row["batch_id"]]):
                self.work[row["request_id"]] = {"input": files[row["batch_id"]][row["operation_index"] - 1]}
        for deletion in self.run.get("deletions", []):
            for request in (deletion["id"], *[f"{deletion['id']}-again"] * deletion["again"]):
                self.work[request] = {"input": deletion["input"]}
        self.received = read_lines(self.folder / "receiver" / "received")
        self.faults = read_lines(self.folder / "faults.jsonl")
        self.probes = read_lines(self.folder / "probes.jsonl")
        self.storage = self.folder / "storage"

    def lines(self, *whats):
        """What clients wrote down of these kinds, all clients together."""
        return [line for journal in self.journals.values() for line in journal if line["what"] in whats]

    def schedule_requests(self):
        """The request ids under which schedules make their jobs, in the order of the runs."""
        return [f"{schedule['uid']}-{number}" for schedule in self.schedules for number in range(1, schedule["runs"] + 1)]

    def holds(self, uri):
        return (self.storage / uri.removeprefix("file:///")).exists()

    def attempt_folders(self, job):
        """The URIs of what attempts of jobs of that name have left in storage."""
        place = self.storage / "projects/default/jobs" / job
        return [f"file:///projects/default/jobs/{job}/{path.name}" for path in place.iterdir()] if place.exists() else []

    def events_named(self, key, *names):
        return [event for event in self.events[key] if event["name"] in names]

    def deleted(self):
        """The request ids of jobs whose deletion was acknowledged, with the ids of the jobs."""
        return {line["request_id"]: line["job"].split("/")[-1] for line in self.lines("delete_ack")}

    def told(self):
        """Every statement of the API about a job, by job id."""
        statements = collections.defaultdict(list)
        for line in self.lines("ack", "repeat_ack", "cancel_ack", "pause_ack", "resume_ack", "seen", "watched"):
            statements[line["job"].split("/")[-1]].append(line)
        return statements
