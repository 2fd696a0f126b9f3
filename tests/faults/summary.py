"""The one line that sums up a campaign."""

import collections
import json

import goals
import invariants
import losses
from growth import growth
from traces import CANCELLED, COMPLETED, FAILED, TERMINAL


def figures(traces, findings):
    times = goals.times(traces)
    states = collections.Counter(row["state"] for row in traces.jobs.values())
    acknowledged = {line["request_id"] for line in traces.lines("ack")}
    kinds = collections.Counter(fault["kind"] for fault in traces.faults)
    holders = sum(fault["holder"] for fault in traces.faults)
    disturbed = [seconds for seconds in losses.detections(traces, losses.DEATHS | losses.SILENCES, undisturbed=False)
                 if 0 <= seconds < 600]  # Others were timed by a clock that had jumped.
    named = collections.Counter(finding.split("_")[0] for finding in findings)
    twice = sum(len(rows) > 1 for rows in traces.by_request.values()) + sum(
        sum(event["to_state"] in TERMINAL and event["name"] != "delete" for event in events) > 1 + len(traces.events_named(key, "reopen"))
        for key, events in traces.events.items())
    return {
        "tier": traces.run["tier"], "seed": traces.run["seed"], "seconds": round(traces.run["end"] - traces.run["start"], 1),
        "jobs": len(traces.jobs), "acknowledged": len(acknowledged),
        "runs": sum(schedule["runs"] for schedule in traces.schedules), "deletions": len(traces.deleted()),
        "batches": sum(line["what"] == "end" for line in traces.batch_lines),
        "completed": states[COMPLETED], "failed": states[FAILED], "cancelled": states[CANCELLED],
        "attempts": sum(row["attempt"] for row in traces.jobs.values()),
        "leases_lost": sum(1 for _ in losses.lost_leases(traces)),
        "faults": len(traces.faults), "faults_by_kind": dict(sorted(kinds.items())),
        "faults_on_lease_holders": holders,
        "faults_skipped": {kind: count for kind, count in traces.run["skipped"].items() if count > 0},
        "lost": sum(1 for request in acknowledged - traces.deleted().keys()
                    if [row["state"] in TERMINAL for row in traces.by_request[request]] != [True]),
        "twice": twice, "stale_accepted": named["i4"] + named["i9"],
        "stale_claims": sum(line["what"] == "closed" and line["kind"] != "honest" for line in traces.stale),
        "probes": len(traces.probes),
        "detect_death_s": times["detect_death_s"], "detect_silence_s": times["detect_silence_s"],
        "detect_among_other_faults_s": goals.quantiles(disturbed),
        "calls_dropped_by_closing_server": len(traces.lines("dropped")),
        "leader_failover_s": times["leader_failover_s"],
        "load": round(traces.run["load"], 1), "cores": traces.run["cores"],
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
