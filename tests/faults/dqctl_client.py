"""A client of a campaign that works through dqctl, in a thread of its own, while everything breaks."""

import json
import subprocess
import threading
import time

REPEAT_SECONDS = 0.5


class DqctlClient:
    """Runs `work()` from its making on, and writes down what it was told in journals/NAME.jsonl."""

    def __init__(self, fleet, start, name):
        self.fleet, self.start_time = fleet, start
        self.addresses = ",".join(f"127.0.0.1:{port}" for port in fleet.ports)
        self.stopping = threading.Event()
        self.file = open(fleet.folder / "journals" / f"{name}.jsonl", "a", encoding="utf-8")
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        raise NotImplementedError

    def is_alive(self):
        return self.thread.is_alive()

    def close(self):
        self.stopping.set()
        self.thread.join()
        self.file.close()

    def wait_until(self, seconds):
        """Waits until so many seconds of the run have gone by. Returns whether the campaign goes on."""
        return not self.stopping.wait(max(0.0, self.start_time + seconds - time.time()))

    def rest(self):
        self.stopping.wait(REPEAT_SECONDS)

    def run(self, *words):
        """Runs dqctl once; returns what became of it."""
        return subprocess.run([self.fleet.bin / "bin/dqctl", "--address", self.addresses, *words], capture_output=True,
                              text=True, check=False, cwd=self.fleet.folder, env={"HOME": str(self.fleet.folder)})

    def ask(self, *words):
        """Returns dqctl's JSON, or None when it fails."""
        done = self.run(*words, "-o", "json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def insist(self, *words):
        """Returns dqctl's JSON once it succeeds; None when the campaign ends before."""
        while not self.stopping.is_set():
            if (answer := self.ask(*words)) is not None:
                return answer
            self.rest()
        return None

    def write(self, **line):
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()
