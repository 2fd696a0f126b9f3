"""Measures the detection of disguised missing values: precision, recall and F1 over (table, column, value).

A detection is a value, not blank, that the run took for a missing one in a column: the changes file has a cell of that
column with that value (trimmed) before and another or none after. That the report merely mentions a value does not
count. Truth: truth.csv beside the tables; what is not in it is wrong.
"""

import argparse
import collections
import csv
import json
import pathlib

from cleaning import Cleaning, f1


def detections(worker, path):
    """The set of (column, value) the run took for missing."""
    changes = Cleaning(worker, path).changes
    return {(c["column"].strip(), c["before"].strip()) for c in changes if c["before"].strip()}


def truth_of(path):
    truth = collections.defaultdict(set)
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            truth[row["table"]].add((row["column"].strip(), row["value"].strip()))
    return truth


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--data-dir", required=True)
    options = parser.parse_args()
    folder = pathlib.Path(options.data_dir) / "disguised"
    truth = truth_of(folder / "truth.csv")
    totals = [0, 0, 0]
    tables = {}
    for table in sorted(truth):
        found = detections(options.worker, folder / f"{table}.csv")
        counts = (len(found), len(found & truth[table]), len(truth[table]))
        totals = [a + b for a, b in zip(totals, counts)]
        tables[table] = {**f1(*counts), "missed": sorted(map("=".join, truth[table] - found)),
                         "wrong": sorted(map("=".join, found - truth[table]))}
    print(json.dumps({**f1(*totals), "tables": tables}))


if __name__ == "__main__":
    main()
