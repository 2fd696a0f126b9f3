"""A private PostgreSQL on a loopback port, for programs that start real processes; whoever uses it starts and stops the
server, with `command` and the options `account` of subprocess."""

import os
import pathlib
import pwd
import socket
import subprocess
import time

QUERY_SECONDS_MAX = 120


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds=60, interval=0.05):
    """Returns when `condition` holds; raises RuntimeError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not happen within {seconds} s")
        time.sleep(interval)


def children_of(pid):
    """The processes that `pid` has started and not yet reaped."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            pass  # It has just ended.
    return found


class PrivatePostgres:
    """A fresh cluster in `folder`, which another user must be able to enter when we are root: a server does not run as
    root. `user` is its superuser, `settings` are "name=value"."""

    def __init__(self, folder, user, settings=()):
        self.bin = pathlib.Path(subprocess.check_output(["pg_config", "--bindir"], text=True).strip())
        self.user, self.port = user, free_port()
        self.folder = folder / "postgres"
        self.folder.mkdir()
        self.account = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            self.account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        data = self.folder / "data"
        subprocess.run([self.bin / "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                        "--no-sync", "--no-instructions"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.account)
        settings = (*settings, "listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.folder}")
        self.command = [self.bin / "postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))]

    def query(self, sql, database="postgres", check=True):
        """Returns the rows as psql prints them, columns apart by tabs; None when it fails and that may be."""
        done = subprocess.run([self.bin / "psql", "-X", "-q", "-At", "-F", "\t", "-h", self.folder, "-p", str(self.port),
                               "-U", self.user, "-d", database, "-c", sql], capture_output=True, text=True,
                              check=False, timeout=QUERY_SECONDS_MAX, env={**os.environ, "PGCONNECT_TIMEOUT": "5"})
        if check and done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip() if done.returncode == 0 else None

    def accepts(self):
        return self.query("select 1", database="postgres", check=False) == "1"
