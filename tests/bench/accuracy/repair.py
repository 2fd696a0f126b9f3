"""Measures fills with default options and no reference: precision and recall of the cells missing in dirty.csv.

A cell is missing when dirty.csv holds nothing or a word for it where clean.csv holds a value. A fill is a change that
leaves a value; it is right when that is the clean one. Precision: right fills of all fills. Recall: right fills of the
missing cells. `recall_where_dependent` counts only cells that some dependency can know: a column, or a pair of columns,
that determines the column in clean.csv (99 % of the rows, in groups of two and more), of which another row has the same
values and the right value in the dirty file.

`holes` repeats it with 5 % of all cells of the dirty file emptied (seeded), because some tables have hardly any.
"""

import argparse
import collections
import csv
import itertools
import json
import pathlib
import random
import tempfile

from cleaning import Cleaning, f1, read_rows

WORDS = set(r"null \n na n/a #n/a nan nil none - -- ? ?? . .. unknown unk missing tbd void #null! (blank) empty".split())
HOLES = 0.05
DETERMINED = 0.99


def is_blank(cell):
    return cell.strip() == "" or cell.strip().lower() in WORDS


def determinants(clean, target):
    """Columns and pairs of columns that determine `target` in the clean table and are no key."""
    width = len(clean[0])
    others = [c for c in range(width) if c != target]
    found = []
    for columns in [(c,) for c in others] + list(itertools.combinations(others, 2)):
        if len(columns) == 2 and any((c,) in found for c in columns):
            continue
        groups = collections.defaultdict(collections.Counter)
        for row in clean:
            if not is_blank(row[target]):
                groups[tuple(row[c] for c in columns)][row[target]] += 1
        rows = agreeing = 0
        for group in groups.values():
            if group.total() > 1:
                rows += group.total()
                agreeing += group.most_common(1)[0][1]
        if len(groups) > 1 and rows * 5 >= len(clean) and agreeing >= DETERMINED * rows:
            found.append(columns)
    return found


def knowable(dirty, clean, cells):
    """Those of the missing cells that a dependency of the clean table can know from the dirty one."""
    known = set()
    for target in {column for _, column in cells}:
        values = [row[target] for row in clean]
        if len(set(values)) < 2:
            continue
        for columns in determinants(clean, target):
            holders = collections.defaultdict(set)
            for d in dirty:
                holders[tuple(d[c] for c in columns)].add(d[target])
            known |= {(row, column) for row, column in cells if column == target
                      and values[row] in holders[tuple(dirty[row][c] for c in columns)]}
    return known


def measure(worker, header, dirty, clean):
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header] + dirty)
        file.flush()
        changes = Cleaning(worker, file.name).changes
    missing = {(r, c) for r, row in enumerate(dirty) for c, cell in enumerate(row)
               if is_blank(cell) and not is_blank(clean[r][c])}
    place = {name: i for i, name in enumerate(header)}
    fills = {(int(c["row"]) - 1, place[c["column"]]): c["after"] for c in changes if c["after"] != ""}
    right = {cell for cell, value in fills.items() if clean[cell[0]][cell[1]].strip() == value.strip()}
    known = knowable(dirty, clean, missing)
    by_column = collections.Counter(header[c] for _, c in fills.keys() - right)
    return {**f1(len(fills), len(right), len(missing)), "missing": len(missing), "fills": len(fills),
            "right": len(right), "knowable": len(known),
            "recall_where_dependent": round(len(right & known) / len(known), 4) if known else None,
            "wrong_by_column": [f"{name} {count}" for name, count in by_column.most_common(8)]}


def with_holes(dirty, seed):
    generator = random.Random(seed)
    return [["" if generator.random() < HOLES else cell for cell in row] for row in dirty]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--data-dir", required=True)
    options = parser.parse_args()
    tables = {}
    for folder in sorted((pathlib.Path(options.data_dir) / "repair").iterdir()):
        header, *dirty = read_rows(folder / "dirty.csv")
        _, *clean = read_rows(folder / "clean.csv")
        tables[folder.name] = {**measure(options.worker, header, dirty, clean),
                               "holes": measure(options.worker, header, with_holes(dirty, 1), clean)}
    print(json.dumps({"tables": tables}))


if __name__ == "__main__":
    main()
