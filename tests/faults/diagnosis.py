"""What a fleet looks like at the moment, in words: for a wait that did not end in time."""

import pathlib
import time

MEASURED_SECONDS = 1.0
LOG_LINES = 5
THREADS = 4
TICKS_A_SECOND = 100


def thread_times(pid):
    """Thread → (name, processor time in ticks); empty when the process has ended."""
    times = {}
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        try:
            name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue  # It has just ended.
        fields = rest.split()
        times[task.name] = (name, int(fields[11]) + int(fields[12]))
    return times


def busiest(before, after):
    """The threads that worked most in between, and how much of a core all of them used together."""
    used = sorted(((ticks - before.get(task, (name, 0))[1], name) for task, (name, ticks) in after.items()), reverse=True)
    share = TICKS_A_SECOND * MEASURED_SECONDS / 100
    named = ", ".join(f"{name} {ticks / share:.0f} %" for ticks, name in used[:THREADS] if ticks > 0)
    return sum(ticks for ticks, _ in used) / share, named


def last_lines(path):
    try:
        return path.read_text(errors="replace").splitlines()[-LOG_LINES:]
    except OSError:
        return []


def workers_missing(fleet, listed):
    """The workers whose present lives are not in `listed`, what `dqctl worker list -o json` printed."""
    current = [f"w{index}-{worker.starts}" for index, worker in enumerate(fleet.workers)]
    return [instance for instance in current if f'workers/{instance}"' not in listed]


def ask_workers(fleet):
    try:
        return "missing: " + (", ".join(workers_missing(fleet, fleet.dqctl("worker", "list", "-o", "json"))) or "none")
    except RuntimeError as error:
        return f"the workers cannot be listed: {error}".rstrip()


def describe(fleet):
    """Several lines: who is missing, who leads, who is alive, who is busy, and the last lines of each log."""
    programs = [program for program in fleet.programs() if program.child is not None]
    before = {program.name: thread_times(program.pid) for program in programs}
    time.sleep(MEASURED_SECONDS)
    leadership = fleet.postgres.query("select instance, address, epoch, expires_at - now() from leadership", check=False)
    lines = [ask_workers(fleet), f"leadership row: {leadership or 'none, or no database'}"]
    for program in programs:
        share, threads = busiest(before[program.name], thread_times(program.pid))
        state = "alive" if program.is_alive() else f"ended with {program.child.returncode}"
        lines.append(f"{program.name}: {state}, start {program.starts}, {share:.0f} % of a core ({threads or 'idle'})")
        lines += [f"    {line}" for line in last_lines(fleet.folder / f"{program.name}.log")]
    return "\n".join(lines)
