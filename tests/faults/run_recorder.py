"""Looks at the database while a campaign runs and dumps it at the end: read-only SQL, past every proxy.

probes.jsonl: what the tables held at moments of the run. `snapshot` is one statement, so one moment: each figure
counts rows that contradict each other and must be 0. `told` compares what clients had been told before the probe
with what the database held after: nobody is told what is not yet committed.
"""

import json
import time

SNAPSHOT = """
select
  (select count(*) from job where (state in (3, 4, 6)) <> (lease_token <> '')) as leases,
  (select count(*) from job where state in (3, 4, 6) and worker = '') as workers,
  (select count(*) from (select key >> 8 as page, count(*) filter (where state not in (7, 8, 9, 10)) as live
                         from job where project = 'default' group by 1) as counted
     full join (select page, live from job_page where project = 'default') as kept using (page)
     where coalesce(counted.live, 0) <> coalesce(kept.live, 0)) as live,
  (select count(*) from job join job_spec on job_key = key left join job_result using (job_key)
     where case when state = 7 then manifest_uri is null and not stages <@ '["noop"]' else manifest_uri is not null end)
     as results,
  (select count(*) from (select state, count(*) as jobs from job where project = 'default' group by state) as counted
     full join (select state, jobs from job_state_count where project = 'default') as kept using (state)
     where coalesce(counted.jobs, 0) <> coalesce(kept.jobs, 0)) as counts,
  (select count(*) from job join (select job_key, max(sequence) as last, count(*) as events from job_history group by 1)
     as history on job_key = key where version <> last or version <> events) as versions,
  (select count(*) from job where key not in (select job_key from job_history)) as histories
"""
FIGURES = ("leases", "workers", "live", "results", "counts", "versions", "histories")

TABLES = {
    "job": """select key, id, request_id, uid, state, attempt, charges, losses, version, lease_token, worker,
                error_reason, max_attempts, created_by, batch_id, operation_index from job_record""",
    "job_event": """select job_key, sequence, unix_us(time) as us, event, coalesce(from_state, 0) as from_state,
                      to_state, attempt, worker, actor, reason, message from job_history""",
    "job_result": "select job_key, manifest_uri, manifest_sha256, outputs::text as outputs from job_result",
    "job_page": "select page, live from job_page where live <> 0",
    "file": "select id, uri, produced_by from file",
    "deleted_job": "select key, id from deleted_resource where kind = 1",
    "schedule": "select uid, runs, skipped, missed from schedule",
    "schedule_run": "select number, unix_us(fire_time) as us, is_triggered, state, target from schedule_run",
    "job_state_count": "select project, state, jobs from job_state_count",
}


class Recorder:
    def __init__(self, fleet, names):
        self.fleet = fleet
        self.journals = {fleet.folder / "journals" / f"{name}.jsonl": 0 for name in names}
        self.told = {}  # Job id → the newest version a client was told.
        self.fresh = set()
        self.file = open(fleet.folder / "probes.jsonl", "a", encoding="utf-8")

    def read_journals(self):
        for path, offset in self.journals.items():
            if not path.exists():
                continue
            with open(path, "rb") as file:
                file.seek(offset)
                text = file.read()
            whole = text[:text.rfind(b"\n") + 1]
            self.journals[path] += len(whole)
            for line in whole.splitlines():
                entry = json.loads(line)
                if entry.get("version"):
                    job, version = entry["job"].split("/")[-1], int(entry["version"])
                    if version > self.told.get(job, 0):
                        self.told[job] = version
                        self.fresh.add(job)

    def probe(self):
        """Writes one line; nothing when the database does not answer."""
        self.read_journals()
        asked = sorted(self.fresh)[:2000]
        now = time.time()
        ids = ",".join(f"'{job}'" for job in asked) or "''"
        rows = self.fleet.postgres.query(f"select id, version from job where id in ({ids})", check=False)
        snapshot = self.fleet.postgres.query(SNAPSHOT, check=False)
        leases = self.fleet.postgres.query(
            "select id, attempt, lease_token, worker from job where state in (3, 4, 6)", check=False)
        if rows is None or not snapshot or leases is None:
            return
        self.fresh -= set(asked)
        read = {job: int(version) for job, version in (row.split("\t") for row in rows.splitlines())}
        self.write({"t": now, "snapshot": dict(zip(FIGURES, map(int, snapshot.split("\t")))),
                    "told": [[job, self.told[job], read.get(job)] for job in asked],
                    "leases": [row.split("\t") for row in leases.splitlines()]})

    def write(self, line):
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()

    def dump(self):
        """Writes the tables as they are now to tables/*.csv."""
        folder = self.fleet.folder / "tables"
        folder.mkdir()
        for name, sql in TABLES.items():
            copy = f"copy ({sql}) to stdout with (format csv, header)"
            (folder / f"{name}.csv").write_text(self.fleet.postgres.query(copy) + "\n", encoding="utf-8")
