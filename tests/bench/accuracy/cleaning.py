"""One run of the default stage `complete` and what it says it changed."""

import csv
import json
import pathlib
import subprocess
import tempfile

csv.field_size_limit(1 << 30)


class Cleaning:
    """Cleans the file at `path`; `changes` are dicts of the changes file, `cleaned` rows with the header first."""

    def __init__(self, worker, path, options=()):
        with tempfile.TemporaryDirectory() as folder:
            out = {name: pathlib.Path(folder) / name for name in ("cleaned", "report", "changes")}
            command = [worker, "run", "--input", str(path), "--chain", "complete", "--output", str(out["cleaned"]),
                       "--report", str(out["report"]), "--changes", str(out["changes"]), *options]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                raise SystemExit(f"{' '.join(command)}: {done.stderr}")
            self.report = json.loads(out["report"].read_text())
            self.changes = list(csv.DictReader(out["changes"].open(newline="", encoding="utf-8")))
            self.cleaned = read_rows(out["cleaned"])


def read_rows(path):
    """The rows of a comma-separated file, header first."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def f1(found, right, expected):
    """Precision, recall and F1 of `found` things of which `right` are among the `expected` ones."""
    precision = right / found if found else 1.0
    recall = right / expected if expected else 1.0
    both = precision + recall
    return {"precision": round(precision, 4), "recall": round(recall, 4),
            "f1": round(2 * precision * recall / both, 4) if both else 0.0}
