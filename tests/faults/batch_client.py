"""Batches of a campaign: submitted through dqctl while everything breaks, and watched until they end.

What was acknowledged stands in journals/batches.jsonl, `what` = ack | end.
"""

import json
import random
import subprocess
import threading
import time

OPERATIONS = (2, 7)
# The smallest inputs: a batch is about the order of its operations, not about their work.
INPUTS_USED = 3
REPEAT_SECONDS = 0.5


def make_batches(seed, count, seconds, inputs):
    """Returns `count` batches over `seconds`: which files, in which mode, from when on."""
    source = random.Random(f"{seed} batches")
    few = sorted(inputs)[:INPUTS_USED]
    batches = []
    for number in range(count if few else 0):
        files = [source.choice(few) for _ in range(source.randint(*OPERATIONS))]
        sequential = source.random() < 0.5
        batches.append({"id": f"batch-{number}", "at": 0.8 * seconds * number / count, "files": files, "sequential": sequential,
                        "max_parallel": 0 if sequential else source.randint(1, 2)})
    return batches


class BatchClient:
    """Submits each batch at its time, again and again until it is acknowledged, then asks until it has ended."""

    def __init__(self, fleet, batches, start):
        self.fleet, self.batches, self.start_time = fleet, batches, start
        self.addresses = ",".join(f"127.0.0.1:{port}" for port in fleet.ports)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.file = open(fleet.folder / "journals" / "batches.jsonl", "a", encoding="utf-8")
        self.thread.start()

    def is_alive(self):
        return self.thread.is_alive()

    def close(self):
        self.stopping.set()
        self.thread.join()
        self.file.close()

    def run(self):
        for batch in self.batches:
            if self.stopping.wait(max(0.0, self.start_time + batch["at"] - time.time())):
                return
            self.submit(batch)
        for batch in self.batches:
            self.await_end(batch)

    def submit(self, batch):
        mode = ["--sequential"] if batch["sequential"] else ["--max-parallel", str(batch["max_parallel"])]
        answer = self.insist("batch", "submit", *batch["files"], "--batch-id", batch["id"], "--request-id", batch["id"], *mode,
                             "--max-attempts", "100", "-o", "json")
        if answer:
            self.write(what="ack", batch=batch["id"], uid=answer["uid"])

    def await_end(self, batch):
        while not self.stopping.is_set():
            answer = self.insist("batch", "get", batch["id"], "-o", "json")
            if not answer or answer.get("end_time"):
                break
            self.stopping.wait(REPEAT_SECONDS)
        if answer:
            self.write(what="end", batch=batch["id"], uid=answer["uid"], state=answer["state"].removeprefix("BATCH_STATE_"),
                       counts={name: int(count) for name, count in answer["counts"].items()})

    def insist(self, *words):
        """Returns dqctl's JSON once it succeeds; None when the campaign ends before."""
        command = [self.fleet.bin / "bin/dqctl", "--address", self.addresses, *words]
        while not self.stopping.is_set():
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.fleet.folder,
                                  env={"HOME": str(self.fleet.folder)})
            if done.returncode == 0:
                return json.loads(done.stdout)
            self.stopping.wait(REPEAT_SECONDS)
        return None

    def write(self, **line):
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()
