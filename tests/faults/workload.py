"""What a campaign submits: input files whose cleaned bytes are known by construction, and work files."""

import hashlib
import random
import subprocess

INPUT_ROWS = (40, 300, 1500, 6000, 20_000, 100_000)
INPUT_WEIGHTS = (30, 25, 20, 15, 8, 2)
# Concurrency keys with how many of each may run at a time, and a queue with a limit of its own.
KEYS = {"key-1": 1, "key-2": 2, "key-3": 3}
QUEUE, QUEUE_RUNNING_MAX = "narrow", 2


def make_input(seed, rows):
    """Returns (input, cleaned): a table with copies of earlier records, and the same without them.

    Records differ in their id, so the copies are the only duplicates; nothing in a record says what its city is, so empty
    cells stay empty.
    """
    source = random.Random(f"{seed} {rows}")
    header = "id,name,city,amount\n"
    unique, lines = [], []
    for number in range(rows):
        if unique and source.random() < 0.1:
            lines.append(source.choice(unique))
            continue
        city = "" if source.random() < 0.15 else f"City {source.randrange(500)}"
        unique.append(f"{number},Customer {number},{city},{source.randrange(20)}.50\n")
        lines.append(unique[-1])
    return header + "".join(lines), header + "".join(unique)


def make_work(seed, client, jobs, inputs, seconds, shape):
    """Returns the work file of one client: `jobs` items over `seconds`. `shape` has shares and durations."""
    source = random.Random(f"{seed} work {client}")
    items, names = [], []
    for number in range(jobs):
        first = int(jobs * shape["at_once"])
        real = bool(inputs) and source.random() < shape["real"]
        limited = source.choice((*KEYS, QUEUE)) if source.random() < shape.get("limited", 0) else ""
        items.append({
            "at_ms": max(0, int(1000 * seconds * (number - first) / (jobs - first))),
            "request_id": f"{client}-{number}",
            "named": source.random() < 0.3,
            "input": source.choices(inputs, INPUT_WEIGHTS)[0] if real else "",
            "noop_ms": 0 if real else int(source.triangular(0, shape["noop_ms_max"], 50)),
            "cancel_ms": source.randrange(0, 800) if source.random() < shape["cancel"] else -1,
            "pause_ms": source.randrange(0, 800) if source.random() < shape.get("pause", 0) else -1,
            "repeat": source.random() < shape["repeat"],
            "reuse": source.random() < shape["repeat"] / 2,
            "max_attempts": 100,
            "key": limited if limited in KEYS else "",
            "key_limit": KEYS.get(limited, 0),
            "queue": limited if limited == QUEUE else "",
            # Of a job nearby, so that the two are on their way together.
            "after": source.choice(names[-5:]) if names and source.random() < shape.get("after", 0) else "",
        })
        if items[-1]["named"]:
            names.append(items[-1]["request_id"])
    return items


def reference_run(worker, path, cleaned, folder):
    """Runs the chain over `path` in one local process. Returns output kind → SHA-256; the cleaned bytes must be those
    that the input was made for, whatever the program thinks."""
    flags = {"CLEANED": "--output", "CHANGES": "--changes", "CLUSTERS": "--clusters"}
    outputs = {kind: folder / f"reference.{kind}" for kind in flags}
    command = [worker, "run", "--input", path, "--report", folder / "reference.json", "--progress", "none",
               "--threads", "1"]
    for kind, flag in flags.items():
        command += [flag, outputs[kind]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    if outputs["CLEANED"].read_bytes() != cleaned.encode():
        raise RuntimeError(f"the reference run over {path.name} does not give what the input was made for")
    return {kind: hashlib.sha256(output.read_bytes()).hexdigest() for kind, output in outputs.items()}
