"""Judges the traces of a campaign: the invariants of the scheduler as far as they can be seen from outside.

Shares no code with the product: it reads tables, journals and files, and has its own copy of the state table. Each
check is a function that yields findings; invariants_test.py proves that every one of them can fail.
"""

import collections
import hashlib
import json
import re
import sys

import losses
from batch_invariants import check_i20_batches_are_what_their_operations_are  # noqa: F401: one of CHECKS.
from deletion_invariants import check_i21_only_what_was_to_be_deleted_is  # noqa: F401: likewise.
from schedule_invariants import check_i23_each_time_of_a_schedule_runs_once  # noqa: F401: likewise.
from webhook_invariants import check_i22_webhooks_are_told_of_every_end  # noqa: F401: likewise.
from traces import (CANCELLED, CANCELLING, COMPLETED, FAILED, LEASED, PAUSED, PAUSING, PENDING, PROCESSING, QUEUED,
                    SKIPPED, TERMINAL, Traces)

LEGAL = {
    (PENDING, "ready"): QUEUED, (PENDING, "pause"): PAUSED, (PENDING, "cancel"): CANCELLED, (PENDING, "skip"): SKIPPED,
    (QUEUED, "claim"): PROCESSING, (QUEUED, "pause"): PAUSED, (QUEUED, "cancel"): CANCELLED, (QUEUED, "skip"): SKIPPED,
    (QUEUED, "expire"): FAILED,
    (PROCESSING, "complete"): COMPLETED, (PROCESSING, "retry"): PENDING, (PROCESSING, "give_up"): FAILED,
    (PROCESSING, "release"): QUEUED, (PROCESSING, "request_pause"): PAUSING,
    (PROCESSING, "request_cancel"): CANCELLING,
    (PAUSING, "confirm_pause"): PAUSED, (PAUSING, "lose"): PAUSED, (PAUSING, "release"): PAUSED,
    (PAUSING, "complete"): COMPLETED, (PAUSING, "give_up"): FAILED, (PAUSING, "request_cancel"): CANCELLING,
    (CANCELLING, "confirm_cancel"): CANCELLED, (CANCELLING, "lose"): CANCELLED, (CANCELLING, "release"): CANCELLED,
    (CANCELLING, "give_up"): CANCELLED,
    (PAUSED, "resume"): PENDING, (PAUSED, "cancel"): CANCELLED, (PAUSED, "skip"): SKIPPED,
    (FAILED, "reopen"): QUEUED, (CANCELLED, "reopen"): QUEUED, (SKIPPED, "reopen"): QUEUED,
}
OUTPUT_KINDS = {1: "CLEANED", 2: "REPORT", 3: "CHANGES", 4: "CLUSTERS", 5: "REJECTS", 6: "PROFILE", 7: "INTERMEDIATE"}
# Meant is one second; a test machine that is busy with other things may take longer.
IDLE_SECONDS_MAX = 10
ALREADY_EXISTS, FAILED_PRECONDITION = 6, 9


def of_batches(traces):
    """The requests of operations: whoever asked for the batch is told of that alone."""
    return {row["request_id"] for row in traces.jobs.values() if row.get("batch_id")}


def check_i1_every_acknowledged_submit_ends(traces):
    if not traces.run["drained"]:
        yield "the jobs did not end in time"
    deleted = traces.deleted()
    for line in traces.lines("ack", "repeat_ack"):
        rows = traces.by_request.get(line["request_id"], [])
        if not rows and line["request_id"] in deleted:
            continue
        if [row["uid"] for row in rows] != [line["uid"]]:
            yield f"{line['request_id']} was acknowledged as {line['job']} and the table has {[r['id'] for r in rows]}"
    for row in traces.jobs.values():
        if row["state"] not in TERMINAL:
            yield f"{row['id']} is in state {row['state']} after the drain"
    for row in traces.live:
        yield f"page {row['page']} still counts {row['live']} live jobs"
    acknowledged = {line["request_id"] for line in traces.lines("ack")}
    for request in traces.work.keys() - acknowledged - of_batches(traces):
        if traces.run["drained"]:
            yield f"{request} was never acknowledged"


def check_i2_one_job_per_request(traces):
    sent = {line["request_id"] for line in traces.lines("submit")}
    of_schedules = set(traces.schedule_requests())
    for request, rows in traces.by_request.items():
        if len(rows) != 1:
            yield f"{request} made {len(rows)} jobs"
        if request not in sent | of_schedules and not rows[0].get("batch_id"):
            yield f"{rows[0]['id']} has a request id that nobody sent"
    new = collections.Counter(line["request_id"] for line in traces.lines("ack", "repeat_ack") if not line["existed"])
    for request, count in new.items():
        if count != 1:
            yield f"{request} was acknowledged {count} times as new"
    for line in traces.lines("misuse_ack"):
        yield f"{line['request_id']} was taken with another body"
    for line in traces.lines("refused"):
        expected = {"misuse": ALREADY_EXISTS, "cancel": FAILED_PRECONDITION, "pause": FAILED_PRECONDITION,
                    "resume": FAILED_PRECONDITION}.get(line["call"])
        if line["code"] != expected:
            yield f"{line['call']} of {line['request_id']} was answered with code {line['code']}: {line['message']}"


def check_i3_one_terminal_commit(traces):
    for key, row in traces.jobs.items():
        ends = [event for event in traces.events[key] if event["to_state"] in TERMINAL]
        reopened = len(traces.events_named(key, "reopen"))
        if len(ends) != 1 + reopened and row["state"] in TERMINAL:
            yield f"{row['id']} ended {len(ends)} times and was reopened {reopened} times"
        # A chain that makes nothing has no row.
        most = 1 if row["state"] == COMPLETED else 0
        least = most if traces.work.get(row["request_id"], {}).get("input") else 0
        if not least <= len(traces.results[key]) <= most:
            yield f"{row['id']} in state {row['state']} has {len(traces.results[key])} results"


def granted_by_stale_worker(traces):
    return {(line["job"].split("/")[-1], line["attempt"]): line["token"] for line in traces.stale
            if line["what"] == "granted"}


def seen_leases(traces):
    """(job id, attempt) → the tokens that were seen in the table or by a worker; not where a deleted job had the name, too."""
    tokens = collections.defaultdict(set)
    names = set(traces.deleted_jobs.values())
    for probe in traces.probes:
        for job, attempt, token, _worker in probe["leases"]:
            if job not in names:
                tokens[job, int(attempt)].add(token)
    for lease, token in granted_by_stale_worker(traces).items():
        tokens[lease].add(token)
    return tokens


def check_i4_the_newest_grant_decides(traces):
    tokens = seen_leases(traces)
    for lease, seen in tokens.items():
        if len(seen) != 1:
            yield f"{lease[0]} attempt {lease[1]} had {len(seen)} tokens"
    for key, row in traces.jobs.items():
        for done in traces.events_named(key, "complete"):
            claims = [e for e in traces.events_named(key, "claim") if e["sequence"] < done["sequence"]]
            if not claims or (claims[-1]["attempt"], claims[-1]["worker"]) != (done["attempt"], done["actor"]):
                yield f"{row['id']} was completed as attempt {done['attempt']} of {done['actor']}, not by its last claim"
        for result in traces.results[key]:
            found = re.search(r"/a(\d+)-([0-9a-f]{8})/manifest\.json$", result["manifest_uri"])
            if not found:
                continue
            attempt, token = int(found.group(1)), found.group(2)
            if attempt != row["attempt"]:
                yield f"{row['id']} has a result of attempt {attempt} and its last grant was {row['attempt']}"
            if any(not seen.startswith(token) for seen in tokens[row["id"], attempt]):
                yield f"{row['id']} has a result under token {token}, which its lease did not have"


def check_i5_attempts_count_grants(traces):
    for key, row in traces.jobs.items():
        attempt = 0
        for event in traces.events[key]:
            attempt += event["name"] == "claim"
            if event["attempt"] != attempt:
                yield f"{row['id']} event {event['sequence']} has attempt {event['attempt']}, not {attempt}"
        if row["attempt"] != attempt:
            yield f"{row['id']} has attempt {row['attempt']} after {attempt} grants"


def check_i6_charges_are_failures_and_losses(traces):
    for key, row in traces.jobs.items():
        charged = traces.events_named(key, *losses.CHARGED)
        lost = [event for event in charged if event["reason"] in losses.LOST_REASONS]
        if row["charges"] != len(charged) or row["charges"] > row["max_attempts"]:
            yield f"{row['id']} has {row['charges']} charges after {len(charged)} failures, at most {row['max_attempts']}"
        if row["losses"] != len(lost):
            yield f"{row['id']} has {row['losses']} losses after {len(lost)}"
        if any(not event["reason"] for event in charged):
            yield f"{row['id']} was charged without a reason"
        given_up = traces.events_named(key, "give_up")
        poisoned = row["error_reason"] == "POISON"
        if row["state"] == FAILED and (len(given_up) != 1 or not (poisoned or row["charges"] == row["max_attempts"])):
            yield f"{row['id']} FAILED of {row['error_reason']} after {row['charges']} of {row['max_attempts']} charges"
        if row["state"] == FAILED and poisoned and row["losses"] != losses.POISON_LOSSES:
            yield f"{row['id']} is POISON after {row['losses']} losses"


def check_i7_history_is_gapless_and_legal(traces):
    for key, row in traces.jobs.items():
        state = None
        for number, event in enumerate(traces.events[key], 1):
            legal = (number == 1 and event["to_state"] in (PENDING, QUEUED)) if event["name"] == "create" else (
                LEGAL.get((state, event["name"])) == event["to_state"] and event["from_state"] == state)
            if event["sequence"] != number:
                yield f"{row['id']} has event {event['sequence']} where {number} belongs"
            if not legal:
                yield f"{row['id']} went from {state} by {event['name']} to {event['to_state']}"
            state = event["to_state"]
        if (row["version"], row["state"]) != (len(traces.events[key]), state):
            yield f"{row['id']} is at version {row['version']} in {row['state']}, its history says {state}"
    for key in traces.events.keys() - traces.jobs.keys():
        if traces.events[key][-1]["name"] != "delete":
            yield f"job {key} has a history and no row"
    counted = collections.Counter(row["state"] for row in traces.jobs.values())
    kept = {row["state"]: row["jobs"] for row in traces.counts if row["jobs"] != 0}
    if dict(counted) != kept:
        yield f"the kept counts {kept} are not the jobs {dict(counted)}"


def check_i8_one_lease_per_job(traces):
    for probe in traces.probes:
        wrong = {name: count for name, count in probe["snapshot"].items() if count != 0}
        if wrong:
            yield f"at {probe['t']:.3f} the tables contradict each other: {wrong}"
    for key, row in traces.jobs.items():
        held = False
        for event in traces.events[key]:
            if event["name"] == "claim" and held:
                yield f"{row['id']} was granted at event {event['sequence']} while a lease was live"
            held = event["to_state"] in LEASED
        if row["state"] in TERMINAL and row["lease_token"]:
            yield f"{row['id']} has ended and still has a lease"


def stale_checkpoints(traces):
    """Grants that go on from a checkpoint: of an earlier attempt, and never an older one than before."""
    for key, row in traces.jobs.items():
        newest = (0, 0)
        for event in traces.events[key]:
            if event["reason"] == "FROM_START":
                newest = (0, 0)
            if event["reason"] != "FROM_CHECKPOINT":
                continue
            sequence, attempt = map(int, re.search(r"checkpoint (\d+) of attempt (\d+) ", event["message"]).groups())
            if not newest <= (attempt, sequence) or attempt >= event["attempt"]:
                yield f"{row['id']} attempt {event['attempt']} goes on from checkpoint {sequence} of attempt {attempt}"
            newest = (attempt, sequence)


def check_i9_nothing_stale_is_accepted(traces):
    yield from stale_checkpoints(traces)
    claimed = {line["uri"]: line for line in traces.stale if line["what"] == "claimed"}
    granted = granted_by_stale_worker(traces)
    for key, row in traces.jobs.items():
        for result in traces.results[key]:
            line = claimed.get(result["manifest_uri"])
            if line is None and result["manifest_uri"].startswith(("file:///stale/", "file:///wrong/", "file:///again/",
                                                                  "file:///honest/")):
                yield f"{row['id']} has a result that nobody claimed: {result['manifest_uri']}"
            if line is None:
                continue
            # What is reported late is believed if, and only if, its lease lived on: a new leader renews all leases.
            if line["kind"] not in ("honest", "stale"):
                yield f"{row['id']} has the outcome that was {line['kind']}"
            own = (line["job"].split("/")[-1], line["attempt"], line["token"])
            if own != (row["id"], row["attempt"], granted.get((row["id"], row["attempt"]))):
                yield f"{row['id']} attempt {row['attempt']} has the outcome of {own}"


def check_i10_leases_are_lost_for_a_reason(traces):
    yield from losses.unexplained(traces)
    yield from losses.too_early(traces)


def longest_idle(traces):
    """The longest time, in seconds, that a job waited although a slot was free, after everything was healed."""
    changes = []
    for request, rows in traces.by_request.items():
        for event in traces.events[rows[0]["key"]] if request.startswith("calm-") else []:
            waits = (event["to_state"] == QUEUED) - (event["from_state"] == QUEUED)
            runs = (event["to_state"] in LEASED) - (event["from_state"] in LEASED)
            changes.append((event["us"], waits, runs))
    longest, waiting, running, since = 0, 0, 0, None
    for us, waits, runs in sorted(changes):
        if since is not None:
            longest = max(longest, us - since)
        waiting, running = waiting + waits, running + runs
        idle = waiting > 0 and running < traces.run["workers"] * traces.run["slots"]
        since = (since or us) if idle else None
    return longest / 1e6


def check_i11_no_slot_idles_while_a_job_waits(traces):
    idle = longest_idle(traces)
    if idle > IDLE_SECONDS_MAX:
        yield f"after the last fault a job waited {idle:.1f} s although a slot was free"


def check_i12_results_equal_the_reference(traces):
    hashes = {}
    for key, row in traces.jobs.items():
        item = traces.work.get(row["request_id"])
        if row["state"] != COMPLETED or item is None or not item["input"] or not traces.results[key]:
            continue
        expected = traces.run["expected"][item["input"]]
        manifest_path = traces.storage / traces.results[key][0]["manifest_uri"].removeprefix("file:///")
        if not manifest_path.exists():
            yield f"{row['id']} has no manifest {manifest_path.name} at its place"
            continue
        manifest = manifest_path.read_bytes()
        if hashlib.sha256(manifest).hexdigest() != traces.results[key][0]["manifest_sha256"]:
            yield f"{row['id']} has another manifest than the recorded one"
        listed = {file["name"]: file for file in json.loads(manifest).get("files", [])}
        on_disk = {path.name for path in manifest_path.parent.iterdir()} - {"manifest.json"}
        if on_disk != listed.keys():
            yield f"{row['id']} has files {sorted(on_disk)} and its manifest lists {sorted(listed)}"
        for output in json.loads(traces.results[key][0]["outputs"]):
            path = traces.storage / output["uri"].removeprefix("file:///")
            digest = hashes.setdefault(path, hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "")
            kind = OUTPUT_KINDS[output["kind"]]
            if digest != output["sha256"]:
                yield f"{row['id']} has {kind} bytes {digest[:12]} and recorded {output['sha256'][:12]}"
            if kind in expected and digest != expected[kind]:
                yield f"{row['id']} has other {kind} bytes than the reference run over {item['input']}"


def check_i13_nothing_is_told_before_its_commit(traces):
    # Their names may be gone, or be another job's by now.
    deleted = {line["job"].split("/")[-1]: line["uid"] for line in traces.lines("ack") if line["request_id"] in traces.deleted()}
    for probe in traces.probes:
        for job, told, read in probe["told"]:
            if job not in deleted and (read is None or read < told):
                yield f"{job} was told as version {told} when the table had {read}"
    for job, statements in traces.told().items():
        statements = [line for line in statements if line.get("uid", "") != deleted.get(job)]
        row = traces.by_id.get(job)
        if row is None and not statements:
            continue
        if row is None:
            yield f"{job} was told of and is not in the table"
            continue
        history = traces.events[row["key"]]
        recorded = {output["sha256"] for result in traces.results[row["key"]]
                    for output in json.loads(result["outputs"])}
        for line in statements:
            version = int(line["version"])
            if version > len(history) or history[version - 1]["to_state"] != line["state"]:
                yield f"{job} was told as state {line['state']} at version {version}, which never was"
            if line["outputs"] and (line["state"] != COMPLETED or set(line["outputs"]) != recorded):
                yield f"{job} was told with outputs that are not the recorded ones"
    for line in traces.lines("not_found"):
        yield f"{line['job']} was acknowledged and later not found"


def check_i14_nothing_completes_after_a_cancel(traces):
    for line in traces.lines("cancel_ack"):
        for row in traces.by_request.get(line["request_id"], []):
            if row["state"] != CANCELLED or traces.results[row["key"]]:
                yield f"{row['id']} is in state {row['state']} after an acknowledged cancel"
            if line["state"] not in (CANCELLED, CANCELLING):
                yield f"the cancel of {row['id']} was acknowledged in state {line['state']}"
    asked = {line["request_id"] for line in traces.lines("cancel")}
    for row in traces.jobs.values():
        if row["state"] == CANCELLED and row["request_id"] not in asked:
            yield f"{row['id']} is CANCELLED and nobody asked for it"


def leases_of(traces):
    """Yields (job row, worker, first microsecond, last microsecond) of every lease that its worker was told of."""
    for key, row in traces.jobs.items():
        claim = None
        for event in traces.events[key]:
            if event["name"] == "claim":
                claim = event
            elif claim is not None and event["to_state"] not in LEASED:
                # A grant that was lost on its way takes no slot; the scheduler takes it back when it notices.
                if event["name"] != "release" or event["actor"] != "scheduler":
                    yield row, claim["worker"], claim["us"], event["us"]
                claim = None


def limits_of(traces, row, worker):
    """Yields (whose, how many) for the limits under which a lease runs."""
    # The stale worker keeps silent about what it holds when it comes back, and is then given more.
    if worker != "stale":
        yield f"worker {worker}", traces.run["slots"]
    item = traces.work.get(row["request_id"], {})
    if key := item.get("key"):
        yield f"concurrency key {key}", item["key_limit"]
    if queue := item.get("queue"):
        yield f"queue {queue}", traces.run["queue_running_max"]


def check_i16_no_limit_is_ever_exceeded(traces):
    jumps = [fault for fault in traces.faults if fault["kind"] == "jump_clock"]

    def is_dated(us):
        """Not by a clock that may have jumped: the order of events of different jobs would not be known."""
        at = us / 1e6
        return not any(fault["start"] <= moment <= fault["end"] for fault in jumps for moment in (at, at - fault["number"]))

    changes = [change for row, worker, first, last in leases_of(traces) if is_dated(first) and is_dated(last)
               for limit in limits_of(traces, row, worker) for change in ((first, 1, limit), (last, -1, limit))]
    held, worst = collections.Counter(), collections.Counter()
    for _us, step, limit in sorted(changes):
        held[limit] += step
        worst[limit] = max(worst[limit], held[limit])
    for (whose, limit), most in worst.items():
        if most > limit:
            yield f"{most} jobs of {whose} ran at a time, and {limit} may"


def check_i17_every_change_names_its_cause(traces):
    for key, row in traces.jobs.items():
        for event in traces.events[key]:
            if not event["actor"]:
                yield f"{row['id']} event {event['sequence']} has no actor"
        created = traces.events_named(key, "create")
        if [event["actor"] for event in created] != [row["created_by"]]:
            yield f"{row['id']} was created by {row['created_by']}, its history has {[e['actor'] for e in created]}"
    for line in traces.lines("cancel_ack"):
        for row in traces.by_request.get(line["request_id"], []):
            found = [event for event in traces.events_named(row["key"], "cancel", "request_cancel")
                     if event["message"] == f"cancel of {line['request_id']}"]
            if len(found) != 1:
                yield f"the cancel of {row['id']} is {len(found)} times in its history"
    for line in traces.lines("pause_ack"):
        for row in traces.by_request.get(line["request_id"], []):
            if not any(event["message"] == f"pause of {line['request_id']}"
                       for event in traces.events_named(row["key"], "pause", "request_pause")):
                yield f"the pause of {row['id']} is not in its history"


def check_i18_everything_is_given_back(traces):
    if not traces.run["is_settled"]:
        yield f"in use before {traces.run['baseline']} and after the drain {traces.run['settled']}"
    if any(code != 0 for code in traces.run["exit_codes"]):
        yield f"workers ended with {traces.run['exit_codes']} when asked to stop"


def check_i19_dependents_follow_completed_jobs(traces):
    # COMPLETED is for good, and nobody retries in a campaign: how both ended tells whether one waited for the other.
    for request, item in traces.work.items():
        for row in traces.by_request[request] if item.get("after") else []:
            fates = [other["state"] for other in traces.by_request[item["after"]]]
            if traces.events_named(row["key"], "claim") and fates != [COMPLETED]:
                yield f"{row['id']} was started and {item['after']}, on which it depends, is in state {fates}"
            if row["state"] == SKIPPED and (fates == [COMPLETED] or row["error_reason"] != "DEPENDENCY_FAILED"):
                yield f"{row['id']} was skipped for {row['error_reason']} and {item['after']} is in state {fates}"
    for row in traces.jobs.values():
        if row["state"] == SKIPPED and not traces.work.get(row["request_id"], {}).get("after"):
            yield f"{row['id']} was skipped and depends on nothing"


CHECKS = {name: check for name, check in sorted(globals().items()) if name.startswith("check_i")}


def check_traces(traces):
    """Returns the findings of every check, each with the name of its check."""
    return [f"{name.removeprefix('check_')}: {finding}" for name, check in CHECKS.items() for finding in check(traces)]


if __name__ == "__main__":
    found = check_traces(Traces(sys.argv[1]))
    print("\n".join(found) or "nothing found")
    sys.exit(1 if found else 0)
