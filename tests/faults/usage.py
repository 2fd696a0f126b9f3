"""What the processes of a fleet use, and whether it has been given back."""

import os
import pathlib

from fleet import children_of

# A scheduler keeps the connections of its blocking threads (8) and a few of its own.
CONNECTIONS_MAX = 2 * (8 + 6)
CONNECTIONS = "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
MIB = 1 << 20


def descriptors_of(pid):
    """What the descriptors of a process name; [] when it has just ended."""
    found = []
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            try:
                found.append(os.readlink(entry.path))
            except OSError:
                pass  # Closed meanwhile.
    except OSError:
        pass
    return found


def sockets_towards(pid, port):
    """The sockets of a process whose other end is 127.0.0.1:`port`, broken ones that it has not looked at since too."""
    rows = [line.split() for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    towards = {f"socket:[{row[9]}]" for row in rows if int(row[2].split(":")[1], 16) == port}
    return sum(name in towards for name in descriptors_of(pid))


def memory_mib(pid):
    """Resident memory; 0 when the process has just ended."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) // 1024
    except (OSError, IndexError):
        return 0


def resources(fleet):
    """What the fleet uses at the moment, summed over the processes of a kind. Sockets to the database are counted apart:
    a pool opens them on demand and finds out that one broke when it needs it again."""
    figures = {}
    for kind, programs in (("scheduler", fleet.schedulers), ("worker", fleet.workers)):
        pids = [program.pid for program in programs]
        figures[f"{kind}_fds"] = sum(len(descriptors_of(pid)) for pid in pids)
        figures[f"{kind}_threads"] = sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids)
        figures[f"{kind}_rss_mib"] = sum(memory_mib(pid) for pid in pids)
        figures[f"{kind}_children"] = sum(len(children_of(pid)) for pid in pids)
    figures["database_sockets"] = sum(sockets_towards(program.pid, fleet.database_ports[index])
                                      for index, program in enumerate(fleet.schedulers))
    figures["scheduler_fds"] -= figures["database_sockets"]
    figures["connections"] = int(fleet.postgres.query(CONNECTIONS))
    figures["temp_entries"] = len(list(fleet.storage.glob("projects/*/jobs/*/.tmp-*")))
    return figures


def is_settled(baseline, now):
    """Whether everything that was in use for the run has been given back. Pools and threads that stay may differ a
    little from replica to replica."""
    exact = ("scheduler_children", "worker_children", "temp_entries")
    at_most = {"scheduler_fds": 8, "worker_fds": 8, "scheduler_threads": 8, "worker_threads": 8, "scheduler_rss_mib": 256,
               "worker_rss_mib": 256}
    return (all(now[name] == baseline[name] for name in exact)
            and max(now["connections"], now["database_sockets"]) <= CONNECTIONS_MAX
            and all(now[name] <= baseline[name] + more for name, more in at_most.items()))
