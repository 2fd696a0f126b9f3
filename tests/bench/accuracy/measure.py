"""Runs the measures of this folder and prints their results; called by tests/bench/accuracy.sh."""

import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
NOT_MEASURES = {"measure", "cleaning", "dedupe_polluters"}


def show(name, result, indent=""):
    """Prints nested figures, one line for every group of plain ones."""
    plain = {k: v for k, v in result.items() if not isinstance(v, (dict, list))}
    print(f"{indent}{name}: " + "  ".join(f"{k} {v}" for k, v in plain.items()))
    for key, value in result.items():
        if isinstance(value, dict):
            show(key, value, indent + "  ")
        elif isinstance(value, list) and value:
            print(f"{indent}  {key}: " + ", ".join(map(str, value)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--json", choices=["yes", "no"], default="no")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    names = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_MEASURES)
    if options.only:
        if options.only not in names:
            sys.exit(f"accuracy: no measure {options.only}; there are {', '.join(names)}")
        names = [options.only]
    results = {}
    for name in names:
        command = [sys.executable, HERE / f"{name}.py", "--worker", options.worker, "--data-dir", options.data_dir]
        results[name] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if options.json == "yes":
        print(json.dumps(results))
        return
    for name, result in results.items():
        show(name, result)


if __name__ == "__main__":
    main()
