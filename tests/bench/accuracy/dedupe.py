#!/usr/bin/env python3
"""Measures the accuracy of `dq-worker run --chain dedupe --match fuzzy` with default options.

Usage: dedupe.py --worker PATH --data-dir DIR [--text] [--only NAME,..] [--keep DIR] [--seeds N]

DIR holds dedupe/*.csv with their truth; sets that are not there are skipped. Truth columns are removed before matching. The seeded
tables of dedupe_polluters.py are measured as well. Prints precision, recall and F1 of pairs and of
whole clusters; nothing is passed or failed here.
"""

import argparse
import collections
import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import dedupe_polluters  # noqa: E402
from cleaning import f1  # noqa: E402

TRUTH_COLUMNS = {"rec_id", "cluster", "unique_id", "class"}


def read(path, **dialect):
    with open(path, newline="", encoding="utf-8") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file, **dialect) if row]
    return [name.strip() for name in rows[0]], rows[1:]


def by_column(path, column, entity_of=lambda value: value, **dialect):
    header, rows = read(path, **dialect)
    at = header.index(column)
    return header, rows, [entity_of(row[at]) for row in rows]


def by_matches(path, matches, identifier, **dialect):
    """Entities from a file of pairs of ids."""
    header, rows = read(path, **dialect)
    at = header.index(identifier)
    parent = {row[at]: row[at] for row in rows}

    def root(x):
        while parent[x] != x:
            x = parent[x]
        return x
    for left, right in read(matches)[1]:
        if left not in parent or right not in parent:
            continue  # The published matches name a few records that the table lacks.
        parent[root(left)] = root(right)
    return header, rows, [root(row[at]) for row in rows]


def sources(folder):
    """name → function that loads (header, rows, entities)."""
    known = {
        "febrl1": lambda p: by_column(p / "febrl1.csv", "rec_id", lambda v: v.split("-")[1], skipinitialspace=True),
        "febrl2": lambda p: by_column(p / "febrl2.csv", "rec_id", lambda v: v.split("-")[1], skipinitialspace=True),
        "fake_1000": lambda p: by_column(p / "fake_1000.csv", "cluster"),
        "fodors_zagats": lambda p: by_matches(p / "fodors_zagats.csv", p / "fodors_zagats_matches.csv", "id",
                                              quotechar="'", escapechar="\\", doublequote=False),
        "restaurant": lambda p: by_column(p / "restaurant.csv", "unique_id", skipinitialspace=True),
        "abt_buy": lambda p: by_matches(p / "abt_buy.csv", p / "abt_buy_matches.csv", "id"),
    }
    return {name: (lambda load=load: load(folder)) for name, load in known.items()
            if (folder / f"{name}.csv").exists()}


def run_worker(worker, header, rows, folder):
    keep = [i for i, name in enumerate(header) if name not in TRUTH_COLUMNS]
    with open(folder / "in.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([header[i] for i in keep])
        writer.writerows([row[i] for i in keep] for row in rows)
    start = time.monotonic()
    subprocess.run([worker, "run", "--input", folder / "in.csv", "--output", folder / "out.csv",
                    "--report", folder / "report.json", "--clusters", folder / "clusters.csv",
                    "--chain", "dedupe", "--match", "fuzzy", "--progress", "none"], check=True,
                   stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    found = [-1 - i for i in range(len(rows))]
    with open(folder / "clusters.csv", newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            found[int(line["row"]) - 1] = int(line["cluster_id"])
    return found, seconds


def pairs_of(labels):
    return sum(n * (n - 1) // 2 for n in collections.Counter(labels).values())


def clusters_of(labels):
    members = collections.defaultdict(list)
    for row, label in enumerate(labels):
        members[label].append(row)
    return {tuple(rows) for rows in members.values() if len(rows) > 1}


def measure(worker, load, folder):
    header, rows, truth = load()
    found, seconds = run_worker(worker, header, rows, folder)
    true_clusters, found_clusters = clusters_of(truth), clusters_of(found)
    return {"rows": len(rows), "seconds": round(seconds, 2),
            "pairs": f1(pairs_of(found), pairs_of(list(zip(truth, found))), pairs_of(truth)),
            "clusters": f1(len(found_clusters), len(true_clusters & found_clusters), len(true_clusters))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--text", action="store_true", help="a line a table as it is measured, no JSON")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", default="", help="folder in which the files of each run stay")
    parser.add_argument("--seeds", type=int, default=2, help="tables of each kind to generate")
    options = parser.parse_args()
    loads = sources(pathlib.Path(options.data_dir) / "dedupe")
    for kind, make in dedupe_polluters.ALL.items():
        for seed in range(1, options.seeds + 1):
            loads[f"made_{kind}_{seed}"] = lambda make=make, seed=seed: make(seed)
    wanted = [w for w in options.only.split(",") if w]
    result = {}
    for name, load in loads.items():
        if wanted and not any(name.startswith(w) for w in wanted):
            continue
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            if options.keep:
                folder = pathlib.Path(options.keep) / name
                folder.mkdir(parents=True, exist_ok=True)
            result[name] = measure(options.worker, load, folder)
        if options.text:
            p, c = result[name]["pairs"], result[name]["clusters"]
            print(f"{name:24} rows {result[name]['rows']:6} {result[name]['seconds']:6.2f} s  "
                  f"pairs P {p['precision']:.4f} R {p['recall']:.4f} F1 {p['f1']:.4f}  "
                  f"clusters P {c['precision']:.4f} R {c['recall']:.4f} F1 {c['f1']:.4f}", flush=True)
    if not options.text:
        print(json.dumps({"tables": result}))


if __name__ == "__main__":
    main()
