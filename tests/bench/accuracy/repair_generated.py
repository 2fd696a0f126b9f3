"""Measures fills on generated tables of many kinds: precision of all fills, recall of what can be known.

Every table has columns that others determine, columns that lean on others without being determined, and columns that depend on
nothing, however lopsided they are: a fill there is right only by luck. Cells are emptied at random and others misspelt. A cell
can be known when its column is determined and another row of its group holds the right value. The same seeds give the same tables.
"""

import argparse
import collections
import csv
import json
import random
import tempfile

from cleaning import Cleaning

TABLES = 60
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def word(pick, size):
    return "".join(pick.choice(LETTERS) for _ in range(size)).capitalize()


class Table:
    """Columns of one length; `known_by` says which column determines which."""

    def __init__(self, pick, rows):
        self.pick, self.rows = pick, rows
        self.columns, self.known_by = {}, {}

    def add(self, name, values):
        self.columns[name] = values

    def entity(self, name, count, skew):
        weights = [1 / (i + 1) ** skew for i in range(count)]
        names = [f"{word(self.pick, 6)} {i}" for i in range(count)]
        self.add(name, self.pick.choices(names, weights, k=self.rows))

    def determined(self, name, by, values, weights=None):
        of = {v: self.pick.choices(values, weights)[0] for v in sorted(set(self.columns[by]))}
        self.add(name, [of[v] for v in self.columns[by]])
        if len(set(self.columns[name])) > 1:
            self.known_by[name] = by

    def leaning(self, name, by, values, share):
        of = {v: self.pick.choice(values) for v in sorted(set(self.columns[by]))}
        self.add(name, [of[v] if self.pick.random() < share else self.pick.choice(values) for v in self.columns[by]])

    def independent(self, name, values, weights=None):
        self.add(name, self.pick.choices(values, weights, k=self.rows))

    def numbers(self, name, low, high):
        self.add(name, [str(self.pick.randint(low, high)) for _ in range(self.rows)])


def make(seed):
    pick = random.Random(seed)
    table = Table(pick, pick.choice([80, 200, 600, 2000]))
    table.add("id", [str(1000 + i) for i in range(table.rows)])
    groups = pick.choice([4, 10, 30, max(5, table.rows // 12)])
    table.entity("site", groups, pick.choice([0, 0.5, 1.2]))
    towns = [word(pick, 7) for _ in range(max(3, groups * 2 // 3))]
    table.determined("town", "site", towns)
    regions = [word(pick, 5) for _ in range(pick.choice([2, 5, 12]))]
    table.determined("region", "town", regions, [pick.choice([1, 1, 8]) for _ in regions])
    table.determined("rare_flag", "site", ["no", "yes"], [12, 1])
    table.determined("code", "site", [str(pick.randint(10000, 99999)) for _ in range(3 * groups)])
    table.leaning("size", "site", ["small", "medium", "large"], pick.choice([0.6, 0.8, 0.9]))
    table.independent("active", ["yes", "no"], [pick.choice([60, 90, 97]), 3])
    table.independent("colour", ["red", "green", "blue", "grey", "black"])
    table.independent("status", ["open", "closed", "void_", "held"], [80, 10, 5, 5])
    table.numbers("amount", 1, 5000)
    table.numbers("rating", 1, 5)
    table.leaning("grade", "rating", ["A", "B", "C"], pick.choice([0.5, 0.7]))
    table.add("note", [word(pick, pick.randint(3, 9)) for _ in range(table.rows)])
    return table


def misspell(pick, text):
    place = pick.randrange(len(text))
    return text[:place] + pick.choice(LETTERS) + text[place + 1:]


def measure(worker, seed):
    table = make(seed)
    pick = random.Random(seed + 10_000)
    names = list(table.columns)
    truth = [list(row) for row in zip(*table.columns.values())]
    typos = pick.choice([0, 0.01, 0.04])
    holes = pick.choice([0.03, 0.08, 0.2])
    dirty = [[cell if not i else "" if pick.random() < holes else misspell(pick, cell) if pick.random() < typos else cell
              for i, cell in enumerate(row)] for row in truth]
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names] + dirty)
        file.flush()
        changes = Cleaning(worker, file.name).changes
    place = {name: i for i, name in enumerate(names)}
    fills = {(int(c["row"]) - 1, place[c["column"]]): c for c in changes if c["after"]}
    right = {cell for cell, change in fills.items() if truth[cell[0]][cell[1]] == change["after"]}
    known = set()
    for name, by in table.known_by.items():
        column, key = place[name], place[by]
        holders = collections.Counter((row[key], row[column]) for row in dirty if row[key])
        known |= {(r, column) for r, row in enumerate(dirty)
                  if not row[column] and row[key] and holders[row[key], truth[r][column]] > 0}
    wrong = collections.Counter(f"{names[c]} {fills[r, c]['method']}" for r, c in fills.keys() - right)
    return len(fills), len(right), len(known), len(known & right), wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--data-dir")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=TABLES)
    options = parser.parse_args()
    totals = [0, 0, 0, 0]
    wrong = collections.Counter()
    for seed in range(options.first_seed, options.first_seed + options.count):
        *counts, missed = measure(options.worker, seed)
        totals = [a + b for a, b in zip(totals, counts)]
        wrong += missed
    fills, right, known, known_right = totals
    print(json.dumps({"precision": round(right / max(1, fills), 4), "recall_where_dependent": round(known_right / max(1, known), 4),
                      "fills": fills, "knowable": known,
                      "wrong_by_method": [f"{name} {count}" for name, count in wrong.most_common(8)]}))


if __name__ == "__main__":
    main()
