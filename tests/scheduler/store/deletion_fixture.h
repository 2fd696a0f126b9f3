// What tests of deletions are made of: jobs without inputs, uploads, and a store to delete from.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"

namespace dq {

inline constexpr char kToken[] = "0123456789abcdef0123456789abcdef";

// A job as the scripts have it, without the files it would need.
inline JobScript Job(JobKey key, const std::string& id) {
  JobScript script(key, id);
  script.record.request_id = "request-" + id;
  script.record.file_ids.clear();
  script.record.reference_ids.clear();
  return script;
}

inline FileRecord Upload(const std::string& id) {
  FileRecord file;
  file.project = "default";
  file.id = id;
  file.display_name = id + ".csv";
  file.uri = "file:///projects/default/uploads/" + id;
  file.sha256 = "hash";
  file.request_id = "upload-" + id;
  file.created_by = "user:alice";
  file.create_time = JobScript::Start();
  return file;
}

class DeletionTest : public StoreTest {
 protected:
  DeletionOrder Order(absl::Duration later = absl::ZeroDuration()) const {
    return {
        {"user:bob", "not “wanted”", JobScript::Start() + absl::Hours(1) + later}, epoch(), false};
  }
  void Create(JobScript& job) { ASSERT_TRUE(Commit({job.Create()}).ok()); }
  void Complete(JobScript& job, const JobResult& result) {
    ASSERT_TRUE(Commit({}, {job.Claim(kToken)}).ok());
    ASSERT_TRUE(Commit({}, {job.Complete(result)}).ok());
  }
  void Cancel(JobScript& job) { ASSERT_TRUE(Commit({}, {job.Cancel()}).ok()); }
  // Creates a job that ends before it has begun.
  JobScript Cancelled(JobKey key, const std::string& id) {
    JobScript job = Job(key, id);
    Create(job);
    Cancel(job);
    return job;
  }
  DeletionOutcome Delete(const std::string& id, int64_t version = 0) {
    later_ += absl::Seconds(1);
    const auto deletions = deletions_of(Order(later_), id, version);
    EXPECT_TRUE(deletions.ok()) << deletions.status();
    return deletions.ok() ? deletions->outcomes.at(0).outcome : DeletionOutcome::kUnknown;
  }
  absl::StatusOr<JobDeletions> deletions_of(const DeletionOrder& order, const std::string& id,
                                            int64_t version = 0) {
    return deletions().DeleteJobs({{{"default", id}, version}}, order);
  }
  std::vector<StorageDebt> Debts() {
    const auto debts = deletions().LoadDebts(0, 100);
    EXPECT_TRUE(debts.ok()) << debts.status();
    return debts.value_or(std::vector<StorageDebt>());
  }

 private:
  absl::Duration later_;
};

}  // namespace dq
