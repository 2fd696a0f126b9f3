"""The schedule of a campaign: fires every minute, and is triggered through dqctl while everything breaks.

Which triggers were acknowledged stands in journals/schedule.jsonl, with the number of their run.
"""

from dqctl_client import DqctlClient

NAME = "minutely"
TRIGGERS = 40


class ScheduleClient(DqctlClient):
    """Makes the schedule, triggers it until `seconds` have gone by, pauses it, and asks until all of its runs have ended."""

    def __init__(self, fleet, start, seconds):
        self.seconds = seconds
        super().__init__(fleet, start, "schedule")

    def work(self):
        # Five minutes: a clock that jumps by an hour would queue sixty runs.
        self.insist("schedule", "create", "--chain", "noop", "--noop-ms", "50", "--cron", "* * * * *", "--overlap", "queue",
                    "--catch-up", "5m", "--max-attempts", "100", "--schedule-id", NAME, "--request-id", NAME)
        for number in range(TRIGGERS):
            if not self.wait_until(self.seconds * number / TRIGGERS):
                return
            # One that fails may be a run all the same: nobody was told.
            if answer := self.ask("schedule", "trigger", NAME):
                self.write(number=int(answer["number"]))
        self.insist("schedule", "pause", NAME)
        while not self.stopping.is_set():
            answer = self.insist("schedule", "get", NAME)
            if not answer or all(run.get("end_time") for run in answer["recent_runs"]):
                return
            self.rest()
