"""What a soak is for: sizes of tables, cost of a claim and what processes use, over time, as a CSV file."""

import csv
import pathlib
import time

from usage import CONNECTIONS, MIB, descriptors_of, memory_mib

TABLES = ("job", "job_spec", "job_page", "job_event", "job_result", "job_state_count", "leadership")
SIZES = """select relname, pg_total_relation_size(relid), n_dead_tup from pg_stat_user_tables"""
# Milliseconds that the server spent on claims since it started (a killed one forgets it), and claims ever made.
CLAIM_COST = """select (select coalesce(sum(total_exec_time), 0) from pg_stat_statements where query ~* 'with claimed as'),
                       (select coalesce(sum(attempt), 0) from job)"""
COLUMNS = ("seconds", "claims", "claim_us", "connections", *(f"{table}_mib" for table in TABLES),
           *(f"{table}_dead_rows" for table in TABLES), "scheduler_fds", "scheduler_rss_mib", "worker_fds", "worker_rss_mib")


class Sampler:
    """Writes a line of the CSV file at every sample(). The server needs pg_stat_statements."""

    def __init__(self, fleet, path):
        self.fleet = fleet
        self.start = time.time()
        self.claims = (0.0, 0.0)  # Milliseconds and claims at the last sample.
        self.file = open(path, "w", newline="", encoding="utf-8")
        self.lines = csv.DictWriter(self.file, COLUMNS)
        self.lines.writeheader()
        fleet.postgres.query("create extension if not exists pg_stat_statements")

    def sample(self):
        """Nothing when the database does not answer."""
        sizes, cost, connections = (self.fleet.postgres.query(sql, check=False) for sql in (SIZES, CLAIM_COST, CONNECTIONS))
        if not sizes or not cost or not connections:
            return
        line = {"seconds": round(time.time() - self.start, 1), "connections": connections}
        line["claims"], line["claim_us"] = self.claims_since(*map(float, cost.split("\t")))
        for name, size, dead in (row.split("\t") for row in sizes.splitlines()):
            if name in TABLES:
                line[f"{name}_mib"], line[f"{name}_dead_rows"] = round(int(size) / MIB, 2), dead
        for kind, programs in (("scheduler", self.fleet.schedulers), ("worker", self.fleet.workers)):
            line[f"{kind}_fds"] = sum(len(descriptors_of(program.pid)) for program in programs)
            line[f"{kind}_rss_mib"] = sum(memory_mib(program.pid) for program in programs)
        self.lines.writerow(line)
        self.file.flush()

    def claims_since(self, milliseconds, claims):
        """Claims since the last sample and what each cost; unknown when the server forgot meanwhile."""
        before, self.claims = self.claims, (milliseconds, claims)
        more = claims - before[1]
        return int(more), round(1000 * (milliseconds - before[0]) / more, 1) if more and milliseconds >= before[0] else ""


def read_samples(path):
    """The lines of a CSV file, figures as numbers; [] when there is none."""
    if path is None or not pathlib.Path(path).exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in line.items() if value} for line in csv.DictReader(file)]


def growth(samples):
    """First tenth of a soak → last tenth."""
    tenth = max(1, len(samples) // 10)
    if len(samples) < 2 * tenth:
        return {}

    def claim_us(part):
        claims = sum(line["claims"] for line in part if "claim_us" in line)
        return round(sum(line["claims"] * line["claim_us"] for line in part if "claim_us" in line) / claims, 1) if claims else None

    first, last = samples[0], samples[-1]
    return {
        "samples": len(samples),
        "claim_us_first_last": [claim_us(samples[:tenth]), claim_us(samples[-tenth:])],
        "table_mib_first_last": {table: [first[f"{table}_mib"], last[f"{table}_mib"]] for table in TABLES},
        "dead_rows_last": {table: int(last[f"{table}_dead_rows"]) for table in TABLES},
    }
