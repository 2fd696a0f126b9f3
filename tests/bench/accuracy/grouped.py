#!/usr/bin/env python3
"""Measures what `dq-worker run --chain dedupe --match fuzzy` removes of tables whose records form groups by design.

Usage: grouped.py --worker PATH --data-dir DIR [--seeds N]

Of tests/support/grouped_tables.py without copies and with 5 %, and of public tables without known copies, of which
whatever is removed is doubtful.
"""

import argparse
import csv
import json
import pathlib
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[2] / "support")]
import grouped_tables  # noqa: E402
from cleaning import f1  # noqa: E402
from dedupe import pairs_of, run_worker  # noqa: E402

PUBLIC = ["repair/beers/dirty", "repair/beers/clean", "repair/hospital/dirty", "disguised/elnino", "disguised/12252-1",
          "disguised/3397-1", "disguised/adult"]
COPIES = 0.05


def removed(worker, header, rows):
    with tempfile.TemporaryDirectory() as folder:
        found, _ = run_worker(worker, header, rows, pathlib.Path(folder))
    return found, {"rows": len(rows), "removed": len(rows) - len(set(found))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--seeds", type=int, default=2, help="tables of each kind to generate")
    options = parser.parse_args()
    result = {}
    for name in PUBLIC:
        path = pathlib.Path(options.data_dir) / f"{name}.csv"
        if not path.exists():
            continue
        with open(path, newline="", encoding="utf-8-sig") as file:
            header, *rows = csv.reader(file)
        result[name.replace("/", "_")] = removed(options.worker, header, rows)[1]
    for kind in grouped_tables.KINDS:
        for seed in range(1, options.seeds + 1):
            header, rows, _ = grouped_tables.make(kind, seed)
            result[f"made_{kind}_{seed}"] = removed(options.worker, header, rows)[1]
            header, rows, truth = grouped_tables.make(kind, seed, copies=COPIES)
            found, counts = removed(options.worker, header, rows)
            pairs = f1(pairs_of(found), pairs_of(list(zip(truth, found))), pairs_of(truth))
            result[f"made_{kind}_{seed}_with_copies"] = {**counts, "pairs": pairs}
    print(json.dumps({"tables": result}))


if __name__ == "__main__":
    main()
