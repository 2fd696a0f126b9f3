#!/usr/bin/env python3
"""Compares dq-worker's stage dedupe with naive_dedupe.py on many small seeded tables.

Usage: naive_dedupe_compare.py DQ_WORKER [TABLES [FIRST_SEED]]

Every table goes through one run per seed with options drawn from it; the cleaned file, the clusters and the
changes must be equal. A difference prints the seed: naive_dedupe_compare.py DQ_WORKER 1 SEED repeats it.
"""

import csv
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import naive_dedupe  # noqa: E402

NAMES = ["anna", "Anna", " ANNA ", "Ánna", "bo li", "Bo  Li", "cy", ""]
TOWNS = ["Köln", "koln", "Bonn", "", "  "]
CODES = ["A-1", "A1", "a1", "A 1", "xY7", "xy7", "kLm", "", " A1"]
DATES = ["2020-01-01", "2021-05-05", "2019-12-31", "", "soon"]
HEADER = ["name", "town", "changed", "n", "sku"]


def table(rng):
    codes = rng.sample(CODES, rng.randrange(2, len(CODES)))
    return [[rng.choice(NAMES), rng.choice(TOWNS), rng.choice(DATES), rng.choice(["1", "2", "10", ""]), rng.choice(codes)]
            for _ in range(rng.randrange(1, 25))]


def options(rng):
    survivor = rng.choice(["first", "most_complete", "newest"])
    return {"match": rng.choice(["exact", "normalised"]),
            "compared": rng.choice([[], ["name"], ["name", "town"], ["sku"], ["sku", "name"]]),
            "survivor": survivor,
            "newest": rng.choice([2, 3]) if survivor == "newest" else None,
            "merge": rng.random() < 0.5}


def run(worker, rows, chosen, folder):
    with open(folder / "in.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER] + rows)
    survivor = chosen["survivor"]
    command = [worker, "run", "--input", "in.csv", "--output", "out.csv", "--report", "report.json",
               "--clusters", "clusters.csv", "--changes", "changes.csv", "--chain", "dedupe",
               "--match", chosen["match"], "--progress", "none",
               "--survivor", f"newest:{HEADER[chosen['newest']]}" if survivor == "newest" else survivor]
    if chosen["compared"]:
        command += ["--dedupe-columns", ",".join(chosen["compared"])]
    if chosen["merge"]:
        command.append("--merge")
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    def read(name):
        with open(folder / name, newline="", encoding="utf-8") as file:
            return list(csv.reader(file))[1:]
    # The streaming stage writes a cluster when it meets its second record: the order is not compared.
    return read("out.csv"), sorted(read("clusters.csv"), key=lambda line: int(line[0])), read("changes.csv")


def main():
    worker = str(pathlib.Path(sys.argv[1]).resolve())
    tables = int(sys.argv[2]) if len(sys.argv) > 2 else 400
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + tables):
            rng = random.Random(seed)
            rows, chosen = table(rng), options(rng)
            found = run(worker, rows, chosen, pathlib.Path(folder))
            expected = naive_dedupe.dedupe(HEADER, rows, **chosen)
            for name, one, other in zip(("cleaned", "clusters", "changes"), found, expected):
                if one != list(other):
                    sys.exit(f"seed {seed}: {name} differs with {chosen}\n{rows}\nfound    {one}\nexpected {other}")
    print(f"{tables} tables are equal")


if __name__ == "__main__":
    main()
