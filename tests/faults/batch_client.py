"""Batches of a campaign: submitted through dqctl while everything breaks, and watched until they end.

What was acknowledged stands in journals/batches.jsonl, `what` = ack | end.
"""

import random

from dqctl_client import DqctlClient

OPERATIONS = (2, 7)
# The smallest inputs: a batch is about the order of its operations, not about their work.
INPUTS_USED = 3


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


class BatchClient(DqctlClient):
    """Submits each batch at its time, again and again until it is acknowledged, then asks until it has ended."""

    def __init__(self, fleet, batches, start):
        self.batches = batches
        super().__init__(fleet, start, "batches")

    def work(self):
        for batch in self.batches:
            if not self.wait_until(batch["at"]):
                return
            self.submit(batch)
        for batch in self.batches:
            self.await_end(batch)

    def submit(self, batch):
        mode = ["--sequential"] if batch["sequential"] else ["--max-parallel", str(batch["max_parallel"])]
        answer = self.insist("batch", "submit", *batch["files"], "--batch-id", batch["id"], "--request-id", batch["id"], *mode,
                             "--max-attempts", "100")
        if answer:
            self.write(what="ack", batch=batch["id"], uid=answer["uid"])

    def await_end(self, batch):
        answer = None
        while not self.stopping.is_set():
            answer = self.insist("batch", "get", batch["id"])
            if not answer or answer.get("end_time"):
                break
            self.rest()
        if answer:
            self.write(what="end", batch=batch["id"], uid=answer["uid"], state=answer["state"].removeprefix("BATCH_STATE_"),
                       counts={name: int(count) for name, count in answer["counts"].items()})
