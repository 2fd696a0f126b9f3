"""What each figure is to be: the table that a report sets beside the figures."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Goal:
    what: str
    unit: str
    must: float | None = None
    stretch: float | None = None
    less_is_better: bool = False

    def verdict(self, value):
        """"stretch", "must", "missed"; None without a figure, or when there is no goal that it misses."""
        if value is None:
            return None

        def reaches(bound):
            return bound is not None and (value <= bound if self.less_is_better else value >= bound)

        if reaches(self.stretch):
            return "stretch"
        return "must" if reaches(self.must) else "missed" if self.must is not None else None


def at_least(what, unit, must=None, stretch=None):
    return Goal(what, unit, must, stretch)


def at_most(what, unit, must=None, stretch=None):
    return Goal(what, unit, must, stretch, less_is_better=True)


PER_SECOND, MS, BYTES, RATIO, CORE = "jobs/s", "ms", "bytes", "ratio", "% of a core"

GOALS = {
    "drain_jobs_per_second": at_least("no-op jobs queued before, first to last completion", PER_SECOND),
    "drain_ratio_to_graphile_worker": at_least("the same of both, in the same round", RATIO, 1.0, 1.5),
    "drain_wal_bytes_per_job": at_most("lease and completion, with events", BYTES),
    "life_jobs_per_second": at_least("bulk submit -> lease -> complete at the same time", PER_SECOND, 25_000, 40_000),
    "life_wal_bytes_per_job": at_most("the same, with events", BYTES, 4096),
    "bulk_submit_jobs_per_second": at_least("BatchCreateJobs of 1,000, 4 callers, durable", PER_SECOND, 80_000, 110_000),
    "streamed_submit_jobs_per_second": at_least("SubmitJobs in messages of 1,000, 4 streams, durable", PER_SECOND, 80_000, 110_000),
    "bulk_submit_wal_bytes_per_job": at_most("the same", BYTES),
    "submit_jobs_per_second": at_least("CreateJob, 16 callers, durable", PER_SECOND, 12_000, 15_000),
    "submit_256_jobs_per_second": at_least("CreateJob, 256 callers, durable", PER_SECOND),
    "submitted_singly_wal_bytes_per_job": at_most("CreateJob by 16 callers, then drained", BYTES, 4096),
    "start_p50_ms": at_most("CreateJob sent -> seen started, idle worker", MS, 1.5, 0.8),
    "start_p99_ms": at_most("the same", MS, 4, 2),
    "cancel_child_p50_ms": at_most("CancelJob sent -> the worker's child process has ended", MS),
    "cancel_child_p99_ms": at_most("the same", MS, 50, 10),
    "cancel_child_after_acknowledgement_p99_ms": at_most("CancelJob acknowledged -> child has ended", MS, 50, 10),
    "cancel_confirmed_p99_ms": at_most("CancelJob sent -> the worker's confirmation recorded and seen, noop", MS, 50, 10),
    "pause_child_p50_ms": at_most("PauseJob sent -> the child has written a checkpoint and ended; heard as soon as a cancel", MS),
    "pause_child_p99_ms": at_most("the same", MS),
    "pause_child_after_acknowledgement_p99_ms": at_most("PauseJob acknowledged -> child has ended", MS),
    "pause_confirmed_p99_ms": at_most("PauseJob sent -> the worker's confirmation recorded and seen, noop", MS, 50, 10),
    "snapshot_drain_jobs_per_second": at_least("drain while an older snapshot is open elsewhere", PER_SECOND),
    "snapshot_drain_ratio": at_least("to the drain without it in the same round", RATIO, 0.8, 0.95),
    "snapshot_last_to_first_tenth": at_least("rate of the last tenth of the jobs to that of the first", RATIO),
    "running_jobs": at_least("jobs that run and are reported on, noops in real worker processes", "jobs", 10_000),
    "running_postgres_cpu_percent": at_most("PostgreSQL while they run", CORE, 2.0),
    "running_scheduler_cpu_percent": at_most("the scheduler while they run", CORE),
    "running_workers_cpu_percent": at_most("all worker processes while they run", CORE),
    "running_rows_written_per_beat": at_most("rows of jobs written per report of a lease", "rows", None, 0.0),
    "running_rows_written_per_second": at_most("rows of all tables, the leader's own renewal with them", "rows/s"),
    "idle_queries_per_second": at_most("a leader and two workers with nothing to do", "queries/s", 1.0, 0.0),
    "idle_with_standby_queries_per_second": at_most("with a standby", "queries/s", 1.0, 0.0),
    "takeover_first_lease_seconds": at_most("leader killed -> first lease by the other", "s", 8.0),
    "takeover_loading_seconds": at_most("leadership acquired -> first lease", "s", 5.0),
    "takeover_queued_jobs": at_least("jobs queued at that moment", "jobs", 1_000_000),
    "takeover_rss_mib": at_most("the new leader's memory after its first lease", "MiB"),
    "restart_away_seconds": at_most("PostgreSQL killed -> accepts connections", "s"),
    "restart_recovered_seconds": at_most("accepts connections -> >= 95 % of the throughput before", "s", 30.0),
    "restart_throughput_before": at_least("single submits -> completion, 32 callers", PER_SECOND),
    "restart_throughput_after": at_least("the same, the last 10 s", PER_SECOND),
}
