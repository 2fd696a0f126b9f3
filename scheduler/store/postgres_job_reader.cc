#include "scheduler/store/postgres_job_reader.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/store/embedded_sql.h"
#include "scheduler/store/job_rows.h"
#include "scheduler/store/json_columns.h"
#include "scheduler/store/sql_error.h"
#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

absl::Status JobNotFound(const JobName& name) {
  return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                   "there is no job " + name.id + " in project " + name.project);
}

}  // namespace

absl::StatusOr<pqxx::result> PostgresJobReader::Query(
    const std::function<pqxx::result(Transaction&)>& query) {
  absl::StatusOr<pqxx::result> rows = readers_.Take()->Query(query);
  if (IsTooSlow(rows.status())) {
    return MakeError(absl::StatusCode::kDeadlineExceeded, ReasonOf(rows.status()),
                     "The database took too long for this question: ask for less of it.");
  }
  return rows;
}

absl::StatusOr<JobRecord> PostgresJobReader::GetJob(const JobName& name) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows, Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kGetJob, name.project, name.id);
                      }));
  if (!rows.empty()) return ReadJob(rows[0]);
  DQ_ASSIGN_OR_RETURN(const pqxx::result gone, Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kFindDeletion, name.project, 1, name.id);
                      }));
  if (gone.empty()) return JobNotFound(name);
  return JobDeleted(name, ReadTime(gone[0]["time"]), gone[0]["actor"].c_str());
}

absl::StatusOr<JobRecord> PostgresJobReader::GetJobByRequest(const std::string& project,
                                                             const std::string& request_id) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows, Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kGetJobByRequest, project, request_id);
                      }));
  if (rows.empty()) {
    return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND",
                     "no job was created by the request " + request_id);
  }
  return ReadJob(rows[0]);
}

absl::StatusOr<std::vector<JobRecord>> PostgresJobReader::BatchGetJobs(
    const std::string& project, const std::vector<std::string>& ids) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows, Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kBatchGetJobs, project, ToJson(ids));
                      }));
  std::map<std::string, JobRecord> found;
  for (JobRecord& job : ReadJobs(rows)) found[job.name.id] = std::move(job);
  std::vector<JobRecord> jobs;
  for (const std::string& id : ids) {
    if (const auto job = found.find(id); job != found.end()) jobs.push_back(job->second);
  }
  return jobs;
}

absl::StatusOr<std::vector<JobRecord>> PostgresJobReader::ListJobs(
    const std::string& project, const std::vector<JobFilterTerm>& filter, JobKey before,
    int limit) {
  const auto batch = std::ranges::find_if(filter, [](const JobFilterTerm& term) {
    return term.field == JobFilterTerm::Field::kBatch && term.op == JobFilterTerm::Op::kEqual;
  });
  const std::string of_batch = batch == filter.end() ? "" : StorableText(batch->text);
  const JobKey below = before == 0 ? std::numeric_limits<JobKey>::max() : before;
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows, Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListJobs, project, below, limit,
                                               ToJson(filter), of_batch);
                      }));
  return ReadJobs(rows);
}

absl::StatusOr<std::vector<JobRecord>> PostgresJobReader::FindCompleted(const std::string& project,
                                                                        const std::string& file_id,
                                                                        const std::string& sha256,
                                                                        int limit) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows, Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kFindCompletedJobs, project, file_id, sha256,
                                               limit);
                      }));
  return ReadJobs(rows);
}

absl::StatusOr<std::vector<JobEventRecord>> PostgresJobReader::ListJobEvents(const JobName& name,
                                                                             int64_t after,
                                                                             int limit) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows, Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kListJobEvents, name.project, name.id, after,
                                               limit);
                      }));
  if (rows.empty()) return JobNotFound(name);
  std::vector<JobEventRecord> events;
  for (const pqxx::row& row : rows) {
    if (!row["sequence"].is_null()) events.push_back(ReadJobEvent(row));
  }
  return events;
}

absl::StatusOr<std::string> PostgresJobReader::GetReportJson(const JobName& name) {
  DQ_ASSIGN_OR_RETURN(const pqxx::result rows, Query([&](Transaction& transaction) {
                        return transaction.Run(sql::kGetReportJson, name.project, name.id);
                      }));
  if (!rows.empty()) return std::string(rows[0][0].c_str());
  return MakeError(absl::StatusCode::kNotFound, "REPORT_NOT_FOUND",
                   "job " + name.id + " in project " + name.project + " has no report");
}

}  // namespace dq
