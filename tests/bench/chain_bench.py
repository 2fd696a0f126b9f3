"""Runs `dq-worker run`, DuckDB and Polars in turn over generated files; prints medians and their ratios.

Called by chain.sh. Wall time of our side is the whole process; of the peers it is the chain alone (their
start-up is left out, which favours them). Memory is the peak resident size of the process.
"""

import argparse
import json
import os
import pathlib
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from measured_process import run_measured  # noqa: E402

PEERS = {"duckdb": "@duckdb/node-api", "polars": "nodejs-polars"}
# npm does not always take what a package calls optional, and Polars is in such a one.
NATIVE = "nodejs-polars-linux-" + {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "x64") + "-gnu"
KEY = "id"
MEMORY_LIMIT_MIB = 512


def build_generator(bench_dir, work):
    generator = work / "gen"
    subprocess.run([os.environ.get("CXX", "g++"), "-O2", "-std=c++20",
                    str(bench_dir / "data" / "gen.cpp"), "-o", str(generator)], check=True)
    return generator


def generate(generator, folder, size_mb):
    """Returns a folder with target.csv and reference.csv; one that is there already is used."""
    if not (folder / "shape.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([str(generator), str(size_mb), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def install_peers(work):
    """Returns the environment in which node finds the peers, and those that are there."""
    folder = pathlib.Path(os.environ.get("DQ_NODE_LIB", work / "node"))
    found = set()
    for name, package in PEERS.items():
        if not (folder / "node_modules" / package).exists():
            folder.mkdir(parents=True, exist_ok=True)
            try:
                subprocess.run(["npm", "install", "--no-save", "--no-audit", "--no-fund", *PEERS.values(), NATIVE],
                               cwd=folder, check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"chain_bench: no {name} from npm: {error}", file=sys.stderr)
                continue
        found.add(name)
    return dict(os.environ, NODE_LIB=str(folder)), found


def dq_command(worker, target, out, threads, *more):
    return [worker, "run", "--input", str(target), "--output", str(out / "dq.csv"), "--report",
            str(out / "report.json"), "--threads", str(threads), "--memory-limit", f"{MEMORY_LIMIT_MIB}MiB",
            "--fill", "statistic", "--match", "normalised", "--progress", "none", *more]


def run_dq(worker, data, out, threads, *more):
    wall, memory, _ = run_measured(dq_command(
        worker, data / "target.csv", out, threads, "--reference", str(data / "reference.csv"), "--key", KEY, *more))
    return wall, memory / 2**20, int(json.loads((out / "report.json").read_text())["rows_out"])


def run_peer(name, environment, bench_dir, data, out, *variant):
    _, memory, said = run_measured(
        ["node", str(bench_dir / "data" / f"{name}_chain.mjs"), str(data), str(out), *variant],
        env=environment, stderr=subprocess.DEVNULL)
    said = json.loads(said[-1])
    return said["clock"]["chain"], memory / 2**20, int(said["rows_out"])


def summary(runs, size):
    seconds = statistics.median(r[0] for r in runs)
    return {"seconds": round(seconds, 3), "peak_mib": round(max(r[1] for r in runs), 1),
            "rows_out": runs[0][2], "mb_per_second": round(size / 1e6 / seconds, 1),
            "all_seconds": [round(r[0], 3) for r in runs]}


def measure_size(options, generator, environment, peers, work, size_mb):
    """The chain on one file, in turn with the peers."""
    data = generate(generator, pathlib.Path(options.data_dir or work) / f"d{size_mb}", size_mb)
    out = work / "out"
    runners = {"dq_1_thread": lambda: run_dq(options.worker, data, out, 1),
               "dq_2_threads": lambda: run_dq(options.worker, data, out, 2),
               "dq_checkpoints": lambda: run_dq(options.worker, data, out, 2, "--checkpoint-dir", str(out / "checkpoints"))}
    bench_dir = options.bench_dir
    if "duckdb" in peers:
        runners["duckdb"] = lambda: run_peer("duckdb", environment, bench_dir, data, out, "-")
        runners["duckdb_ordered"] = lambda: run_peer("duckdb", environment, bench_dir, data, out, "-", "ordered")
    if "polars" in peers:
        runners["polars"] = lambda: run_peer("polars", environment, bench_dir, data, out)
    runs = {name: [] for name in runners}
    failed = {}
    for _ in range(options.rounds):
        for name, run in runners.items():
            if name in failed:
                continue
            # Each writes new files: what replaces an old one waits for the disk.
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            try:
                runs[name].append(run())
            except (subprocess.CalledProcessError, IndexError, ValueError, KeyError) as error:
                if name.startswith("dq"):
                    sys.exit(f"chain_bench: {error}")
                failed[name] = str(error)
    size = (data / "target.csv").stat().st_size
    result = {"size_bytes": size, "rounds": options.rounds, "failed": failed}
    result.update({name: summary(rows, size) for name, rows in runs.items() if rows})
    ours = result["dq_2_threads"]["seconds"]
    result["second_core_worth"] = round(result["dq_1_thread"]["seconds"] / ours, 2)
    result["checkpoints_cost_percent"] = round(100 * (result["dq_checkpoints"]["seconds"] / ours - 1), 1)
    for name in ("duckdb", "duckdb_ordered", "polars"):
        if name in result:
            result[f"speed_ratio_to_{name}"] = round(result[name]["seconds"] / ours, 2)
    return result


def write_wide(path, size):
    """A file of 1,000 columns of numbers and words."""
    rng = random.Random(1)
    cells = [str(rng.randrange(1000)) if i % 2 else f"w{rng.randrange(500)}" for i in range(5000)]
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join(f"column_{i}" for i in range(1000)) + "\n")
        while file.tell() < size:
            begin = rng.randrange(4000)
            file.write(",".join(cells[begin:begin + 1000]) + "\n")


def write_long(path, size):
    """A file whose second column holds texts of 1 MB."""
    rng = random.Random(2)
    words = "".join(rng.choice("abcdefghij klmnop") for _ in range(3_000_000))
    with open(path, "w", encoding="utf-8") as file:
        file.write("id,text,n\n")
        while file.tell() < size:
            begin = rng.randrange(2_000_000)
            file.write(f"{rng.randrange(10**9)},{words[begin:begin + 1_000_000]},{rng.randrange(99)}\n")


def measure_shapes(options, generator, work):
    """Cost per byte of unusual files relative to the usual one, and a small file's whole process."""
    out = work / "out"
    out.mkdir(exist_ok=True)
    size = 50_000_000
    usual = generate(generator, work / "d50", 50) / "target.csv"
    write_wide(work / "wide.csv", size)
    write_long(work / "long.csv", size)
    small = generate(generator, work / "d1", 1)
    costs = {}
    for name, path in {"usual": usual, "wide": work / "wide.csv", "long": work / "long.csv"}.items():
        runs = [run_measured(dq_command(options.worker, path, out, 2)) for _ in range(options.rounds)]
        costs[name] = {"ns_per_byte": round(1e9 * statistics.median(r[0] for r in runs) / path.stat().st_size, 2),
                       "peak_mib": round(max(r[1] for r in runs) / 2**20, 1)}
    for name in ("wide", "long"):
        costs[name]["ratio_to_usual"] = round(costs[name]["ns_per_byte"] / costs["usual"]["ns_per_byte"], 2)
    walls = [run_dq(options.worker, small, out, 2)[0] for _ in range(10 * options.rounds)]
    costs["one_megabyte_process_ms"] = round(1000 * statistics.median(walls), 1)
    return costs


def measure(options, work):
    if not (options.bench_dir / "data" / "gen.cpp").exists():
        sys.exit(f"chain_bench: no generator in {options.bench_dir}; name its folder in DQ_BENCH_DIR")
    generator = build_generator(options.bench_dir, work)
    environment, peers = install_peers(work)
    result = {"load_average": os.getloadavg()[0], "memory_limit_mib": MEMORY_LIMIT_MIB, "sizes": {}}
    for size_mb in options.size_mb:
        result["sizes"][f"{size_mb}_mb"] = measure_size(options, generator, environment, peers, work, size_mb)
    result["shapes"] = measure_shapes(options, generator, work)
    return result


def print_table(result, indent=""):
    for key, value in result.items():
        if isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
            print(f"{indent}{key}")
            print_table(value, indent + "  ")
        else:
            print(f"{indent}{key:32} {value}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--bench-dir", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--data-dir", help="keeps the generated files, dSIZE each, for the next run")
    parser.add_argument("--size-mb", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dq-bench-") as folder:
        result = measure(options, pathlib.Path(folder))
    if options.json:
        print(json.dumps(result))
    else:
        print_table(result)


if __name__ == "__main__":
    main()
