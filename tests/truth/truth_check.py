"""Checks what `dq-worker run` made of a table whose truth is known, row by row, by the rules of worker/README.md.

It shares nothing with the engine and reads every file once, front to back; in memory it holds the reference and the
clusters.
The chain must have run with the first column as key and the default options.

  truth_check.py DATA_DIR OUT_DIR

DATA_DIR holds target.csv, reference.csv (a subset of the entities, clean) and truth.csv: row,entity,kind,missing_mask,
rows from 0; kind o is an original, e an exact copy of the row `entity`, any other a near copy with a key of its own;
bit c of the hexadecimal mask says that cell c holds no value. OUT_DIR holds cleaned.csv, changes.csv, clusters.csv
and report.json. Prints one JSON object with what was counted; ends with 1 at the first thing that is wrong.
"""

import collections
import csv
import itertools
import json
import pathlib
import sys

# The words of the vocabulary the generators use; other disguises may be found by evidence, or stay as they are.
TOKENS = {"n/a", "?", "-", "--", "null", "unknown", "tbd", "nan", "none"}


class Wrong(Exception):
    """The output breaks a rule; says where and which."""


def expect(condition, row, text):
    if not condition:
        raise Wrong(f"row {row}: {text}")


def records(path):
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


class ByRow:
    """The lines of a side file that belong to one row after the other."""

    def __init__(self, path, header):
        lines = records(path)
        found = next(lines)
        expect(found[:len(header)] == header, 0, f"{path.name} begins with {found}")
        self.groups = itertools.groupby(lines, key=lambda line: int(line[0]))
        self.next = next(self.groups, None)

    def of(self, row):
        if self.next is None or self.next[0] != row:
            return []
        lines = list(self.next[1])
        self.next = next(self.groups, None)
        return lines


def is_missing(cell):
    return not cell.strip() or cell.strip().lower() in TOKENS


class Checker:
    def __init__(self, data, out):
        self.out = out
        self.counts = collections.Counter()
        self.target = records(data / "target.csv")
        self.truth = records(data / "truth.csv")
        self.cleaned = records(out / "cleaned.csv")
        self.changes = ByRow(out / "changes.csv", ["row", "column", "before", "after", "method", "confidence"])
        self.clusters = {int(line[0]): line for line in itertools.islice(records(out / "clusters.csv"), 1, None)}
        self.columns = next(self.target)
        expect(next(self.cleaned) == self.columns, 0, "the header changed")
        next(self.truth)
        reference = records(data / "reference.csv")
        self.reference_columns = next(reference)
        self.reference = {line[0]: "\x1f".join(line) for line in reference}

    def run(self):
        for row, (cells, truth) in enumerate(zip(self.target, self.truth, strict=True), start=1):
            entity, kind, mask = int(truth[1]), truth[2], int(truth[3], 16)
            changes = self.changes_of(row, cells)
            self.counts["rows"] += 1
            if kind == "e":
                self.check_removed(row, entity + 1)
            else:
                expect(self.clusters.get(row, ["", "", "true"])[2] == "true", row, "removed, but no exact copy")
                self.check_kept(row, cells, next(self.cleaned, None), mask, changes)
        expect(next(self.cleaned, None) is None, self.counts["rows"], "more rows come out than were kept")
        self.check_report()
        return self.counts

    def changes_of(self, row, cells):
        """The last change of every cell that was changed; a cell may be cleared first, and then filled."""
        last = {}
        for line in self.changes.of(row):
            name = line[1]
            before = last[name][3] if name in last else cells[self.columns.index(name)]
            expect(line[2] == before, row, f"changes say {name} was {line[2]!r}, not {before!r}")
            expect(name not in last or last[name][4] == "clear", row, f"{name} is changed again after {last.get(name)}")
            expect(0 <= float(line[5]) <= 1, row, f"{name} has the confidence {line[5]}")
            self.counts["method_" + line[4]] += 1
            last[name] = line
        return last

    def check_removed(self, row, original):
        line = self.clusters.get(row)
        expect(line is not None, row, f"a copy of row {original}, but in no cluster")
        expect(line[2] == "false", row, f"a copy of row {original}, but kept")
        expect(int(line[1]) == original, row, f"a copy of row {original}, but in the cluster of row {line[1]}")
        self.counts["removed"] += 1

    def check_kept(self, row, cells, cleaned, mask, changes):
        expect(cleaned is not None, row, "missing in the cleaned file")
        expect(cleaned[0] == cells[0], row, f"the key is {cells[0]}, next in the cleaned file comes {cleaned[0]}")
        for place, (name, before, after) in enumerate(zip(self.columns, cells, cleaned, strict=True)):
            if mask >> place & 1:
                self.check_missing(row, cells[0], place, before, after)
            else:
                expect(before == after, row, f"{name} was {before!r}, a value, and is {after!r}")
            said = changes.get(name)
            expect((before != after) == (said is not None), row, f"{name}: {before!r} to {after!r}, changes say {said}")
            expect(said is None or said[3] == after, row, f"{name} is {after!r}, changes say {said}")

    def check_missing(self, row, key, place, before, after):
        self.counts["missing"] += 1
        if not is_missing(before):
            self.counts["other_disguises"] += 1
            if before == after:
                return
            self.counts["other_disguises_found"] += 1
        name = self.columns[place]
        line = self.reference.get(key)
        if line is not None and name in self.reference_columns:
            known = line.split("\x1f")[self.reference_columns.index(name)]
            expect(after == known, row, f"{name} is {after!r}, the reference says {known!r}")
            self.counts["from_reference"] += 1
        elif after:
            self.counts["otherwise_filled"] += 1
        else:
            self.counts["left_empty"] += 1

    def check_report(self):
        report = json.loads((self.out / "report.json").read_text())
        rows, removed = self.counts["rows"], self.counts["removed"]
        facts = {"rows_in": rows, "rows_out": rows - removed, "rows_rejected": 0}
        for key, value in facts.items():
            expect(int(report.get(key, 0)) == value, rows, f"the report's {key} is {report.get(key)}, not {value}")
        filled = sum(n for key, n in self.counts.items() if key.startswith("method_") and key != "method_clear")
        expect(int(report["cells_filled"]) == filled, rows, f"the report counts {report['cells_filled']} fills, not {filled}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    csv.field_size_limit(1 << 27)
    try:
        counts = Checker(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])).run()
    except Wrong as wrong:
        sys.exit(f"truth_check: {wrong}")
    print(json.dumps(dict(sorted(counts.items()))))


if __name__ == "__main__":
    main()
