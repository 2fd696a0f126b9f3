"""How soon an idle fleet starts, cancels and pauses a job. Each function measures one round."""

from fleet import Fleet
from peer import Peer

START_SAMPLES = 300
STOP_SAMPLES = 100
# Rows of a file that a child works on for seconds: it is always stopped amid its work.
INPUT_ROWS = 1_000_000


def start(bench):
    with Fleet(bench, "latency") as fleet:
        fleet.start_workers(1)
        ours = fleet.load("start", START_SAMPLES)
    figures = {"start_p50_ms": ours["start_p50_ms"], "start_p99_ms": ours["start_p99_ms"]}
    if bench.peer:
        with Peer(bench, "peer_latency") as peer:
            p50, p99 = peer.latency(START_SAMPLES)
        figures["graphile_worker"] = {"start_p50_ms": p50, "start_p99_ms": p99}
    return figures


def write_input(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("id,name,city,amount\n")
        file.writelines(f"{row},Customer {row * 7919 % INPUT_ROWS},City {row % 997},{row % 10007}.50\n"
                        for row in range(INPUT_ROWS))


def stop(bench):
    figures = {}
    path = bench.work / "stop.csv"
    if not path.exists():
        write_input(path)
    with Fleet(bench, "stop") as fleet:
        fleet.start_workers(1, slots=1)
        input_file, agent = fleet.upload(path, "stop"), fleet.workers[0].pid
        for kind in ("cancel", "pause"):
            child = fleet.load(kind, STOP_SAMPLES, agent, input_file)
            figures[f"{kind}_child_p50_ms"] = child["sent_to_child_end_p50_ms"]
            figures[f"{kind}_child_p99_ms"] = child["sent_to_child_end_p99_ms"]
            figures[f"{kind}_child_after_acknowledgement_p99_ms"] = child["acknowledged_to_child_end_p99_ms"]
            figures[f"{kind}_confirmed_p99_ms"] = fleet.load(kind, STOP_SAMPLES)["sent_to_confirmed_p99_ms"]
    return figures
