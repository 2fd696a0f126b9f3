#include "scheduler/store/job_rows.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "scheduler/store/json_columns.h"
#include "scheduler/store/nothing_made.h"

namespace dq {
namespace {

template <typename Enum>
Enum ReadEnum(const pqxx::field& field) {
  return static_cast<Enum>(field.as<int16_t>());
}

absl::Duration ReadDuration(const pqxx::field& field) {
  return field.is_null() ? absl::InfiniteDuration() : absl::Microseconds(field.as<int64_t>());
}

JobRules ReadRules(const pqxx::row& row) {
  return {.queue = row["queue"].c_str(),
          .priority = row["priority"].as<int32_t>(),
          .stages = ListFromJson(row["stages"].c_str()),
          .max_attempts = row["max_attempts"].as<int32_t>(),
          .backoff = ReadDuration(row["backoff_us"]),
          .backoff_multiplier = row["backoff_multiplier"].as<double>(),
          .backoff_cap = ReadDuration(row["backoff_cap_us"]),
          .execution_timeout = ReadDuration(row["execution_timeout_us"]),
          .no_progress_timeout = ReadDuration(row["no_progress_timeout_us"]),
          .start_deadline = row["start_deadline"].is_null() ? absl::InfiniteFuture()
                                                            : ReadTime(row["start_deadline"]),
          .not_before = ReadTime(row["not_before"]),
          .concurrency_key = row["concurrency_key"].c_str(),
          .concurrency_max = row["concurrency_max"].as<int32_t>()};
}

JobStatus ReadStatus(const pqxx::row& row) {
  return {.state = ReadEnum<JobState>(row["state"]),
          .attempt = row["attempt"].as<int32_t>(),
          .charges = row["charges"].as<int32_t>(),
          .losses = row["losses"].as<int32_t>(),
          .lease_token = row["lease_token"].c_str(),
          .worker = row["worker"].c_str(),
          .wait_reason = ReadEnum<WaitReason>(row["wait_reason"]),
          .wait_until = ReadTime(row["wait_until"]),
          .error = {.reason = row["error_reason"].c_str(),
                    .message = row["error_message"].c_str(),
                    .metadata = MapFromJson(row["error_metadata"].c_str())},
          .start_time = ReadTime(row["start_time"]),
          .end_time = ReadTime(row["end_time"]),
          .version = row["version"].as<int64_t>()};
}

std::optional<JobResult> ReadResult(const pqxx::row& row) {
  if (row["verdict"].is_null()) {
    const bool completed = ReadEnum<JobState>(row["state"]) == JobState::kCompleted;
    return completed ? std::optional(kNothingMade) : std::nullopt;
  }
  JobResult result{.manifest_uri = row["manifest_uri"].c_str(),
                   .manifest_sha256 = row["manifest_sha256"].c_str(),
                   .report_json = "",
                   .quality_score = std::nullopt,
                   .verdict = ReadEnum<Verdict>(row["verdict"]),
                   .outputs = OutputsFromJson(row["outputs"].c_str())};
  if (!row["quality_score"].is_null()) result.quality_score = row["quality_score"].as<double>();
  return result;
}

// Reads an array of numbers: {1,2,3}.
std::vector<JobKey> ReadKeys(std::string_view text) {
  std::vector<JobKey> keys;
  const char* next = text.data() + 1;
  const char* const end = text.data() + text.size();
  while (next < end) {
    JobKey key = 0;
    next = std::from_chars(next, end, key).ptr + 1;
    keys.push_back(key);
  }
  return keys;
}

std::shared_ptr<const JobCheckpoint> ReadCheckpoint(const pqxx::row& row) {
  if (row["checkpoint_attempt"].is_null()) return nullptr;
  auto checkpoint = std::make_shared<JobCheckpoint>();
  checkpoint->attempt = row["checkpoint_attempt"].as<int32_t>();
  checkpoint->sequence = row["checkpoint_sequence"].as<int64_t>();
  checkpoint->percent = row["checkpoint_percent"].as<double>();
  checkpoint->stage = row["checkpoint_stage"].c_str();
  checkpoint->time = ReadTime(row["checkpoint_time"]);
  checkpoint->place = pqxx::binarystring(row["checkpoint_place"]).str();
  return checkpoint;
}

}  // namespace

absl::Time ReadTime(const pqxx::field& field) {
  return field.is_null() ? absl::InfinitePast() : absl::FromUnixMicros(field.as<int64_t>());
}

JobRecord ReadJob(const pqxx::row& row) {
  JobRecord job;
  job.key = row["key"].as<int64_t>();
  job.name = {row["project"].c_str(), row["id"].c_str()};
  job.uid = row["uid"].c_str();
  job.display_name = row["display_name"].c_str();
  job.request_id = row["request_id"].c_str();
  job.request_hash = row["request_hash"].c_str();
  job.created_by = row["created_by"].c_str();
  job.labels = MapFromJson(row["labels"].c_str());
  job.create_time = ReadTime(row["create_time"]);
  if (!row["dependencies"].is_null()) {
    job.dependencies = DependenciesFromJson(row["dependencies"].c_str());
  }
  if (!row["batch_key"].is_null()) {
    job.batch = {row["batch_key"].as<BatchKey>(), row["batch_id"].c_str(),
                 row["operation_index"].as<int32_t>()};
  }
  job.rules = ReadRules(row);
  job.payload = {.spec = pqxx::binarystring(row["spec"]).str(),
                 .grant = pqxx::binarystring(row["grant_payload"]).str()};
  job.status = ReadStatus(row);
  job.checkpoint = ReadCheckpoint(row);
  job.result = ReadResult(row);
  return job;
}

std::vector<JobRecord> ReadJobs(const pqxx::result& rows) {
  std::vector<JobRecord> jobs;
  for (const pqxx::row& row : rows) jobs.push_back(ReadJob(row));
  return jobs;
}

WaitingJobs ReadAlike(const pqxx::row& row) {
  WaitingJobs alike;
  alike.state = ReadEnum<JobState>(row["state"]);
  alike.project = row["project"].c_str();
  alike.rules.queue = row["queue"].c_str();
  alike.rules.priority = row["priority"].as<int32_t>();
  alike.rules.stages = ListFromJson(row["stages"].c_str());
  alike.rules.concurrency_key = row["concurrency_key"].c_str();
  alike.rules.concurrency_max = row["concurrency_max"].as<int32_t>();
  alike.keys = ReadKeys(row["keys"].c_str());
  std::ranges::sort(alike.keys);  // They are in order already, unless the plan has changed.
  return alike;
}

JobEventRecord ReadJobEvent(const pqxx::row& row) {
  JobEventRecord event;
  event.sequence = row["sequence"].as<int64_t>();
  event.time = ReadTime(row["time"]);
  event.event = ReadEnum<JobEvent>(row["event"]);
  if (!row["from_state"].is_null()) event.from = ReadEnum<JobState>(row["from_state"]);
  event.to = ReadEnum<JobState>(row["to_state"]);
  event.attempt = row["attempt"].as<int32_t>();
  event.worker = row["worker"].c_str();
  event.actor = row["actor"].c_str();
  event.reason = row["reason"].c_str();
  event.message = row["message"].c_str();
  return event;
}

WorkerDrain ReadDrain(const pqxx::row& row) {
  return {.worker = row["worker"].c_str(),
          .actor = row["actor"].c_str(),
          .reason = row["reason"].c_str(),
          .time = ReadTime(row["time"])};
}

}  // namespace dq
