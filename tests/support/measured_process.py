"""Runs one process and measures it: wall seconds and the peak of its resident memory.

    measured_process.py COMMAND...      prints "S s, M MiB at the peak" after it and ends as it did

A process inherits the high-water mark of whoever starts it, so that a large parent would be measured in its
place. run_measured() therefore starts the command through this file as a program, which is small (10 MiB).
"""

import json
import os
import subprocess
import sys
import time


def measure(command, **options):
    """Runs `command` with these options of subprocess.run. Returns (wall seconds, peak bytes, CompletedProcess)."""
    read_end, write_end = os.pipe()
    with open(read_end, "rb") as measures:
        try:
            done = subprocess.run([sys.executable, "-I", __file__, f"--to={write_end}", *map(str, command)],
                                  pass_fds=(write_end,), **options)
        finally:
            os.close(write_end)
        return *json.loads(measures.read()), done


def run_measured(command, **options):
    """As measure(), but returns the lines of stdout in place of the process; raises CalledProcessError when it fails."""
    seconds, peak, done = measure(command, check=True, stdout=subprocess.PIPE, **options)
    return seconds, peak, done.stdout.decode().splitlines()


def main():
    arguments = sys.argv[1:]
    to = int(arguments.pop(0).removeprefix("--to=")) if arguments and arguments[0].startswith("--to=") else None
    if not arguments:
        sys.exit(__doc__)
    if to is not None:
        os.set_inheritable(to, False)
    start = time.monotonic()
    process = os.posix_spawnp(arguments[0], arguments, os.environ)
    _, status, usage = os.wait4(process, 0)
    seconds, peak_bytes = time.monotonic() - start, usage.ru_maxrss * 1024
    if to is None:
        print(f"{seconds:.1f} s, {peak_bytes / 2**20:.0f} MiB at the peak", flush=True)
    else:
        os.write(to, json.dumps([seconds, peak_bytes]).encode())
    code = os.waitstatus_to_exitcode(status)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
