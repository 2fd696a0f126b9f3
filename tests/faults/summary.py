"""The one line that sums up a campaign."""

import collections
import json

import invariants
import losses
from growth import growth
from traces import CANCELLED, COMPLETED, FAILED, TERMINAL


def percentile(values, share):
    """Returns the value below which `share` of the values lie, or None without any."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else None


def quantiles(values):
    return {"n": len(values), "p50": percentile(values, 0.5), "p99": percentile(values, 0.99)}


def figures(traces, findings):
    """Goals: a dead worker's lease ends a second after that of a broken stream, a silent one's two after its time, and the
    next leader leases three after the last one's time; 6, 17 and 8 s with the product's own intervals."""
    timing = traces.run["timing"]
    states = collections.Counter(row["state"] for row in traces.jobs.values())
    acknowledged = {line["request_id"] for line in traces.lines("ack")}
    kinds = collections.Counter(fault["kind"] for fault in traces.faults)
    holders = sum(fault["holder"] for fault in traces.faults)
    death, silence = losses.detections(traces, losses.DEATHS), losses.detections(traces, losses.SILENCES)
    failover = list(losses.failovers(traces))
    disturbed = [seconds for seconds in losses.detections(traces, losses.DEATHS | losses.SILENCES, undisturbed=False)
                 if 0 <= seconds < 600]  # Others were timed by a clock that had jumped.
    named = collections.Counter(finding.split("_")[0] for finding in findings)
    twice = sum(len(rows) > 1 for rows in traces.by_request.values()) + sum(
        sum(event["to_state"] in TERMINAL for event in events) > 1 + len(traces.events_named(key, "reopen"))
        for key, events in traces.events.items())
    return {
        "tier": traces.run["tier"], "seed": traces.run["seed"], "seconds": round(traces.run["end"] - traces.run["start"], 1),
        "jobs": len(traces.jobs), "acknowledged": len(acknowledged),
        "completed": states[COMPLETED], "failed": states[FAILED], "cancelled": states[CANCELLED],
        "attempts": sum(row["attempt"] for row in traces.jobs.values()),
        "leases_lost": sum(1 for _ in losses.lost_leases(traces)),
        "faults": len(traces.faults), "faults_by_kind": dict(sorted(kinds.items())),
        "faults_on_lease_holders": holders,
        "faults_skipped": {kind: count for kind, count in traces.run["skipped"].items() if count > 0},
        "lost": sum(1 for request in acknowledged
                    if [row["state"] in TERMINAL for row in traces.by_request[request]] != [True]),
        "twice": twice, "stale_accepted": named["i4"] + named["i9"],
        "stale_claims": sum(line["what"] == "closed" and line["kind"] != "honest" for line in traces.stale),
        "probes": len(traces.probes),
        "detect_death_s": {**quantiles(death), "goal": timing["--broken-stream-ttl"] + 1},
        "detect_silence_s": {**quantiles(silence), "goal": timing["--lease-ttl"] + 2},
        "detect_among_other_faults_s": quantiles(disturbed),
        "calls_dropped_by_closing_server": len(traces.lines("dropped")),
        "leader_failover_s": {**quantiles(failover), "goal": timing["--leadership-ttl"] + 3},
        "idle_while_queued_s": round(invariants.longest_idle(traces), 3),
        "disk": "tmpfs" if traces.run["disk"] else "none: mounting is refused",
        "clock": "libfaketime" if traces.run["clock"] else "none: libfaketime is missing",
        "findings": len(findings),
    }


def summarise(traces, findings, as_json, samples=()):
    result = figures(traces, findings)
    result.update(growth(samples))
    if as_json:
        return json.dumps(result)
    words = []
    for name, value in result.items():
        inner = ",".join(f"{k}:{v}" for k, v in value.items()) if isinstance(value, dict) else value
        words.append(f"{name}={inner}" if not isinstance(inner, str) or " " not in inner else f'{name}="{inner}"')
    return "faults: " + " ".join(words)
