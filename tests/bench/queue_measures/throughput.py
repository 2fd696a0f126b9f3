"""Rates: drain, whole life, submits. Each function measures one round and returns metric → figure."""

import contextlib
import statistics
import subprocess

from fleet import Fleet
from peer import Peer

SUBMIT_CALLERS = 16
SUBMIT_MANY = 256
SUBMIT_SHARE = 4  # Single submits are this much slower: a part of the jobs will do.
BULK_CALLERS = 4
BULK_JOBS_MIN = 1000


def jobs_in_bulk(bench):
    return max(bench.jobs, BULK_JOBS_MIN)


def drain_of(bench, name, around=contextlib.nullcontext):
    """Queues jobs and drains them inside `around(database name)`; returns (rates, WAL bytes per job)."""
    with Fleet(bench, name) as fleet, around(name):
        fleet.load("bulk", jobs_in_bulk(bench), BULK_CALLERS)
        before = bench.database.wal_bytes()
        rates = fleet.drain(jobs_in_bulk(bench) // BULK_JOBS_MIN * BULK_JOBS_MIN, bench.workers)
        return rates, (bench.database.wal_bytes() - before) / jobs_in_bulk(bench)


def peer_drain_of(bench, name, around=contextlib.nullcontext):
    with Peer(bench, name) as peer, around(name):
        peer.enqueue(bench.jobs)
        return peer.drain(bench.jobs)


def drain(bench):
    rates, wal = drain_of(bench, "drain")
    figures = {"drain_jobs_per_second": rates["jobs_per_second"], "drain_wal_bytes_per_job": wal}
    if bench.peer:
        theirs = peer_drain_of(bench, "peer_drain")
        figures["graphile_worker"] = {"drain_jobs_per_second": theirs}
        figures["drain_ratio_to_graphile_worker"] = rates["jobs_per_second"] / theirs
    return figures


def whole_life(bench):
    with Fleet(bench, "life") as fleet:
        fleet.start_workers(bench.workers)
        before = bench.database.wal_bytes()
        life = fleet.load("life", jobs_in_bulk(bench), BULK_CALLERS)
        figures = {"life_jobs_per_second": life["jobs_per_second"],
                   "life_wal_bytes_per_job": (bench.database.wal_bytes() - before) / jobs_in_bulk(bench)}
    if bench.peer:
        with Peer(bench, "peer_life") as peer:
            enqueued, drained = peer.enqueue(bench.jobs), peer.drain(bench.jobs)
        # One after the other: its script does not do both at once.
        figures["graphile_worker"] = {"life_jobs_per_second": 1 / (1 / enqueued + 1 / drained)}
    return figures


def bulk_submit(bench):
    with Fleet(bench, "bulk") as fleet:
        before = bench.database.wal_bytes()
        bulk = fleet.load("bulk", jobs_in_bulk(bench), BULK_CALLERS)
        figures = {"bulk_submit_jobs_per_second": bulk["jobs_per_second"],
                   "bulk_submit_wal_bytes_per_job": (bench.database.wal_bytes() - before) / jobs_in_bulk(bench)}
    with Fleet(bench, "stream") as fleet:
        streamed = fleet.load("stream", jobs_in_bulk(bench), BULK_CALLERS)
        figures["streamed_submit_jobs_per_second"] = streamed["jobs_per_second"]
    if bench.peer:
        with Peer(bench, "peer_bulk") as peer:
            figures["graphile_worker"] = {"bulk_submit_jobs_per_second": peer.enqueue(bench.jobs)}
    return figures


def single_submits(bench):
    jobs = max(1, bench.jobs // SUBMIT_SHARE)
    with Fleet(bench, "submit") as fleet:
        before = bench.database.wal_bytes()
        few = fleet.load("submit", jobs, SUBMIT_CALLERS)
        fleet.drain(jobs, bench.workers)
        wal = (bench.database.wal_bytes() - before) / jobs
    with Fleet(bench, "submit_many") as fleet:
        many = fleet.load("submit", jobs, SUBMIT_MANY)
    return {"submit_jobs_per_second": few["jobs_per_second"], "submit_256_jobs_per_second": many["jobs_per_second"],
            "submitted_singly_wal_bytes_per_job": wal}


@contextlib.contextmanager
def open_snapshot(bench, name):
    """Another session that has looked at the database and does nothing more until the end."""
    database = bench.database
    session = subprocess.Popen([database.bin / "psql", "-X", "-q", "-At", "-h", database.folder, "-p", str(database.port),
                                "-U", database.user, "-d", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        session.stdin.write("begin isolation level repeatable read;\nselect txid_current();\n")
        session.stdin.flush()
        session.stdout.readline()  # The snapshot is taken.
        yield
    finally:
        session.stdin.close()  # psql ends, and its transaction with it.
        session.wait()
        session.stdout.close()


def open_snapshot_elsewhere(bench):
    # Between two drains without it, so that a machine that gets slower or faster meanwhile says nothing about it.
    before, _ = drain_of(bench, "plain_before")
    held, _ = drain_of(bench, "held", lambda name: open_snapshot(bench, name))
    after, _ = drain_of(bench, "plain_after")
    plain = statistics.mean(rates["jobs_per_second"] for rates in (before, after))
    tenths = held["tenths_jobs_per_second"]
    figures = {"snapshot_drain_jobs_per_second": held["jobs_per_second"],
               "snapshot_drain_ratio": held["jobs_per_second"] / plain,
               "snapshot_last_to_first_tenth": tenths[-1] / tenths[0], "tenths_jobs_per_second": tenths}
    if bench.peer:
        without = peer_drain_of(bench, "peer_plain")
        with_it = peer_drain_of(bench, "peer_held", lambda name: open_snapshot(bench, name))
        figures["graphile_worker"] = {"snapshot_drain_jobs_per_second": with_it, "snapshot_drain_ratio": with_it / without}
    return figures
