"""Cleans tables of known truth and checks every row; then spoils an output in several ways and sees the check fail.

  truth_test.py WORKER
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ROWS = 20_000
# How a run is asked for must not show in what it writes.
WAYS = [[], ["--threads", "1"], ["--threads", "3", "--memory-limit", "192MiB"]]
SPOILT = {
    "cleaned.csv": [("a row is lost", lambda lines: lines[:5000] + lines[5001:]),
                    ("a row comes twice", lambda lines: lines[:5000] + lines[4999:]),
                    ("two rows change places", lambda lines: lines[:300] + [lines[301], lines[300]] + lines[302:]),
                    ("the last row is lost", lambda lines: lines[:-1])],
    "changes.csv": [("a change is not told", lambda lines: lines[:1] + lines[2:])],
    "clusters.csv": [("a cluster has another first row", lambda lines: lines[:2] + [spoil_cluster(lines[2])] + lines[3:])],
}


def spoil_cluster(line):
    row, cluster, rest = line.split(",", 2)
    return f"{row},{int(cluster) + 1},{rest}"


def check(data, out):
    return subprocess.run([sys.executable, HERE / "truth_check.py", data, out], capture_output=True, text=True)


def clean(worker, data, out, options):
    out.mkdir()
    subprocess.run([worker, "run", "--input", data / "target.csv", "--reference", data / "reference.csv", "--key", "id",
                    "--output", out / "cleaned.csv", "--report", out / "report.json", "--changes", out / "changes.csv",
                    "--clusters", out / "clusters.csv", "--progress", "none", *options], check=True,
                   stdout=subprocess.DEVNULL)
    done = check(data, out)
    if done.returncode != 0:
        sys.exit(f"truth_test: {' '.join(options) or 'by default'}: {done.stderr}")
    print(f"{' '.join(options) or 'by default'}: {done.stdout.strip()}")


def main():
    worker = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="dq-truth-") as folder:
        data = pathlib.Path(folder)
        subprocess.run([sys.executable, HERE / "make_table.py", str(ROWS), "7", data], check=True)
        outs = [data / f"out{way}" for way in range(len(WAYS))]
        for options, out in zip(WAYS, outs):
            clean(worker, data, out, options)
        for name in SPOILT:
            contents = {(out / name).read_bytes() for out in outs}
            if len(contents) != 1:
                sys.exit(f"truth_test: {name} depends on threads or on the memory limit")
        for name, spoilings in SPOILT.items():
            path = outs[0] / name
            good = path.read_text(encoding="utf-8")
            for what, spoil in spoilings:
                path.write_text("".join(spoil(good.splitlines(keepends=True))), encoding="utf-8")
                if check(data, outs[0]).returncode == 0:
                    sys.exit(f"truth_test: nobody sees it when {what}")
            path.write_text(good, encoding="utf-8")


if __name__ == "__main__":
    main()
