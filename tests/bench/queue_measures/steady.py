"""What a fleet costs that has much to report, and one that has nothing to do."""

import os
import pathlib
import time

from fleet import Database, Fleet
from private_postgres import wait_for

RUNNING_JOBS = 10_000
RUNNING_SLOTS = 1_000  # Of a worker process; 1,024 is the most.
RUNNING_MS = 600_000
REPORT_SECONDS = 3  # The product's own interval.
WINDOW_SECONDS = 30
SETTLE_SECONDS = 12  # A session of PostgreSQL tells its statistics after 10 s without work at the latest.
START_SECONDS = 120
BULK_CALLERS = 4

WRITES = "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables"
WRITES_OF_JOBS = WRITES + " where relname <> 'leadership'"


def cpu_seconds(pid, reaped=False):
    """User and system time of a process so far, of the children it has waited for too if `reaped`."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15 if reaped else 13])) / os.sysconf("SC_CLK_TCK")


def cpu_of_fleet(fleet):
    server = fleet.database.server.pid
    backends = pathlib.Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return {"postgres": cpu_seconds(server, reaped=True) + sum(map(cpu_seconds, backends)),
            "scheduler": sum(cpu_seconds(child.pid) for child in fleet.schedulers),
            "workers": sum(cpu_seconds(child.pid) for child in fleet.workers)}


def running(bench):
    with Fleet(bench, "running") as fleet:
        fleet.start_workers(RUNNING_JOBS // RUNNING_SLOTS, slots=RUNNING_SLOTS)
        fleet.load("bulk", RUNNING_JOBS, BULK_CALLERS, RUNNING_MS)
        wait_for("all jobs running", lambda: fleet.metric("dq_worker_slots_busy") == RUNNING_JOBS, START_SECONDS)
        time.sleep(SETTLE_SECONDS)  # What the start has written is told.
        jobs_before, all_before, cpu_before = int(fleet.query(WRITES_OF_JOBS)), int(fleet.query(WRITES)), cpu_of_fleet(fleet)
        start = time.monotonic()
        time.sleep(WINDOW_SECONDS)
        cpu, seconds = cpu_of_fleet(fleet), time.monotonic() - start
        time.sleep(SETTLE_SECONDS)  # What the window has written is told.
        beats = RUNNING_JOBS * (seconds + SETTLE_SECONDS) / REPORT_SECONDS
        figures = {f"running_{name}_cpu_percent": 100 * (cpu[name] - cpu_before[name]) / seconds for name in cpu}
        return {**figures, "running_jobs": fleet.metric("dq_worker_slots_busy"),
                "running_rows_written_per_beat": (int(fleet.query(WRITES_OF_JOBS)) - jobs_before) / beats,
                "running_rows_written_per_second": (int(fleet.query(WRITES)) - all_before) / (seconds + SETTLE_SECONDS)}


def statements_per_second(database, name):
    count = f"""select coalesce(sum(calls), 0) from pg_stat_statements
                where dbid = (select oid from pg_database where datname = '{name}')"""
    before, start = int(database.query(count)), time.monotonic()
    time.sleep(WINDOW_SECONDS)
    return (int(database.query(count)) - before) / (time.monotonic() - start)


def idle(bench):
    """On a server of its own, which counts statements; those of `postgres`, our own, are left out."""
    database = Database(bench.processes, bench.work / "counting", ("shared_preload_libraries=pg_stat_statements",))
    database.query("create extension pg_stat_statements")
    figures = {}
    for name, schedulers in (("idle", 1), ("idle_with_standby", 2)):
        with Fleet(bench, name, schedulers, database) as fleet:
            fleet.start_workers(bench.workers)
            fleet.load("submit", bench.workers, 1)
            time.sleep(SETTLE_SECONDS)
            figures[f"{name}_queries_per_second"] = statements_per_second(database, name)
    database.stop()
    return figures
