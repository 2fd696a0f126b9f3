"""Runs `dq-worker run` and DuckDB in turn over one generated file; prints medians and their ratio.

Called by chain.sh. Wall time of our side is the whole process, of DuckDB the chain alone (its start-up is
left out, which favours it). Memory is the peak resident size of the process.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

DUCKDB = "@duckdb/node-api"
KEY = "id"


def run_measured(command, **options):
    """Returns (wall seconds, peak MiB, last line of stdout) of one process."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, **options)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        out.seek(0)
        lines = out.read().decode().strip().splitlines()
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"chain_bench: {command[0]} failed with status {os.waitstatus_to_exitcode(status)}")
    return wall, usage.ru_maxrss / 1024, lines[-1] if lines else ""


def generate(bench_dir, work, size_mb):
    generator = work / "gen"
    subprocess.run([os.environ.get("CXX", "g++"), "-O2", "-std=c++20",
                    str(bench_dir / "data" / "gen.cpp"), "-o", str(generator)], check=True)
    data = work / "data"
    data.mkdir()
    subprocess.run([str(generator), str(size_mb), str(data)], check=True, stdout=subprocess.DEVNULL)
    return data


def install_duckdb(work):
    """Returns the environment in which node finds DuckDB, or None with a reason."""
    folder = pathlib.Path(os.environ.get("DQ_NODE_LIB", work / "node"))
    if not (folder / "node_modules" / DUCKDB).exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", DUCKDB], cwd=folder,
                           check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            return None, f"no DuckDB from npm: {error}"
    return dict(os.environ, NODE_LIB=str(folder)), ""


def run_dq(worker, data, out):
    report = out / "report.json"
    wall, memory, _ = run_measured([
        worker, "run", "--input", str(data / "target.csv"), "--reference", str(data / "reference.csv"),
        "--key", KEY, "--fill", "statistic", "--match", "normalised", "--threads", "2",
        "--output", str(out / "dq.csv"), "--report", str(report), "--progress", "none"])
    return wall, memory, json.loads(report.read_text())["rows_out"]


def run_duckdb(environment, bench_dir, data, out, variant):
    _, memory, said = run_measured(
        ["node", str(bench_dir / "data" / "duckdb_chain.mjs"), str(data), str(out), "-", *variant],
        env=environment)
    said = json.loads(said)
    return said["clock"]["chain"], memory, int(said["rows_out"])


def summary(runs):
    return {"seconds": round(statistics.median(r[0] for r in runs), 3),
            "peak_mib": round(max(r[1] for r in runs), 1), "rows_out": runs[0][2],
            "all_seconds": [round(r[0], 3) for r in runs]}


def measure(options, work):
    bench_dir = pathlib.Path(options.bench_dir).resolve()
    if not (bench_dir / "data" / "gen.cpp").exists():
        sys.exit(f"chain_bench: no generator in {bench_dir}; name its folder in DQ_BENCH_DIR")
    data = generate(bench_dir, work, options.size_mb)
    out = work / "out"
    out.mkdir()
    environment, reason = install_duckdb(work)
    dq, duckdb, ordered = [], [], []
    for _ in range(options.rounds):
        dq.append(run_dq(options.worker, data, out))
        if environment:
            duckdb.append(run_duckdb(environment, bench_dir, data, out, []))
            ordered.append(run_duckdb(environment, bench_dir, data, out, ["ordered"]))
    size = (data / "target.csv").stat().st_size
    result = {"size_bytes": size, "rounds": options.rounds, "dq": summary(dq),
              "duckdb": None, "duckdb_ordered": None, "speed_ratio_to_duckdb": None,
              "speed_ratio_to_duckdb_ordered": None, "note": reason}
    result["dq"]["mb_per_second"] = round(size / 1e6 / result["dq"]["seconds"], 1)
    if environment:
        result["duckdb"], result["duckdb_ordered"] = summary(duckdb), summary(ordered)
        for key in ("duckdb", "duckdb_ordered"):
            result[f"speed_ratio_to_{key}"] = round(result[key]["seconds"] / result["dq"]["seconds"], 2)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--bench-dir", required=True)
    parser.add_argument("--size-mb", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dq-bench-") as folder:
        result = measure(options, pathlib.Path(folder))
    if options.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:32} {value}")


if __name__ == "__main__":
    main()
