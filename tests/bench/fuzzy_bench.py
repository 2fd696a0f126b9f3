"""Times fuzzy matching of many persons; called by tests/bench/fuzzy.sh."""

import argparse
import csv
import json
import os
import pathlib
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent / "accuracy"), str(pathlib.Path(__file__).parents[1] / "support")]
import dedupe  # noqa: E402
import dedupe_polluters  # noqa: E402
from cleaning import f1  # noqa: E402
from measured_process import run_measured  # noqa: E402


def measure(worker, rows, threads, limit, folder):
    # Two records an entity on average: entities with 0 to 3 copies.
    header, made, truth = dedupe_polluters.persons(1, rows // 2 + 1, 3, 4, town_count=4000, surname_count=40000)
    made, truth = made[:rows], truth[:rows]
    with open(folder / "in.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(made)
    seconds, peak_bytes, _ = run_measured([
        worker, "run", "--input", folder / "in.csv", "--output", folder / "out.csv", "--report", folder / "report.json",
        "--clusters", folder / "clusters.csv", "--chain", "dedupe", "--match", "fuzzy", "--threads", threads,
        "--memory-limit", limit, "--progress", "none"])
    found = list(range(-1, -1 - len(made), -1))
    with open(folder / "clusters.csv", newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            found[int(line["row"]) - 1] = int(line["cluster_id"])
    right = dedupe.pairs_of(list(zip(truth, found)))
    return {"rows": len(made), "threads": threads, "memory_limit": limit,
            "input_bytes": os.path.getsize(folder / "in.csv"), "seconds": round(seconds, 1),
            "peak_bytes": peak_bytes,
            "pairs": f1(dedupe.pairs_of(found), right, dedupe.pairs_of(truth)),
            "load_average": round(os.getloadavg()[0], 1)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--memory-limit", required=True)
    parser.add_argument("--json", choices=["yes", "no"], required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options.worker, options.rows, options.threads, options.memory_limit, pathlib.Path(folder))
    if options.json == "yes":
        print(json.dumps({"fuzzy": result}))
        return
    for name, value in result.items():
        print(f"{name:16} {value}")


if __name__ == "__main__":
    main()
