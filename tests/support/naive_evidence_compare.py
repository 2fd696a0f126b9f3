#!/usr/bin/env python3
"""Compares the missing values that dq-worker finds by evidence with naive_evidence.py, on seeded columns of many kinds.

Usage: naive_evidence_compare.py DQ_WORKER [TABLES [FIRST_SEED]]

A table has ten columns of their own and three that belong together: a category, numbers or dates that are strange where it has
certain values, and cells that may lack in the same rows. What the report says of each must be what the naive rules say. A difference prints the seed
and the column; naive_evidence_compare.py DQ_WORKER 1 SEED repeats it.
"""

import collections
import csv
import datetime
import json
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import naive_evidence  # noqa: E402

COLUMNS = 10
STRANGE_NUMBERS = ["0", "-1", "9", "99", "999", "9999", "99999", "-9", "-99", "-999", "-9999", "888", "777", "7", "0.0", "-1.0", "99.9", "999.00",
                   "32767", "65535", "2147483647", "1e5", "5", "-2", "12345"]
STRANGE_DATES = ["1900-01-01", "1970-01-01", "9999-12-31", "0001-01-01", "1899-12-30", "2099-12-31", "1753-01-01", "1901-01-01", "1800-01-01",
                 "1985-05-05", "01.01.1900"]
STRANGE_CODES = ["00000", "99999", "77777", "11111", "0000000", "1111111", "123456789", "01/01/1900", "12/31/9999", "000-00-0000", "99-999"]
STRANGE_WORDS = ["not available", "Not Known", "xxxx", "----", "(none)", "#REF!", "tba", "n.d.", "s", "see file", "DNF", "G", "NOTED", "x patients", "no patients", "aaa",
                 "\u00e4\u00e4", "north", "N/A", "unknown", "not set"]


def numbers(rng):
    low = rng.choice([-50, 0, 1, 3, 20, 100, 1000, 100_000])
    high = low + rng.choice([5, 12, 40, 300, 5000])
    places = rng.choice([0, 0, 1, 2])
    return lambda: f"{rng.uniform(low, high):.{places}f}" if places else str(rng.randint(low, high))


def zeros(rng):
    """Numbers that pile up near their lower end, many zeros, and one or two single values between."""
    low, width, zero = rng.choice([2, 5, 20]), rng.choice([10, 60, 400]), rng.choice([0.03, 0.06, 0.2])
    strays = iter(rng.sample(["0.5", "1", "0.7"], rng.randint(0, 2)))
    make = lambda: str(int(low + width * rng.random() ** rng.choice([1, 3])))  # noqa: E731
    return lambda: next(strays, "0" if rng.random() < zero else make())


def dates(rng):
    first = datetime.date(rng.choice([1902, 1975, 1999, 2020]), 1, 1)
    days = rng.choice([20, 400, 9000])
    form = rng.choice(["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y"])
    return lambda: (first + datetime.timedelta(rng.randrange(days))).strftime(form)


def codes(rng):
    forms = rng.choices(["{:05}", "{:07}", "A{:04}", "{:03}-{:02}-{:04}", "{} patients", "{} patients", "Store {}", "{:09}", "{:02}/{:02}/{:04}", "{}%"],
                        k=rng.choice([1, 1, 1, 2, 5]))
    return lambda: rng.choice(forms).format(rng.randint(1, 99), rng.randint(1, 99), rng.randint(1, 9999))


def words(rng):
    pool = rng.sample(["red", "green", "blue", "Anna Berg", "Bo", "x", "yes", "north", "a-b", "N.Y.", "not far"], rng.randint(2, 8))
    return lambda: rng.choice(pool)


def column(rng, rows):
    make = rng.choice([numbers, zeros, dates, codes, codes, words])(rng)
    cells = [make() for _ in range(rows)]
    strange = rng.choice([STRANGE_NUMBERS, ["0", "0.0", "-1"], STRANGE_DATES, STRANGE_CODES, STRANGE_WORDS])
    for value in rng.sample(strange, rng.randint(0, 3)):
        for _ in range(rng.choice([1, 2, 3, rows // 20, rows // 8, rows // 4])):
            cells[rng.randrange(rows)] = value
    return [cell if rng.random() > 0.03 else "" for cell in cells]


def explained(rng, rows):
    """A category, values that are strange in some of its rows, and a column that may lack its cells there."""
    categories = rng.sample(["staff", "volunteer", "guest", "lead", "0", "1", "42"], rng.choice([2, 3, 5]))
    if rng.random() < 0.3:
        categories.append(rng.choice(["unknown", "n/a", "", "-999"]))
    if rng.random() < 0.1:
        categories += [f"k{i}" for i in range(rng.choice([28, 40]))]
    make, strange = rng.choice([(lambda: str(rng.randint(3000, 9000)), ["0"]), (lambda: f"{rng.uniform(50, 90):.1f}", ["0", "0.0", "-1"]),
                                (dates(rng), ["9999-12-31"]), (dates(rng), ["1900-01-01", "2999-12-31"])])
    special = set(rng.sample(categories, rng.choice([1, 1, 2])))
    noise, lack = rng.choice([0, 0, 0, 0.01, 0.05]), rng.choice([0, 0, 0, 0.3, 0.9])
    by = [rng.choice(categories) for _ in range(rows)]
    there = [(value in special) != (rng.random() < noise) for value in by]
    cells = [rng.choice(strange) if is_there else "" if rng.random() < 0.03 else make() for is_there in there]
    beside = ["" if is_there and rng.random() < lack or rng.random() < 0.05 else rng.choice(["a", "b", "c"]) for is_there in there]
    return [by, cells, beside]


def table(seed):
    rng = random.Random(seed)
    rows = rng.choice([12, 20, 40, 80, 150, 400])
    return [column(rng, rows) for _ in range(COLUMNS)] + explained(rng, rows)


def found_by(worker, columns, folder):
    with open(folder / "in.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[f"c{i}" for i in range(len(columns))], *zip(*columns)])
    subprocess.run([worker, "run", "--input", "in.csv", "--output", "out.csv", "--report", "report.json", "--chain", "complete",
                    "--fill", "none", "--progress", "none", "--delimiter", ",", "--header"],
                   check=True, cwd=folder, stdout=subprocess.DEVNULL)
    report = json.loads((folder / "report.json").read_text())
    return [{d["value"]: (d["kind"], d["confidence"]) for d in c.get("disguises", []) if d["kind"] != "word"} for c in report["columns"]]


def main():
    worker = str(pathlib.Path(sys.argv[1]).resolve())
    tables = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    kinds, kept = collections.Counter(), 0
    differences = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + tables):
            columns = table(seed)
            expected_of = naive_evidence.disguises_of_table(columns)
            for cells, expected, found in zip(columns, expected_of, found_by(worker, columns, pathlib.Path(folder))):
                kept += len(naive_evidence.disguises(cells)) - len(expected)
                kinds.update(kind for kind, _ in expected.values())
                if found != expected:
                    differences += 1
                    print(f"seed {seed}: found {found}, expected {expected} in {collections.Counter(cells).most_common(60)}")
    if differences or min(kinds[kind] for kind in ("phrase", "sentinel", "out_of_domain", "placeholder")) < tables // 30 or kept < tables // 10:
        sys.exit(f"{differences} columns differ; of each kind were expected {dict(kinds)}, {kept} values are explained by another column")
    print(f"{tables} tables are equal; of each kind there were {dict(kinds)}, {kept} values are explained by another column")


if __name__ == "__main__":
    main()
