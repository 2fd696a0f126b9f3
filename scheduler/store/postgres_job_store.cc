#include "scheduler/store/postgres_job_store.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/batch_statements.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/job_rows.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/postgres_release_watch.h"

namespace dq {
namespace {

template <typename T>
std::vector<std::unique_ptr<T>> One(std::unique_ptr<T> thing) {
  std::vector<std::unique_ptr<T>> things;
  things.push_back(std::move(thing));
  return things;
}

std::vector<std::unique_ptr<Session>> Readers(
    const std::function<std::unique_ptr<Session>()>& connect) {
  std::vector<std::unique_ptr<Session>> readers;
  for (int i = 0; i < JobStore::kLoadSharesMax; ++i) readers.push_back(connect());
  return readers;
}

absl::Status AnotherLeads(const pqxx::result& rows) {
  ErrorMetadata metadata;
  if (!rows.empty()) {
    metadata = {{"leader", rows[0][1].c_str()},
                {"address", rows[0][2].c_str()},
                {"lives_us", rows[0][3].c_str()}};
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_LEADER",
                   "another scheduler leads: " + metadata["leader"], metadata);
}

absl::Status JobGone() {
  return MakeError(absl::StatusCode::kAborted, "FENCED", "the database does not hold a live job");
}

}  // namespace

PostgresJobStore::PostgresJobStore(std::string cell,
                                   std::function<std::unique_ptr<Session>()> connect,
                                   std::unique_ptr<BatchWriter> writer)
    : cell_(std::move(cell)),
      connect_(std::move(connect)),
      leadership_(One(connect_())),
      writer_(One(std::move(writer))),
      reader_(Readers(connect_)) {}

absl::StatusOr<Leadership> PostgresJobStore::AcquireLeadership(const std::string& instance,
                                                               const std::string& address,
                                                               absl::Duration ttl) {
  const int64_t ttl_us = absl::ToInt64Microseconds(ttl);
  Leadership leadership;
  const auto acquire = [&](Transaction& transaction) {
    const auto rows = transaction.Run(sql::kAcquireLeadership, cell_, instance, address, ttl_us);
    if (rows.empty() || rows[0][0].is_null()) return AnotherLeads(rows);
    leadership.epoch = rows[0][0].as<int64_t>();
    return absl::OkStatus();
  };
  DQ_RETURN_IF_ERROR(leadership_.Take()->Run(acquire, Scope::kStatement));
  leadership_ttl_us_ = ttl_us;
  return leadership;
}

absl::Status PostgresJobStore::RenewLeadership(int64_t epoch, absl::Duration ttl) {
  const int64_t ttl_us = absl::ToInt64Microseconds(ttl);
  leadership_ttl_us_ = ttl_us;
  const auto renew = [&](Transaction& transaction) {
    const auto rows = transaction.Run(sql::kRenewLeadership, cell_, epoch, ttl_us);
    if (rows.affected_rows() == 1) return absl::OkStatus();
    return MakeError(absl::StatusCode::kAborted, "NOT_LEADER",
                     "another scheduler leads: epoch " + std::to_string(epoch) + " is over");
  };
  return leadership_.Take()->Run(renew, Scope::kStatement);
}

absl::Status PostgresJobStore::ReleaseLeadership(int64_t epoch) {
  return leadership_.Take()->Run([&](Transaction& transaction) {
    transaction.Run(sql::kReleaseLeadership, cell_, epoch);
    return absl::OkStatus();
  });
}

std::unique_ptr<ReleaseWatch> PostgresJobStore::WatchReleases() {
  return std::make_unique<PostgresReleaseWatch>(connect_);
}

absl::StatusOr<BatchResult> PostgresJobStore::Commit(const WriteBatch& batch) {
  // Made before the connection is free: a batch is translated while the one before is written.
  std::optional<BatchWriter::Calls> whole;
  if (AreAllPlain(batch.inserts)) whole = WholeCalls(batch);
  DQ_ASSIGN_OR_RETURN(const BatchVerdict verdict,
                      writer_.Take()->Write(batch, std::move(whole),
                                            absl::Microseconds(leadership_ttl_us_.load())));
  std::vector<JobKey> keys;
  for (const InsertVerdict& insert : verdict.inserts) {
    if (insert.outcome == InsertOutcome::kExisted) keys.push_back(insert.earlier);
  }
  for (const RefusedKey& refused : verdict.refused) keys.push_back(refused.key);
  DQ_ASSIGN_OR_RETURN(const auto recorded, LoadByKey(keys));
  BatchResult result;
  for (const InsertVerdict& decided : verdict.inserts) {
    InsertResult& insert = result.inserts.emplace_back();
    insert.outcome = decided.outcome;
    insert.refusal = decided.refusal;
    if (const auto job = recorded.find(decided.earlier); job != recorded.end()) {
      insert.record = job->second;
    }
  }
  for (const RefusedKey& refused : verdict.refused) {
    const auto job = recorded.find(refused.key);
    // Without its row the leader's memory is wrong in more than that.
    if (job == recorded.end()) return JobGone();
    result.refused.push_back({refused.key, refused.why, job->second});
  }
  return result;
}

absl::StatusOr<std::map<JobKey, JobRecord>> PostgresJobStore::LoadByKey(
    const std::vector<JobKey>& keys) {
  std::map<JobKey, JobRecord> jobs;
  if (keys.empty()) return jobs;
  DQ_ASSIGN_OR_RETURN(std::vector<JobRecord> records, LoadJobs(keys, {}));
  for (JobRecord& job : records) jobs[job.key] = std::move(job);
  return jobs;
}

absl::StatusOr<LiveJobs> PostgresJobStore::LoadLiveJobs(JobKey after, int limit, LoadShare share) {
  LiveJobs live;
  std::vector<JobKey> others;
  DQ_RETURN_IF_ERROR(reader_.Take()->Run([&](Transaction& transaction) {
    live = LiveJobs();
    others.clear();
    transaction.Run(sql::kSetPlannerToLoad);
    for (const pqxx::row& row :
         transaction.Run(sql::kLoadLiveJobs, after, limit, share.index, share.of)) {
      WaitingJobs alike = ReadAlike(row);
      live.last = std::max(live.last, alike.keys.back());
      if (row["waits"].as<bool>()) {
        live.waiting.push_back(std::move(alike));
      } else {
        others.insert(others.end(), alike.keys.begin(), alike.keys.end());
      }
    }
    return absl::OkStatus();
  }));
  if (!others.empty()) {
    DQ_ASSIGN_OR_RETURN(live.jobs, LoadJobs(others, {}));
  }
  return live;
}

absl::StatusOr<std::vector<JobRecord>> PostgresJobStore::LoadJobs(
    const std::vector<JobKey>& keys, const std::vector<JobName>& names) {
  std::map<std::string, std::vector<std::string>> ids_of_project;
  for (const JobName& name : names) ids_of_project[name.project].push_back(name.id);
  std::vector<JobRecord> jobs;
  DQ_RETURN_IF_ERROR(reader_.Take()->Run([&](Transaction& transaction) {
    jobs.clear();
    const auto add = [&jobs](std::vector<JobRecord> read) {
      std::ranges::move(read, std::back_inserter(jobs));
    };
    if (!keys.empty()) add(ReadJobs(transaction.Run(sql::kGetJobsByKey, ToJson(keys))));
    for (const auto& [project, ids] : ids_of_project) {
      add(ReadJobs(transaction.Run(sql::kBatchGetJobs, project, ToJson(ids))));
    }
    return absl::OkStatus();
  }));
  return jobs;
}

absl::StatusOr<std::vector<GroupLimit>> PostgresJobStore::LoadLimits() {
  std::vector<GroupLimit> limits;
  DQ_RETURN_IF_ERROR(reader_.Take()->Run([&](Transaction& transaction) {
    limits.clear();
    for (const pqxx::row& row : transaction.Run(sql::kLoadGroupLimits)) {
      limits.push_back({.kind = static_cast<GroupKind>(row["kind"].as<int16_t>()),
                        .name = row["name"].c_str(),
                        .running_max = row["running_max"].as<int32_t>(),
                        .live_max = row["live_max"].as<int32_t>(),
                        .weight = row["weight"].as<int32_t>()});
    }
    return absl::OkStatus();
  }));
  return limits;
}

absl::StatusOr<std::vector<WorkerDrain>> PostgresJobStore::LoadDrains() {
  std::vector<WorkerDrain> drains;
  DQ_RETURN_IF_ERROR(reader_.Take()->Run([&](Transaction& transaction) {
    drains.clear();
    for (const pqxx::row& row : transaction.Run(sql::kLoadWorkerDrains)) {
      drains.push_back(ReadDrain(row));
    }
    return absl::OkStatus();
  }));
  return drains;
}

absl::StatusOr<std::vector<WebhookPlace>> PostgresJobStore::LoadWebhooks() {
  std::vector<WebhookPlace> places;
  DQ_RETURN_IF_ERROR(reader_.Take()->Run([&](Transaction& transaction) {
    places.clear();
    for (const pqxx::row& row : transaction.Run(sql::kLoadWebhookPlaces)) {
      places.push_back({row["project"].c_str(), row["key"].as<WebhookKey>()});
    }
    return absl::OkStatus();
  }));
  return places;
}

absl::StatusOr<std::map<JobState, int64_t>> PostgresJobStore::LoadStateCounts() {
  std::map<JobState, int64_t> counts;
  DQ_RETURN_IF_ERROR(reader_.Take()->Run([&](Transaction& transaction) {
    counts.clear();
    for (const pqxx::row& row : transaction.Run(sql::kLoadStateCounts)) {
      counts[static_cast<JobState>(row[0].as<int16_t>())] = row[1].as<int64_t>();
    }
    return absl::OkStatus();
  }));
  return counts;
}

}  // namespace dq
