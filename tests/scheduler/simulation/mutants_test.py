"""Proves that the simulation sees bugs: every mutant of mutants.json must be found out, by the invariant it breaks, within
few lives; and that a seed is the same life every time. Usage: mutants_test.py FOLDER (of the test programs)"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
LIVES_MAX = 1000


def live(program, *flags):
    return subprocess.run([program, *map(str, flags)], capture_output=True, text=True, check=False)


def judge(folder, mutant):
    """Returns (whether it was found out as it should be, what was found)."""
    done = live(folder / "mutants" / f"mutant_{mutant['name']}", "--seeds", LIVES_MAX)
    found = done.stdout.strip().splitlines()
    caught = done.returncode == 1 and any(kind in line for line in found for kind in mutant["finds"])
    return caught, (found or [done.stderr[-200:]])[0]


def main():
    folder = pathlib.Path(sys.argv[1])
    mutants = json.loads((HERE / "mutants.json").read_text(encoding="utf-8"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = list(pool.map(lambda mutant: judge(folder, mutant), mutants))
    for mutant, (caught, found) in zip(mutants, verdicts):
        print(f"{'found out' if caught else 'NOT FOUND'}  {mutant['name']:34} {found}")
    survivors = [mutant["name"] for mutant, (caught, _) in zip(mutants, verdicts) if not caught]
    program = folder / "scheduler_simulation"
    same = live(program, "--seed", 11).stdout == live(program, "--seed", 11).stdout
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} mutants found out; a seed is "
          f"{'the same life every time' if same else 'NOT the same life every time'}")
    return 1 if survivors or not same else 0


if __name__ == "__main__":
    sys.exit(main())
