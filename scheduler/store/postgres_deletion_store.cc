#include "scheduler/store/postgres_deletion_store.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/job_rows.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

constexpr int kPageBits = 8;  // As in job_page.

// Numbers of the column deleted_resource.kind.
constexpr int16_t kJobKind = 1;
constexpr int16_t kBatchKind = 2;

// A job that is locked, and what decides whether it goes.
struct LockedJob {
  JobKey key = 0;
  DeletedJob job;
  int64_t version = 0;
  bool is_operation = false;
  bool is_needed = false;
};

std::vector<LockedJob> ReadLocked(const std::string& project, const pqxx::result& rows) {
  std::vector<LockedJob> jobs;
  for (const pqxx::row& row : rows) {
    jobs.push_back({.key = row["key"].as<JobKey>(),
                    .job = {.name = {project, row["id"].c_str()},
                            .state = static_cast<JobState>(row["state"].as<int16_t>())},
                    .version = row["version"].as<int64_t>(),
                    .is_operation = row["is_operation"].as<bool>(),
                    .is_needed = row["is_needed"].as<bool>()});
  }
  return jobs;
}

DeletionOutcome Judge(const LockedJob& locked, int64_t version) {
  if (version != 0 && version != locked.version) return DeletionOutcome::kChanged;
  if (!IsTerminal(locked.job.state)) return DeletionOutcome::kNotEnded;
  if (locked.is_operation) return DeletionOutcome::kOperation;
  return locked.is_needed ? DeletionOutcome::kNeeded : DeletionOutcome::kDeleted;
}

std::map<JobName, LockedJob> LockJobs(Transaction& transaction,
                                      const std::vector<JobToDelete>& jobs, JobKey keys_below) {
  std::map<std::string, std::vector<std::string>> ids;
  for (const JobToDelete& job : jobs) ids[job.name.project].push_back(job.name.id);
  std::map<JobName, LockedJob> found;
  for (const auto& [project, wanted] : ids) {
    const auto rows = transaction.Run(sql::kLockDeletableJobs, project, ToJson(wanted));
    for (LockedJob& job : ReadLocked(project, rows)) {
      if (job.key < keys_below) found[job.job.name] = std::move(job);
    }
  }
  return found;
}

// Judges a name that nothing has. What this very order has deleted, whose answer was lost, is
// deleted now.
JobDeletion JudgeAbsent(Transaction& transaction, int16_t kind, const std::string& project,
                        const std::string& id, const OperatorWord& word) {
  const auto rows = transaction.Run(sql::kFindDeletion, project, kind, id);
  if (rows.empty()) return {DeletionOutcome::kUnknown, {}};
  const bool is_now = TimeText(ReadTime(rows[0]["time"])) == TimeText(word.time) &&
                      rows[0]["actor"].c_str() == StorableText(word.actor);
  if (!is_now) return {DeletionOutcome::kGone, {}};
  return {DeletionOutcome::kDeleted, static_cast<JobState>(rows[0]["state"].as<int16_t>())};
}

// Returns the literal of an array of numbers, or of names of resources, which need no quotes.
template <typename Values, typename Text>
std::string ArrayOf(const Values& values, Text text) {
  std::string literal = "{";
  for (const auto& value : values) {
    if (literal.size() > 1) literal += ',';
    literal += text(value);
  }
  return literal + "}";
}

void DeleteInputs(Transaction& transaction, const pqxx::result& needed) {
  std::map<std::string, std::vector<std::string>> files;
  for (const pqxx::row& row : needed) files[row[0].c_str()].push_back(row[1].c_str());
  for (const auto& [project, ids] : files) {
    transaction.Run(sql::kLockFiles, project, ToJson(ids));
    transaction.Run(sql::kDeleteInputs, project, ToJson(ids));
  }
}

// Deletes everything recorded of the jobs but their history and what is counted of them; returns
// the ids of the files of theirs that stay.
std::vector<std::string> DeleteRows(Transaction& transaction, const std::vector<LockedJob>& jobs,
                                    const DeletionOrder& order) {
  std::vector<JobKey> numbers;
  for (const LockedJob& job : jobs) numbers.push_back(job.key);
  const std::string keys = ToJson(numbers);
  const OperatorWord& word = order.word;
  transaction.Run(sql::kInsertCreationEvents, keys);
  transaction.Run(sql::kInsertJobDeletions, keys, TimeText(word.time), StorableText(word.actor),
                  StorableText(word.reason));
  transaction.Run(sql::kLockProducedFiles, keys);
  transaction.Run(sql::kDeleteProducedFiles, keys);
  std::vector<std::string> kept;
  for (const pqxx::row& row : transaction.Run(sql::kInsertStorageDebts, keys)) {
    std::ranges::move(ListFromJson(row[0].c_str()), std::back_inserter(kept));
  }
  const auto needed = transaction.Run(sql::kDeleteNeeds, keys);
  if (order.with_input) DeleteInputs(transaction, needed);
  transaction.Run(sql::kDeleteJobParts, keys);
  transaction.Run(sql::kDeleteJobs, keys);
  return kept;
}

// Takes the jobs off what is counted. The last step, in the order in which commits lock the same.
void CountDeleted(Transaction& transaction, const std::vector<LockedJob>& jobs) {
  std::map<std::pair<std::string, JobState>, int64_t> counts;
  std::map<std::string, std::set<JobKey>> pages;
  for (const LockedJob& job : jobs) {
    --counts[{job.job.name.project, job.job.state}];
    pages[job.job.name.project].insert(job.key >> kPageBits);
  }
  const auto project = [](const auto& count) { return count.first.first; };
  const auto state = [](const auto& count) {
    return std::to_string(static_cast<int16_t>(count.first.second));
  };
  const auto number = [](const auto& count) { return std::to_string(count.second); };
  transaction.Run(sql::kCountJobs, "{}", "{}", "{}", ArrayOf(counts, project),
                  ArrayOf(counts, state), ArrayOf(counts, number));
  for (const auto& [of, numbers] : pages) {
    const std::string list = ToJson(std::vector<JobKey>(numbers.begin(), numbers.end()));
    transaction.Run(sql::kLockPages, of, list);
    transaction.Run(sql::kDeleteEmptyPages, of, list);
  }
}

JobDeletions DeleteThose(Transaction& transaction, const std::vector<JobToDelete>& jobs,
                         const DeletionOrder& order) {
  JobDeletions deletions;
  const std::map<JobName, LockedJob> found = LockJobs(transaction, jobs, order.keys_below);
  std::vector<LockedJob> going;
  for (const auto& [name, version] : jobs) {
    const auto job = found.find(name);
    if (job == found.end()) {
      deletions.outcomes.push_back(
          JudgeAbsent(transaction, kJobKind, name.project, name.id, order.word));
      continue;
    }
    const DeletionOutcome outcome = Judge(job->second, version);
    deletions.outcomes.push_back({outcome, job->second.job.state});
    if (outcome == DeletionOutcome::kDeleted) going.push_back(job->second);
  }
  if (going.empty()) return deletions;
  deletions.kept_files = DeleteRows(transaction, going, order);
  CountDeleted(transaction, going);
  return deletions;
}

// Deletes a batch that has ended, unless one of its operations is in the way.
BatchDeletion DeleteWhole(Transaction& transaction, BatchKey key, const std::string& project,
                          const DeletionOrder& order) {
  BatchDeletion deletion;
  const std::vector<LockedJob> jobs =
      ReadLocked(project, transaction.Run(sql::kLockOperationJobs, key));
  for (const LockedJob& job : jobs) {
    const DeletionOutcome outcome = Judge(job, 0);
    if (outcome != DeletionOutcome::kDeleted) return {outcome, job.job.name, {}, {}};
    deletion.deleted.push_back(job.job);
  }
  deletion.outcome = DeletionOutcome::kDeleted;
  if (!jobs.empty()) deletion.kept_files = DeleteRows(transaction, jobs, order);
  transaction.Run(sql::kDeleteBatch, key, TimeText(order.word.time), StorableText(order.word.actor),
                  StorableText(order.word.reason));
  if (!jobs.empty()) CountDeleted(transaction, jobs);
  return deletion;
}

}  // namespace

absl::Status PostgresDeletionStore::Fence(Transaction& transaction, int64_t epoch) const {
  if (!transaction.Run(sql::kFenceDeletion, cell_, epoch).empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, "NOT_LEADER",
                   "another scheduler leads: epoch " + std::to_string(epoch) + " is over");
}

absl::StatusOr<JobDeletions> PostgresDeletionStore::DeleteJobs(const std::vector<JobToDelete>& jobs,
                                                               const DeletionOrder& order) {
  JobDeletions deletions;
  const absl::Status done = sessions_.Take()->Run([&](Transaction& transaction) {
    deletions = DeleteThose(transaction, jobs, order);
    return Fence(transaction, order.epoch);
  });
  if (!done.ok()) return done;
  return deletions;
}

absl::StatusOr<BatchDeletion> PostgresDeletionStore::DeleteBatch(const std::string& project,
                                                                 const std::string& id,
                                                                 int64_t version,
                                                                 const DeletionOrder& order) {
  BatchDeletion deletion;
  const absl::Status done = sessions_.Take()->Run([&](Transaction& transaction) {
    const auto rows = transaction.Run(sql::kLockBatch, project, id);
    deletion = BatchDeletion();
    if (rows.empty()) {
      deletion.outcome = JudgeAbsent(transaction, kBatchKind, project, id, order.word).outcome;
    } else if (version != 0 && rows[0]["version"].as<int64_t>() != version) {
      deletion.outcome = DeletionOutcome::kChanged;
    } else if (!rows[0]["has_ended"].as<bool>()) {
      deletion.outcome = DeletionOutcome::kNotEnded;
    } else {
      deletion = DeleteWhole(transaction, rows[0]["key"].as<BatchKey>(), project, order);
    }
    return Fence(transaction, order.epoch);
  });
  if (!done.ok()) return done;
  return deletion;
}

absl::StatusOr<std::vector<StorageDebt>> PostgresDeletionStore::LoadDebts(int64_t after,
                                                                          int limit) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kLoadDebts, after, limit);
                      }));
  std::vector<StorageDebt> debts;
  for (const pqxx::row& row : rows) {
    debts.push_back({.key = row["key"].as<int64_t>(),
                     .uri = row["uri"].c_str(),
                     .job = {row["project"].c_str(), row["job_id"].c_str()},
                     .manifest_uri = row["manifest_uri"].c_str(),
                     .kept_uris = ListFromJson(row["kept_uris"].c_str())});
  }
  return debts;
}

absl::StatusOr<std::vector<std::string>> PostgresDeletionStore::ListFilesWithoutJob(
    const JobName& name) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListFilesWithoutJob, name.project, name.id);
                      }));
  std::vector<std::string> uris;
  for (const pqxx::row& row : rows) uris.emplace_back(row["uri"].c_str());
  return uris;
}

absl::Status PostgresDeletionStore::PayDebt(int64_t key) {
  return sessions_.Take()
      ->Query([&](Transaction& transaction) { return transaction.Run(sql::kDeleteDebt, key); })
      .status();
}

absl::StatusOr<ExpiredJobs> PostgresDeletionStore::ListExpiredJobs(absl::Duration retained,
                                                                   JobKey after, int limit) {
  const int64_t retained_us = absl::ToInt64Microseconds(retained);
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListExpiredJobs, after, limit, retained_us);
                      }));
  ExpiredJobs page;
  page.last = after;
  for (const pqxx::row& row : rows) {
    page.last = row["key"].as<JobKey>();
    page.is_last_page = row["is_young"].as<bool>();
    if (!row["is_expired"].is_null() && row["is_expired"].as<bool>()) {
      page.jobs.push_back({row["project"].c_str(), row["id"].c_str()});
    }
  }
  page.is_last_page = page.is_last_page || std::ssize(rows) < limit;
  return page;
}

absl::StatusOr<ExpiredBatches> PostgresDeletionStore::ListExpiredBatches(absl::Duration retained,
                                                                         BatchKey after,
                                                                         int limit) {
  const int64_t retained_us = absl::ToInt64Microseconds(retained);
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows,
                      sessions_.Take()->Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListExpiredBatches, after, limit, retained_us);
                      }));
  ExpiredBatches page;
  page.last = after;
  for (const pqxx::row& row : rows) {
    page.last = row["key"].as<BatchKey>();
    page.is_last_page = row["is_young"].as<bool>();
    if (!row["is_expired"].is_null() && row["is_expired"].as<bool>()) {
      page.batches.push_back(
          {page.last, row["project"].c_str(), row["id"].c_str(), row["version"].as<int64_t>()});
    }
  }
  page.is_last_page = page.is_last_page || std::ssize(rows) < limit;
  return page;
}

absl::StatusOr<UnusedUploads> PostgresDeletionStore::DeleteUnusedUploads(absl::Duration retained,
                                                                         int64_t after, int limit) {
  const int64_t retained_us = absl::ToInt64Microseconds(retained);
  DQ_ASSIGN_OR_RETURN(
      const pqxx::result rows, sessions_.Take()->Query([&](Transaction& transaction) {
        return transaction.Run(sql::kDeleteUnusedUploads, after, limit, retained_us);
      }));
  UnusedUploads page;
  page.deleted = rows[0]["deleted"].as<int64_t>();
  page.last = rows[0]["last"].is_null() ? after : rows[0]["last"].as<int64_t>();
  page.is_last_page = rows[0]["has_young"].as<bool>() || rows[0]["looked_at"].as<int64_t>() < limit;
  return page;
}

}  // namespace dq
