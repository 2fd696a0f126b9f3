// JobReader on PostgreSQL. Thread-safe.
#pragma once

#include "scheduler/core/job_reader.h"
#include "scheduler/store/resource_pool.h"
#include "scheduler/store/session.h"

namespace dq {

class PostgresJobReader : public JobReader {
 public:
  // `readers` outlives the reader.
  explicit PostgresJobReader(ResourcePool<Session>& readers) : readers_(readers) {}

  absl::StatusOr<JobRecord> GetJob(const JobName& name) override;
  absl::StatusOr<JobRecord> GetJobByRequest(const std::string& project,
                                            const std::string& request_id) override;
  absl::StatusOr<std::vector<JobRecord>> BatchGetJobs(const std::string& project,
                                                      const std::vector<std::string>& ids) override;
  absl::StatusOr<std::vector<JobRecord>> ListJobs(const std::string& project,
                                                  const std::vector<JobFilterTerm>& filter,
                                                  JobKey before, int limit) override;
  absl::StatusOr<std::vector<JobRecord>> FindCompleted(const std::string& project,
                                                       const std::string& file_id,
                                                       const std::string& sha256,
                                                       int limit) override;
  absl::StatusOr<std::vector<JobEventRecord>> ListJobEvents(const JobName& name, int64_t after,
                                                            int limit) override;
  absl::StatusOr<std::string> GetReportJson(const JobName& name) override;

 private:
  absl::StatusOr<pqxx::result> Query(const std::function<pqxx::result(Transaction&)>& query);

  ResourcePool<Session>& readers_;
};

}  // namespace dq
