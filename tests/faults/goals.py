"""The times that the scheduler promises: how long they took, and whether that is a finding."""

import losses

# The long tier sees about 14 deaths and 13 silences that nothing else disturbs; fewer than this say little.
SAMPLES_MIN = 10
# With the product's own intervals; the others are made to meet many deadlines on a busy machine.
TIERS = ("long", "soak")


def percentile(values, share):
    """Returns the value below which `share` of the values lie, or None without any."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else None


def quantiles(values):
    return {"n": len(values), "p50": percentile(values, 0.5), "p99": percentile(values, 0.99)}


def times(traces):
    """Name → quantiles and goal, in seconds: a dead worker's lease ends a second after that of a broken stream, a silent
    one's two after its time, and the next leader leases three after the last one's time; 6, 17 and 8 s with the product's
    own intervals."""
    timing = traces.run["timing"]
    return {
        "detect_death_s": {**quantiles(losses.detections(traces, losses.DEATHS)), "goal": timing["--broken-stream-ttl"] + 1},
        "detect_silence_s": {**quantiles(losses.detections(traces, losses.SILENCES)), "goal": timing["--lease-ttl"] + 2},
        "leader_failover_s": {**quantiles(list(losses.failovers(traces))), "goal": timing["--leadership-ttl"] + 3},
    }


def check_goals(traces):
    """Yields the goals that were missed by a machine that had time to reach them."""
    if traces.run["tier"] not in TIERS or traces.run["load"] > traces.run["cores"]:
        return
    for name, time in times(traces).items():
        if time["n"] >= SAMPLES_MIN and time["p99"] > time["goal"]:
            yield f"campaign: {name} was {time['p99']} at the 99th percentile of {time['n']}, the goal is {time['goal']}"
