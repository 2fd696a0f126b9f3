#include "tests/scheduler/store/job_script.h"

namespace dq {

JobScript::JobScript(JobKey key, const std::string& id) {
  record.key = key;
  record.name = {"default", id};
  record.uid = "uid-" + id;
  record.display_name = "The job “" + id + "”";
  record.request_id = "request-" + id;
  record.request_hash = "hash-" + id;
  record.created_by = "user:alice";
  record.labels = {{"team", "data"}, {"quote", "a\"b\\c{},"}, {"empty", ""}};
  record.create_time = Start();
  record.rules.queue = "fast";
  record.rules.priority = -7;
  record.rules.stages = {"complete", "dedupe"};
  record.rules.max_attempts = 5;
  record.rules.backoff = absl::Milliseconds(250);
  record.rules.backoff_multiplier = 1.5;
  record.rules.backoff_cap = absl::Seconds(9);
  record.rules.execution_timeout = absl::Hours(2);
  record.rules.no_progress_timeout = absl::Minutes(3);
  record.rules.start_deadline = Start() + absl::Hours(1);
  record.rules.not_before = Start() - absl::Seconds(1);
  record.payload.spec = std::string("spec\0\xff", 6);
  record.payload.grant = "grant";
  record.status.state = JobState::kQueued;
  record.status.wait_reason = WaitReason::kBehindOthers;
}

void JobScript::Record(JobEvent event, std::optional<JobState> from) {
  record.status.version = static_cast<int64_t>(events.size()) + 1;
  JobEventRecord& row = events.emplace_back();
  row.sequence = record.status.version;
  row.time = Start() + absl::Milliseconds(row.sequence);
  row.event = event;
  row.from = from;
  row.to = record.status.state;
  row.attempt = record.status.attempt;
  row.worker = record.status.worker;
  row.actor = "scheduler";
  row.reason = "REASON";
  row.message = "a message";
  if (plain_) MakePlain(row);
}

void JobScript::MakePlain(JobEventRecord& row) const {
  row.reason.clear();
  row.message.clear();
  if (row.event == JobEvent::kCreate) {
    row.time = record.create_time;
    row.actor = record.created_by;
    row.worker.clear();
  } else if (row.event == JobEvent::kClaim) {
    row.time = record.status.start_time;
  } else if (row.event == JobEvent::kComplete) {
    row.time = record.status.end_time;
    row.actor = record.status.worker;
  }
}

JobInsert JobScript::Create() {
  Record(JobEvent::kCreate, std::nullopt);
  return {record, events};
}

JobUpdate JobScript::Step(JobEvent event, const JobStatus& next) {
  JobUpdate update;
  update.key = record.key;
  update.name = record.name;
  update.batch = record.batch.key;
  update.expected_attempt = record.status.attempt;
  update.expected_token = record.status.lease_token;
  update.created_by = record.created_by;
  const JobState from = record.status.state;
  record.status = next;
  Record(event, from);
  update.status = record.status;
  update.events = {events.back()};
  return update;
}

JobUpdate JobScript::Claim(const std::string& token) {
  JobStatus next = record.status;
  next.state = JobState::kProcessing;
  next.wait_reason = WaitReason::kNone;
  ++next.attempt;
  next.lease_token = token;
  next.worker = "worker-1";
  next.start_time = Start() + absl::Seconds(1);
  return Step(JobEvent::kClaim, next);
}

JobUpdate JobScript::Complete(const JobResult& result) {
  JobStatus next = record.status;
  next.state = JobState::kCompleted;
  next.lease_token.clear();
  next.end_time = Start() + absl::Seconds(2);
  JobUpdate update = Step(JobEvent::kComplete, next);
  update.result = result;
  record.result = result;
  record.result->report_json.clear();  // As read back.
  return update;
}

JobUpdate JobScript::Retry(const std::string& reason) {
  JobStatus next = record.status;
  next.state = JobState::kPending;
  next.wait_reason = WaitReason::kBackoff;
  next.wait_until = Start() + absl::Seconds(30);
  next.lease_token.clear();
  ++next.charges;
  ++next.losses;
  next.error = {reason, "what went wrong", {{"row", "7"}}};
  return Step(JobEvent::kRetry, next);
}

JobUpdate JobScript::Fail(const std::string& reason) {
  JobStatus next = record.status;
  next.state = JobState::kFailed;
  next.lease_token.clear();
  ++next.charges;
  next.end_time = Start() + absl::Seconds(3);
  next.error = {reason, "what went wrong", {}};
  return Step(JobEvent::kGiveUp, next);
}

JobUpdate JobScript::Cancel() {
  JobStatus next = record.status;
  next.state = JobState::kCancelled;
  next.wait_reason = WaitReason::kNone;
  next.end_time = Start() + absl::Seconds(4);
  return Step(JobEvent::kCancel, next);
}

JobUpdate JobScript::Pause() {
  JobStatus next = record.status;
  next.state = JobState::kPaused;
  next.wait_reason = WaitReason::kNone;
  return Step(JobEvent::kPause, next);
}

JobUpdate JobScript::Reopen() {
  JobStatus next = record.status;
  next.state = JobState::kQueued;
  next.end_time = absl::InfinitePast();
  return Step(JobEvent::kReopen, next);
}

JobUpdate JobScript::Merge(JobUpdate first, const JobUpdate& second) {
  first.status = second.status;
  first.result = second.result;
  first.events.insert(first.events.end(), second.events.begin(), second.events.end());
  return first;
}

JobResult SomeResult(const std::string& file_id) {
  JobResult result;
  result.manifest_uri = "file:///jobs/manifest.json";
  result.manifest_sha256 = "ab12";
  result.report_json = R"({"score":0.5})";
  result.quality_score = 0.5;
  result.verdict = Verdict::kPassed;
  result.outputs = {{1, file_id, "file:///jobs/clean.csv", "clean “x”.csv", 4711, "cd34"}};
  return result;
}

}  // namespace dq
