#!/usr/bin/env python3
"""Checks that fuzzy matching keeps the records of grouped_tables.py and finds the copies among them.

Usage: grouped_tables_check.py DQ_WORKER [SEEDS [KIND,..]]

Of every kind of table and seed there is one without copies, whose records are all kept, and one with 5 % copies,
which are found and little else, whatever threads and memory limit are. Customers entered twice are found though
every record has times of its own. A failure names kind and seed, which repeat it.
"""

import csv
import itertools
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import grouped_tables  # noqa: E402

COPIES = 0.05
# Of the records, without copies: titles of one word meet by chance.
LOST_MAX = 0.004
PRECISION_MIN, RECALL_MIN = 0.45, 0.65
STAMPED_PRECISION_MIN, STAMPED_RECALL_MIN = 0.98, 0.85


def run(worker, header, rows, folder, *options):
    """For every row the row that stays for it."""
    with open(folder / "in.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header] + rows)
    subprocess.run([worker, "run", "--input", "in.csv", "--output", "out.csv", "--report", "report.json",
                    "--clusters", "clusters.csv", "--chain", "dedupe", "--match", "fuzzy", "--progress", "none", *options],
                   check=True, cwd=folder, stdout=subprocess.DEVNULL)
    stays = list(range(len(rows)))
    with open(folder / "clusters.csv", newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            stays[int(line["row"]) - 1] = int(line["cluster_id"]) - 1
    return stays


def pairs_of(labels):
    members = {}
    for row, label in enumerate(labels):
        members.setdefault(label, []).append(row)
    return {pair for rows in members.values() for pair in itertools.combinations(rows, 2)}


def check(worker, kind, seed, folder):
    """What is wrong with the tables of a kind and seed, a line each."""
    header, rows, _ = grouped_tables.make(kind, seed)
    stays = run(worker, header, rows, folder)
    lost = len(rows) - len(set(stays))
    if lost > LOST_MAX * len(rows):
        yield f"lost {lost} of {len(rows)} records that are no copies"
    header, rows, entities = grouped_tables.make(kind, seed, copies=COPIES)
    stays = run(worker, header, rows, folder, "--threads", "1")
    if stays != run(worker, header, rows, folder, "--threads", "3", "--memory-limit", "256MiB"):
        yield "threads or memory limit matter"
    found, true = pairs_of(stays), pairs_of(entities)
    yield from judge(found, true, PRECISION_MIN, RECALL_MIN)


def judge(found, true, precision_min, recall_min):
    right = len(found & true)
    if right < precision_min * len(found):
        yield f"of {len(found)} pairs found {right} are copies"
    if right < recall_min * len(true):
        yield f"of {len(true)} copies {right} are found"


def check_stamped(worker, seed, folder):
    header, rows, entities = grouped_tables.stamped_customers(seed)
    found, true = pairs_of(run(worker, header, rows, folder)), pairs_of(entities)
    return judge(found, true, STAMPED_PRECISION_MIN, STAMPED_RECALL_MIN)


def main():
    worker = str(pathlib.Path(sys.argv[1]).resolve())
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    kinds = sys.argv[3].split(",") if len(sys.argv) > 3 else list(grouped_tables.KINDS)
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, seed in itertools.product(kinds, range(1, seeds + 1)):
            wrong += [f"{kind}, seed {seed}: {line}" for line in check(worker, kind, seed, pathlib.Path(folder))]
        for seed in range(1, seeds + 1):
            wrong += [f"stamped customers, seed {seed}: {line}"
                      for line in check_stamped(worker, seed, pathlib.Path(folder))]
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(kinds) * seeds * 2 + seeds} tables are as they should be")


if __name__ == "__main__":
    main()
