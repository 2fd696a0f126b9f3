"""Jobs of a campaign that are deleted once they have ended, through dqctl, while everything breaks.

journals/deletions.jsonl has the lines of any client (`submit`, `ack`, `seen`, `delete`, `delete_ack`), and what the API says of
the job afterwards: `gone`, and `history` with the events that are still told.
"""

import hashlib
import json
import random
import time

import workload
from dqctl_client import DqctlClient

ROWS = 40
STATES = {name: number for number, name in enumerate(
    ("PENDING", "QUEUED", "PROCESSING", "PAUSING", "PAUSED", "CANCELLING", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED"), 1)}


def make_deletions(fleet, seed, count, seconds):
    """Uploads an input for each of `count` jobs over `seconds`. Returns what is to become of them, and file id → what its
    cleaned bytes are."""
    source = random.Random(f"{seed} deletions")
    deletions, expected = [], {}
    for number in range(count):
        name = f"gone-{number}"
        dirty, cleaned = workload.make_input(f"{seed} {name}", ROWS)
        path = fleet.folder / f"{name}.csv"
        path.write_text(dirty)
        uploaded = json.loads(fleet.dqctl("file", "upload", path, "--file-id", f"{name}-input", "-o", "json"))
        expected[f"{name}-input"] = {"CLEANED": hashlib.sha256(cleaned.encode()).hexdigest()}
        fate = source.choice(("with_input", "without_input", "again"))
        deletions.append({"id": name, "at": 0.8 * seconds * number / count, "input": f"{name}-input",
                          "input_uri": uploaded["uri"],
                          "with_input": fate == "with_input", "again": fate == "again"})
    return deletions, expected


class DeletionClient(DqctlClient):
    """Submits each job at its time, deletes it once it has ended, and has another one under the same name after some."""

    def __init__(self, fleet, deletions, start):
        self.deletions = deletions
        super().__init__(fleet, start, "deletions")

    def work(self):
        coming, open_ones = list(self.deletions), []
        while (coming or open_ones) and not self.stopping.is_set():
            if coming and time.time() >= self.start_time + coming[0]["at"]:
                open_ones.append((coming[0], coming[0]["id"]))
                self.submit(*open_ones[-1], coming.pop(0)["id"])
            open_ones = [later for one in open_ones for later in self.look_after(*one)]
            self.rest()

    def submit(self, deletion, request, name):
        self.write(what="submit", request_id=request)
        answer = self.insist("job", "submit", f"files/{deletion['input']}", "--job-id", name, "--request-id", request,
                             "--max-attempts", "100")
        if answer:
            self.see("ack", request, answer, existed=False)

    def see(self, what, request, job, **more):
        outputs = [output["sha256"] for output in job.get("output_files", [])]
        self.write(what=what, request_id=request, job=job["name"], uid=job["uid"], version=job["etag"], outputs=outputs,
                   state=STATES[job["state"].removeprefix("JOB_STATE_")], **more)

    def look_after(self, deletion, request):
        """Returns what is left to be looked after."""
        job = self.ask("job", "get", deletion["id"])
        if not job or not job.get("end_time"):
            return [(deletion, request)]
        files = [output["file"].split("/")[-1] for output in job.get("output_files", [])]
        folders = [self.insist("file", "get", file)["uri"].rsplit("/", 1)[0] for file in files[:1]]
        self.see("seen", request, job, files=files, folders=folders)
        if request != deletion["id"]:
            return []
        self.delete(deletion, request)
        if not deletion["again"]:
            return []
        self.submit(deletion, f"{request}-again", deletion["id"])
        return [(deletion, f"{request}-again")]

    def delete(self, deletion, request):
        name = deletion["id"]
        words = ["job", "delete", name, "--reason", f"delete of {request}"] + ["--with-input"] * deletion["with_input"]
        self.write(what="delete", request_id=request)
        if self.insist(*words) is None:
            return
        self.write(what="delete_ack", request_id=request, job=f"projects/default/jobs/{name}")
        while not self.stopping.is_set():
            done = self.run("job", "get", name)
            if "JOB_NOT_FOUND" in done.stderr or done.returncode == 0:
                break
            self.rest()
        self.write(what="gone", request_id=request, answer=done.stdout + done.stderr)
        if (events := self.insist("job", "events", name)) is not None:
            self.write(what="history", request_id=request, events=[event["event"] for event in events])
        self.insist(*words)  # Once more is no error, and no second deletion.
