"""Proves that every check of invariants.py can fail: a sound run gives no finding, and each corruption of it is found by
the check that is meant to see it, whatever others say."""

import datetime
import hashlib
import json
import unittest

import goals
import invariants
import traces as t
import webhook_invariants

START = 1_700_000_000
OUTPUT = b"id\n1\n"
OUTPUT_SHA = hashlib.sha256(OUTPUT).hexdigest()
TOKEN = "ab" * 16


class MemoryFile:
    """The few calls of pathlib.Path that the checks make, over a dictionary."""

    def __init__(self, files, path=""):
        self.files, self.path, self.name = files, path, path.rsplit("/", 1)[-1]

    def __truediv__(self, name):
        return MemoryFile(self.files, f"{self.path}/{name}".lstrip("/"))

    def __hash__(self):
        return hash(self.path)

    def __eq__(self, other):
        return self.path == other.path

    @property
    def parent(self):
        return MemoryFile(self.files, self.path.rsplit("/", 1)[0])

    def exists(self):
        return self.path in self.files or any(path.startswith(self.path + "/") for path in self.files)

    def read_bytes(self):
        return self.files[self.path]

    def iterdir(self):
        inner = {path[len(self.path) + 1:].split("/")[0] for path in self.files if path.startswith(self.path + "/")}
        return [MemoryFile(self.files, f"{self.path}/{name}") for name in sorted(inner)]


class FakeTraces(t.Traces):
    """A small sound run: one job of each fate."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.run = {"drained": True, "clients": ["client0"], "expected": {"in-0": {"CLEANED": OUTPUT_SHA}}, "slots": 1, "workers": 2, "queue_running_max": 1,
                    "timing": {"--lease-ttl": 4, "--report-interval": 0.5, "--broken-stream-ttl": 1.5,
                               "--leadership-ttl": 1.5},
                    "baseline": {}, "settled": {}, "is_settled": True, "exit_codes": [0], "webhook": True}
        self.jobs, self.events, self.results = {}, t.collections.defaultdict(list), t.collections.defaultdict(list)
        self.by_id, self.by_request = {}, t.collections.defaultdict(list)
        self.live, self.stale, self.work, self.files, self.received = [], [], {}, {}, []
        self.file_rows, self.deleted_jobs = [], {}
        self.journals = {"client0": []}
        self.storage = MemoryFile(self.files)
        self.faults = [{"kind": "kill_agent", "target": "worker1", "start": START + 1, "end": START + 30, "number": 0,
                        "held": [["lost", 1]], "holder": True}]
        complete = [("ready", t.QUEUED), ("claim", t.PROCESSING), ("complete", t.COMPLETED)]
        self.add("clean", complete[1:], item="in-0")
        self.add("lost", [("claim", t.PROCESSING), ("retry", t.PENDING), *complete])
        self.go_on("lost", 2, 7, 1)
        self.add("cancelled", [("claim", t.PROCESSING), ("request_cancel", t.CANCELLING), ("confirm_cancel", t.CANCELLED)])
        self.add("poisoned", [("claim", t.PROCESSING), ("retry", t.PENDING), ("ready", t.QUEUED)] * 2
                 + [("claim", t.PROCESSING), ("give_up", t.FAILED)])
        self.add("honest", [("claim", t.PROCESSING), ("complete", t.COMPLETED)], worker="stale")
        self.stale = [{"what": "granted", "job": "projects/default/jobs/honest", "attempt": 1, "token": TOKEN},
                      {"what": "claimed", "job": "projects/default/jobs/honest", "attempt": 1, "token": TOKEN, "kind": "honest",
                       "uri": "file:///honest/1"},
                      {"what": "claimed", "job": "projects/default/jobs/honest", "attempt": 1, "token": TOKEN, "kind": "again",
                       "uri": "file:///again/2"}]
        self.result("honest")["manifest_uri"] = "file:///honest/1"
        self.add("follower", [("ready", t.QUEUED), *complete[1:]], after="r-clean")
        self.add("skipped", [("skip", t.SKIPPED)], after="r-cancelled")
        self.row("skipped")["error_reason"] = "DEPENDENCY_FAILED"
        self.add_batch("pair", ["in-0", "in-0"])
        self.add_schedule(complete[1:])
        self.journal(what="cancel", request_id="r-cancelled")
        self.journal(what="cancel_ack", request_id="r-cancelled", job="projects/default/jobs/cancelled",
                     state=t.CANCELLING, version="3", outputs=[])
        self.event("cancelled", "request_cancel")["message"] = "cancel of r-cancelled"
        self.journal(what="refused", call="misuse", request_id="r-clean", code=6, message="")
        self.journal(what="seen", job="projects/default/jobs/clean", state=t.COMPLETED, version="3", outputs=[OUTPUT_SHA])
        self.add_deletion("deleted", complete[1:], with_input=True)
        self.add_deletion("reused", complete[1:], with_input=False)
        self.add("reused", complete[1:], item="in-reused", request="r-reused-again")
        for event in self.events[self.row("reused")["key"]]:
            event["us"] += 100 * 10**6
        names = self.deleted_jobs | {key: row["id"] for key, row in self.jobs.items()}
        for key, name in names.items():
            end = next(e for e in reversed(self.events[key]) if e["name"] != "delete")
            for status in (500, 204, 204):
                self.receive(name, end, status)
        zero = {"leases": 0, "counts": 0}
        self.probes = [{"t": START + 2, "snapshot": zero, "told": [["clean", 1, 3]], "leases": [["clean", "1", TOKEN, "w"]]}]
        counted = t.collections.Counter(row["state"] for row in self.jobs.values())
        self.counts = [{"project": "default", "state": state, "jobs": jobs} for state, jobs in counted.items()]

    def go_on(self, name, grant, sequence, attempt):
        """The grant number `grant` of a job carries that checkpoint."""
        claim = [event for event in self.events[self.by_id[name]["key"]] if event["name"] == "claim"][grant - 1]
        claim.update(reason="FROM_CHECKPOINT", message=f"To go on from checkpoint {sequence} of attempt {attempt} at 50 %.")

    def add_batch(self, batch, files):
        """A batch whose operations ran one after the other."""
        self.run["batches"] = [{"id": batch, "files": files, "sequential": True, "max_parallel": 0}]
        told = list(self.journals["client0"])
        for index in range(1, len(files) + 1):
            name = f"{batch}-{index}"
            self.add(name, [("claim", t.PROCESSING), ("complete", t.COMPLETED)], item="in-0")
            self.row(name).update(batch_id=batch, operation_index=index)
            for event in self.events[self.row(name)["key"]]:
                event["us"] += index * 10 * 10**6
        self.journals["client0"] = told  # Nobody submitted them one by one.
        self.batch_lines = [{"what": "ack", "batch": batch, "uid": "u"},
                            {"what": "end", "batch": batch, "uid": "u", "state": "COMPLETED",
                             "counts": {"total": len(files), "completed": len(files)}}]

    def add_schedule(self, steps):
        """A schedule that was triggered and then fired twice."""
        self.schedules, self.runs, self.triggers = [{"uid": "s", "runs": 3, "skipped": 0, "missed": 0}], [], [{"number": 1}]
        for number in (1, 2, 3):
            name = f"run{number}"
            self.add(name, steps, request=f"s-{number}")
            del self.work[f"s-{number}"], self.journals["client0"][-2:]  # Nobody has submitted it.
            self.runs.append({"number": number, "us": number * 60 * 10**6, "is_triggered": "t" if number == 1 else "f",
                              "state": 3, "target": name})

    def add_deletion(self, name, steps, with_input):
        """A job that was deleted, with its input or without."""
        source = f"in-{name}"
        self.run["expected"][source] = self.run["expected"]["in-0"]
        self.files[f"projects/default/files/{source}"] = b"id\n1\n1\n"
        self.file_rows.append({"id": source, "uri": f"file:///projects/default/files/{source}", "produced_by": ""})
        self.run.setdefault("deletions", []).append({"id": f"r-{name}", "input": source, "with_input": with_input,
                                                     "input_uri": self.file_rows[-1]["uri"]})
        self.add(name, steps, item=source)
        self.delete(name, with_input)

    def journal(self, **line):
        self.journals["client0"].append(line)

    def add(self, name, steps, item="", worker=None, after="", request=""):
        key = len(self.events) + 1
        worker = worker or {"lost": "w1-1", "poisoned": "w1-2"}.get(name, f"w{key + 1}-1")
        attempt, state, at = 0, t.PENDING if after else t.QUEUED, (START + 10 * (name == "poisoned")) * 10**6
        self.events[key].append(self.make_event(key, 1, at, "create", 0, state, 0, "", "user"))
        for name_of_event, to_state in steps:
            attempt += name_of_event == "claim"
            at += 3 * 10**6
            self.events[key].append(self.make_event(key, len(self.events[key]) + 1, at, name_of_event, state, to_state,
                                                    attempt, worker, worker))
            state = to_state
        charged = [event for event in self.events[key] if event["name"] in ("retry", "give_up")]
        for event in charged:
            event["reason"] = "POISON" if event["name"] == "give_up" else "WORKER_LOST"
        row = {"key": key, "id": name, "request_id": request or f"r-{name}", "uid": f"u-{request or name}", "state": state, "attempt": attempt,
               "charges": len(charged), "losses": len(charged), "version": len(self.events[key]), "lease_token": "",
               "worker": worker, "error_reason": "POISON" if state == t.FAILED else "", "max_attempts": 100,
               "created_by": "user"}
        self.jobs[key] = self.by_id[name] = row
        self.by_request[row["request_id"]].append(row)
        self.work[row["request_id"]] = {"request_id": row["request_id"], "input": item, "after": after}
        self.journal(what="submit", request_id=row["request_id"])
        self.journal(what="ack", request_id=row["request_id"], job=f"projects/default/jobs/{name}", uid=row["uid"],
                     existed=False, state=self.events[key][0]["to_state"], version="1", outputs=[])
        if state == t.COMPLETED:
            self.publish(key, name, attempt, item, "cd" * 4 if request.endswith("-again") else TOKEN[:8])

    def receive(self, name, event, status):
        end_time = datetime.datetime.fromtimestamp(event["us"] // 10**6, datetime.timezone.utc)
        self.received.append({"id": f"msg-{name}-{event['job_key']}-{event['sequence']}", "signed": True, "genuine": True,
                              "status": status, "body": {
            "type": webhook_invariants.END_EVENTS.get(event["to_state"]),
            "data": {"name": f"projects/default/jobs/{name}", "end_time": end_time.strftime("%Y-%m-%dT%H:%M:%S.000000Z")}}})

    def messages_of(self, name):
        return [line for line in self.received if line["id"].startswith(f"msg-{name}-")]

    @staticmethod
    def make_event(key, sequence, at, name, from_state, to_state, attempt, worker, actor):
        return {"job_key": key, "sequence": sequence, "us": at, "name": name, "from_state": from_state,
                "to_state": to_state, "attempt": attempt, "worker": worker, "actor": actor, "reason": "", "message": ""}

    def publish(self, key, name, attempt, item, token):
        prefix = f"projects/default/jobs/{name}/a{attempt}-{token}"
        outputs = []
        if item:
            self.files[f"{prefix}/out.csv"] = OUTPUT
            self.file_rows.append({"id": f"out-{key}", "uri": f"file:///{prefix}/out.csv", "produced_by": name})
            outputs = [{"kind": 1, "uri": f"file:///{prefix}/out.csv", "sha256": OUTPUT_SHA}]
        manifest = json.dumps({"files": [{"name": "out.csv"}] if item else []}).encode()
        self.files[f"{prefix}/manifest.json"] = manifest
        self.results[key].append({"manifest_uri": f"file:///{prefix}/manifest.json", "outputs": json.dumps(outputs),
                                  "manifest_sha256": hashlib.sha256(manifest).hexdigest()})

    # What corruptions change.

    def row(self, name):
        return self.by_id[name]

    def result(self, name):
        return self.results[self.row(name)["key"]][0]

    def event(self, name, event):
        return next(e for e in self.events[self.row(name)["key"]] if e["name"] == event)

    def line(self, what):
        return next(line for line in self.journals["client0"] if line["what"] == what)

    def line_with(self, key):
        return next(line for line in self.journals["client0"] if key in line)

    def deletion(self):
        return next(events[-1] for events in self.events.values() if events and events[-1]["name"] == "delete")

    def delete(self, name, with_input):
        """The job is deleted with all that it made, and that was acknowledged."""
        row = self.by_id.pop(name)
        key, request = row["key"], row["request_id"]
        events = self.events[key]
        events.append(dict(self.make_event(key, len(events) + 1, events[-1]["us"] + 1, "delete", row["state"], row["state"],
                                           row["attempt"], "", "user"), message=f"delete of {request}"))
        folder = self.results[key][0]["manifest_uri"].rsplit("/", 1)[0]
        del self.jobs[key], self.by_request[request]
        self.results.pop(key, None)
        self.deleted_jobs[key] = name
        for path in [path for path in self.files if path.startswith(folder.removeprefix("file:///"))]:
            del self.files[path]
        made = [file for file in self.file_rows if file["produced_by"] == name]
        if with_input:
            del self.files[f"projects/default/files/in-{name}"]
        gone = {file["id"] for file in made} | ({f"in-{name}"} if with_input else set())
        self.file_rows = [file for file in self.file_rows if file["id"] not in gone]
        self.journal(what="seen", request_id=request, job=f"projects/default/jobs/{name}", uid=row["uid"], state=row["state"],
                     version=str(row["version"]), outputs=[OUTPUT_SHA], files=[file["id"] for file in made], folders=[folder])
        self.journal(what="delete", request_id=request)
        self.journal(what="delete_ack", request_id=request, job=f"projects/default/jobs/{name}")
        self.journal(what="gone", request_id=request, answer="dqctl: JOB_NOT_FOUND: deleted\n  delete_time: 2026")
        self.journal(what="history", request_id=request, events=[event["name"] for event in events])

    def remove(self, name):
        """The job as if it had never been."""
        row = self.by_id.pop(name)
        del self.jobs[row["key"]], self.events[row["key"]], self.by_request[row["request_id"]]
        self.results.pop(row["key"], None)
        for count in self.counts:
            count["jobs"] -= count["state"] == row["state"]


def update(place, **changes):
    place.update(changes)


def duplicate_job(run):
    row = dict(run.row("honest"), id="twin", uid="u-twin")
    run.by_request["r-honest"].append(row)


def keep_waiting(run):
    row = run.row("clean")
    run.by_request["calm-1"] = run.by_request[row["request_id"]]
    for event in run.events[row["key"]][1:]:
        event["us"] += 20 * 10**6


def repeat_claim(run):
    events = run.events[run.row("clean")["key"]]
    events.insert(2, dict(run.event("clean", "claim")))


def add_result(run, name):
    run.results[run.row(name)["key"]].append(dict(run.result("clean"), outputs="[]"))


def believe_stale(run):
    """The outcome of attempt 1 is recorded, and attempt 2 had been granted."""
    run.stale[1]["kind"] = "stale"
    run.stale.append(dict(run.stale[0], attempt=2, token="cd" * 16))
    update(run.row("honest"), attempt=2)


def break_another(run, kind, target, start, end, number=0):
    """Nothing happened to the worker that lost leases, but this somewhere else."""
    update(run.faults[0], kind=kind, target=target, start=START + start, end=START + end, number=number, held=[])


def end_twice_told_in_the_wrong_order(run):
    first = run.event("cancelled", "confirm_cancel")
    second = dict(first, us=first["us"] + 10**6, sequence=6)
    run.events[run.row("cancelled")["key"]] += [dict(first, name="reopen", to_state=t.QUEUED, sequence=5), second]
    earlier = run.messages_of("cancelled")
    for line in earlier:
        run.received.remove(line)
    run.receive("cancelled", second, 204)
    run.received += earlier


# check → corruptions that it must see.
CORRUPTIONS = {
    "i1": [lambda run: run.remove("honest"),
           lambda run: update(run.row("honest"), uid="another"),
           lambda run: update(run.row("lost"), state=t.QUEUED),
           lambda run: run.live.append({"page": 1, "live": 1}),
           lambda run: update(run.run, drained=False),
           lambda run: update(run.line("ack"), what="silence")],
    "i2": [duplicate_job,
           lambda run: update(run.line("submit"), request_id="r-other"),
           lambda run: run.journal(what="repeat_ack", request_id="r-clean", existed=False, uid="u-clean",
                                   job="projects/default/jobs/clean", state=t.QUEUED, version="1", outputs=[]),
           lambda run: run.journal(what="misuse_ack", request_id="r-clean"),
           lambda run: run.journal(what="refused", call="ack", request_id="r-clean", code=13, message="internal")],
    "i3": [lambda run: run.events[1].append(dict(run.event("clean", "complete"), sequence=4)),
           lambda run: add_result(run, "clean"),
           lambda run: add_result(run, "cancelled"),
           lambda run: run.results[1].clear()],
    "i4": [lambda run: update(run.event("clean", "complete"), actor="w9-1"),
           lambda run: update(run.event("lost", "complete"), attempt=1),
           lambda run: update(run.result("lost"), manifest_uri=f"file:///x/a1-{TOKEN[:8]}/manifest.json"),
           lambda run: update(run.result("clean"), manifest_uri="file:///x/a1-00000000/manifest.json"),
           lambda run: run.probes[0]["leases"].append(["clean", "1", "cd" * 16, "w"])],
    "i5": [lambda run: update(run.event("clean", "claim"), attempt=2),
           lambda run: update(run.row("lost"), attempt=1)],
    "i6": [lambda run: update(run.row("lost"), charges=0),
           lambda run: update(run.row("lost"), losses=2),
           lambda run: update(run.row("poisoned"), max_attempts=2),
           lambda run: update(run.event("lost", "retry"), reason=""),
           lambda run: update(run.row("poisoned"), error_reason="PARSE_FAILED"),
           lambda run: update(run.row("poisoned"), losses=2)],
    "i7": [lambda run: update(run.event("clean", "complete"), sequence=5),
           lambda run: update(run.event("clean", "claim"), to_state=t.PAUSED),
           lambda run: update(run.event("lost", "ready"), from_state=t.PAUSED),
           lambda run: update(run.row("clean"), version=9),
           lambda run: update(run.counts[0], jobs=77),
           lambda run: run.events[99].append(run.events[1][0])],
    "i8": [repeat_claim,
           lambda run: update(run.row("clean"), lease_token=TOKEN),
           lambda run: run.probes[0]["snapshot"].update(leases=1)],
    "i9": [believe_stale,
           lambda run: run.go_on("lost", 2, 7, 2),
           lambda run: (run.go_on("poisoned", 2, 7, 1), run.go_on("poisoned", 3, 6, 1)),
           lambda run: update(run.result("honest"), manifest_uri="file:///again/2"),
           lambda run: update(run.result("honest"), manifest_uri="file:///wrong/unknown"),
           lambda run: update(run.row("honest"), attempt=2)],
    "i10": [lambda run: run.faults.clear(),
            lambda run: update(run.faults[0], target="worker2"),
            lambda run: break_another(run, "kill_leader", "scheduler0", 4, 6),  # Long before the last losses.
            lambda run: break_another(run, "jump_clock", "scheduler0 clock", -100, -90, 3600),
            lambda run: update(run.event("lost", "retry"), us=int((START + 1.2) * 1e6))],
    "i11": [keep_waiting],
    "i12": [lambda run: run.files.update({path: b"id\n2\n" for path in run.files if path.endswith(".csv")}),
            lambda run: run.files.update({path: b"{}" for path in run.files if path.endswith(".json")}),
            lambda run: run.files.update({f"projects/default/jobs/clean/a1-{TOKEN[:8]}/extra": b""}),
            lambda run: run.files.clear(),
            lambda run: run.run["expected"]["in-0"].update(CLEANED="0" * 64)],
    "i13": [lambda run: run.probes[0]["told"].append(["lost", 4, 3]),
            lambda run: run.probes[0]["told"].append(["lost", 4, None]),
            lambda run: update(run.line("seen"), version="9"),
            lambda run: update(run.line("seen"), version="2"),
            lambda run: update(run.line("seen"), outputs=["other"]),
            lambda run: run.journal(what="not_found", job="projects/default/jobs/clean")],
    "i14": [lambda run: update(run.row("cancelled"), state=t.COMPLETED),
            lambda run: run.journal(what="cancel_ack", request_id="r-clean", state=t.COMPLETED, version="3", outputs=[],
                                    job="projects/default/jobs/clean"),
            lambda run: update(run.line("cancel"), request_id="r-other")],
    "i16": [lambda run: [update(e, worker="w2-1", us=START * 10**6 + e["sequence"]) for e in
                         run.events[1] + run.events[3]],
            lambda run: [update(run.work[f"r-{name}"], key="k", key_limit=1) for name in ("clean", "honest")],
            lambda run: [update(run.work[f"r-{name}"], queue="narrow") for name in ("clean", "honest")]],
    "i17": [lambda run: update(run.event("clean", "claim"), actor=""),
            lambda run: update(run.event("clean", "create"), actor="somebody"),
            lambda run: update(run.event("cancelled", "request_cancel"), message=""),
            lambda run: run.journal(what="pause_ack", request_id="r-clean", job="projects/default/jobs/clean", state=t.PROCESSING,
                                    version="2", outputs=[])],
    "i18": [lambda run: update(run.run, is_settled=False),
            lambda run: update(run.run, exit_codes=[0, -9])],
    "i19": [lambda run: update(run.work["r-follower"], after="r-cancelled"),
            lambda run: update(run.work["r-skipped"], after="r-clean"),
            lambda run: update(run.work["r-skipped"], after=""),
            lambda run: update(run.row("skipped"), error_reason="")],
    "i20": [lambda run: run.remove("pair-2"),
            lambda run: update(run.row("pair-2"), operation_index=1),
            lambda run: update(run.row("pair-2"), state=t.FAILED),
            lambda run: update(run.row("pair-2"), state=t.QUEUED),
            lambda run: update(run.batch_lines[1], counts={"total": 2, "completed": 1}),
            lambda run: update(run.batch_lines[1], uid="another"),
            lambda run: run.batch_lines.pop(),
            lambda run: run.batch_lines.clear(),
            lambda run: run.run["batches"].clear(),
            lambda run: update(run.event("pair-2", "create"), us=START * 10**6),
            lambda run: (update(run.run["batches"][0], sequential=False, max_parallel=1),
                         update(run.event("pair-2", "claim"), us=run.event("pair-1", "claim")["us"] + 1))],
    "i21": [lambda run: run.by_request["r-deleted"].append(run.row("clean")),
            lambda run: update(run.line("delete"), request_id="r-other"),
            lambda run: run.journal(what="delete_ack", request_id="r-gone", job="projects/default/jobs/gone"),
            lambda run: update(run.line("delete_ack"), what="silence"),
            lambda run: run.deletion().update(name="complete"),
            lambda run: run.deletion().update(sequence=9),
            lambda run: update(run.events[run.deletion()["job_key"]][-2], to_state=t.PROCESSING),
            lambda run: run.events[run.deletion()["job_key"]].append(dict(run.deletion(), sequence=5)),
            lambda run: update(run.line("gone"), answer="dqctl: JOB_NOT_FOUND: there is none"),
            lambda run: update(run.line("gone"), answer='{"name": "projects/default/jobs/deleted"}'),
            lambda run: update(run.line("history"), events=["create", "complete"]),
            lambda run: run.files.update({"projects/default/jobs/deleted/a7-00000000/part": b""}),
            lambda run: run.files.update({f"projects/default/jobs/reused/a1-{TOKEN[:8]}/out.csv": b""}),
            lambda run: run.file_rows.append({"id": run.line_with("files")["files"][0], "uri": "", "produced_by": "deleted"}),
            lambda run: run.file_rows.append({"id": "in-deleted", "uri": "", "produced_by": ""}),
            lambda run: run.files.update({"projects/default/files/in-deleted": b""}),
            lambda run: run.file_rows.remove(next(row for row in run.file_rows if row["id"] == "in-reused")),
            lambda run: run.files.pop("projects/default/files/in-reused"),
            lambda run: run.files.pop(f"projects/default/jobs/clean/a1-{TOKEN[:8]}/out.csv")],
    "i22": [lambda run: [run.received.remove(line) for line in run.messages_of("clean")],
            lambda run: [update(line, status=500) for line in run.messages_of("clean")],
            lambda run: update(run.received[0], genuine=False),
            lambda run: update(run.received[0], signed=False),
            lambda run: update(run.messages_of("clean")[2], id="msg-clean-other"),
            lambda run: [update(line["body"], type="job.failed") for line in run.messages_of("clean")],
            lambda run: [run.received.remove(line) for line in run.messages_of("deleted")],
            lambda run: [run.received.remove(line) for line in run.messages_of("reused")[:3]],
            lambda run: run.received.append(dict(run.messages_of("run1")[1], id="msg-run1-9", body={
                "type": "job.failed", "data": {"name": "projects/default/jobs/run1", "end_time": "2023-11-14T22:13:29Z"}})),
            end_twice_told_in_the_wrong_order],
    "i23": [lambda run: update(run.schedules[0], runs=4),
            lambda run: run.triggers.append({"number": 4}),
            lambda run: run.triggers.append({"number": 1}),
            lambda run: run.by_request.pop("s-2"),
            lambda run: update(run.row("run1"), key=99),
            lambda run: update(run.runs[1], state=5),
            lambda run: update(run.runs[1], target="clean"),
            lambda run: update(run.runs[2], us=run.runs[1]["us"]),
            lambda run: update(run.runs[2], us=9 * 60 * 10**6)],
}


def findings(run):
    """Check number → its findings."""
    found = {name.split("_")[1]: list(check(run)) for name, check in invariants.CHECKS.items()}
    return {name: texts for name, texts in found.items() if texts}


class InvariantsTest(unittest.TestCase):
    def test_a_sound_run_has_no_findings(self):
        self.assertEqual(findings(FakeTraces()), {})

    def test_every_check_has_a_corruption(self):
        self.assertEqual({name.split("_")[1] for name in invariants.CHECKS}, CORRUPTIONS.keys())

    def test_every_corruption_is_found_by_its_check(self):
        for check, corruptions in CORRUPTIONS.items():
            for number, corrupt in enumerate(corruptions):
                with self.subTest(check=check, corruption=number):
                    run = FakeTraces()
                    corrupt(run)
                    self.assertIn(check, findings(run))

    def test_a_message_that_a_jumped_clock_dated_is_explained_and_one_that_is_signed_wrong_is_not(self):
        run = FakeTraces()
        run.faults.append({"kind": "jump_clock", "target": "scheduler0 clock", "start": START + 5, "end": START + 7,
                           "number": 3600, "held": [], "holder": False})
        update(run.received[0], genuine=False)
        self.assertNotIn("i22", findings(run))
        update(run.received[0], signed=False)
        self.assertIn("i22", findings(run))

    def test_a_loss_that_a_jumped_clock_dated_is_explained_by_the_fault_of_its_true_time(self):
        run = FakeTraces()
        run.faults.append({"kind": "jump_clock", "target": "scheduler0 clock", "start": START + 5, "end": START + 7,
                           "number": 3600, "held": [], "holder": False})
        run.event("lost", "retry")["us"] += 3600 * 10**6
        self.assertNotIn("i10", findings(run))
        run.event("lost", "retry")["us"] += 3600 * 10**6
        self.assertIn("i10", findings(run))

    def test_a_goal_is_missed_only_where_enough_was_seen_on_a_machine_with_time(self):
        run = FakeTraces()
        update(run.run, tier="long", load=1.5, cores=2)
        run.faults = [{"kind": "kill_agent", "target": "worker1", "start": START + 100 * i, "end": START + 100 * i + 1,
                       "number": 0, "held": [[f"slow{i}", 1]], "holder": True} for i in range(goals.SAMPLES_MIN)]
        for i, fault in enumerate(run.faults):
            run.add(f"slow{i}", [("claim", t.PROCESSING), ("retry", t.PENDING)], worker="w1-1")
            run.event(f"slow{i}", "retry")["us"] = int((fault["start"] + 5) * 1e6)
        self.assertEqual(len(list(goals.check_goals(run))), 1)
        for change in ({"tier": "short"}, {"load": 2.5}, {"timing": {**run.run["timing"], "--broken-stream-ttl": 5}}):
            with self.subTest(change=change):
                kept = dict(run.run)
                update(run.run, **change)
                self.assertEqual(list(goals.check_goals(run)), [])
                run.run = kept
        del run.faults[0]
        self.assertEqual(list(goals.check_goals(run)), [])

    def test_every_transition_outside_the_table_is_found(self):
        for state in range(1, 11):
            for name in t.EVENT_NAMES.values():
                if name in ("", "create") or (state, name) in invariants.LEGAL:
                    continue
                with self.subTest(state=state, event=name):
                    run = FakeTraces()
                    update(run.event("clean", "complete"), name=name, from_state=state)
                    update(run.event("clean", "claim"), to_state=state)
                    self.assertIn("i7", findings(run))


if __name__ == "__main__":
    unittest.main()
