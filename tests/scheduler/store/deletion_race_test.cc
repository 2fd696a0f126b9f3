// Deletions that meet each other, a take-over, or a job that takes a deleted job's files over: on
// PostgreSQL, whose locks decide.
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <future>

#include "common/base/error.h"
#include "scheduler/store/postgres_store.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/sql_probe.h"
#include "tests/support/store_database.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

constexpr char kToken[] = "0123456789abcdef0123456789abcdef";

// A transaction that holds what `sql` locks until it is ended.
class Holder {
 public:
  Holder(const std::string& conninfo, const std::string& sql)
      : connection_(PQconnectdb(conninfo.c_str())) {
    PGresult* const result = PQexec(connection_, ("BEGIN; " + sql).c_str());
    EXPECT_EQ(PQresultStatus(result), PGRES_TUPLES_OK) << PQerrorMessage(connection_);
    PQclear(result);
  }
  ~Holder() { PQfinish(connection_); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void End() { PQclear(PQexec(connection_, "COMMIT")); }

 private:
  PGconn* connection_;
};

class DeletionRaceTest : public ::testing::Test {
 protected:
  DeletionRaceTest() {
    options_.conninfo = NewStoreDatabase();
    store_ = *PostgresStore::Create(options_);
    batch_.epoch = store_->jobs().AcquireLeadership("first", "", absl::Hours(1))->epoch;
    batch_.now = JobScript::Start();
  }

  absl::StatusOr<BatchResult> Commit(std::vector<JobInsert> inserts,
                                     std::vector<JobUpdate> updates = {}) {
    ++batch_.sequence;
    batch_.inserts = std::move(inserts);
    batch_.updates = std::move(updates);
    return store_->jobs().Commit(batch_);
  }
  // Records a job over the upload "f-in" that has ended.
  void EndedJob(JobKey key, const std::string& id) {
    JobScript job(key, id);
    job.record.file_ids = {"f-in"};
    EXPECT_TRUE(Commit({job.Create()}).ok());
    EXPECT_TRUE(Commit({}, {job.Claim(kToken)}).ok());
    EXPECT_TRUE(Commit({}, {job.Complete(SomeResult("out-" + id))}).ok());
  }
  void Upload() {
    FileRecord file;
    file.project = "default";
    file.id = "f-in";
    file.uri = "file:///projects/default/files/f-in";
    file.request_id = "upload";
    file.create_time = JobScript::Start();
    EXPECT_TRUE(store_->catalog().CreateFile(file).ok());
  }
  std::future<absl::Status> Delete(const std::string& id) {
    return std::async(std::launch::async, [this, id] {
      const DeletionOrder order = {{"bob", "why", JobScript::Start()}, batch_.epoch, true};
      return store_->deletions().DeleteJobs({{{"default", id}}}, order).status();
    });
  }
  bool AwaitBlocked(const std::string& count) {
    return WaitUntil([&] {
      return Probe(options_.conninfo,
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                   "wait_event_type = 'Lock'") == count;
    });
  }
  std::string Files() {
    return Probe(options_.conninfo, "SELECT id FROM file ORDER BY id COLLATE \"C\"");
  }

  PostgresStoreOptions options_;
  std::unique_ptr<PostgresStore> store_;
  WriteBatch batch_;
};

TEST_F(DeletionRaceTest, WhoTakesOverDoesNotWaitForADeletion) {
  EndedJob(1, "j");
  Holder holder(options_.conninfo, "SELECT FROM job_spec FOR UPDATE");
  std::future<absl::Status> deleted = Delete("j");
  ASSERT_TRUE(AwaitBlocked("1"));
  ASSERT_TRUE(store_->jobs().ReleaseLeadership(batch_.epoch).ok());
  const auto taken_over = store_->jobs().AcquireLeadership("second", "", absl::Hours(1));
  EXPECT_TRUE(taken_over.ok()) << taken_over.status();
  EXPECT_EQ(Probe(options_.conninfo, "SELECT instance FROM leadership"), "second");
  holder.End();
  EXPECT_EQ(ReasonOf(deleted.get()), "NOT_LEADER");
  EXPECT_TRUE(store_->reader().GetJob({"default", "j"}).ok());
}

TEST_F(DeletionRaceTest, OfTwoDeletionsTheSecondTakesTheUploadThatBothRead) {
  Upload();
  EndedJob(1, "a");
  EndedJob(2, "b");
  Holder holder(options_.conninfo, "SELECT FROM job_spec FOR UPDATE");
  std::future<absl::Status> first = Delete("a");
  std::future<absl::Status> second = Delete("b");
  ASSERT_TRUE(AwaitBlocked("2"));
  holder.End();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(Files(), "");
}

// The one that has the result waits for the deletion, and hears of it.
TEST_F(DeletionRaceTest, AResultThatIsBeingDeletedIsTakenByNobody) {
  EndedJob(1, "a");
  Holder holder(options_.conninfo, "SELECT FROM job_spec FOR UPDATE");
  std::future<absl::Status> deleted = Delete("a");
  ASSERT_TRUE(AwaitBlocked("1"));
  JobScript job(2, "b");
  job.record.result = SomeResult("out-a");
  job.record.has_earlier_result = true;
  JobInsert insert = job.Create();
  insert.record.status.state = JobState::kCompleted;
  insert.events.back().to = JobState::kCompleted;
  std::future<absl::StatusOr<BatchResult>> committed =
      std::async(std::launch::async, [&] { return Commit({insert}); });
  ASSERT_TRUE(AwaitBlocked("2"));
  holder.End();
  EXPECT_TRUE(deleted.get().ok());
  const auto result = committed.get();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kRefused);
  EXPECT_EQ(ReasonOf(result->inserts[0].refusal), "EARLIER_RESULT_GONE");
  EXPECT_EQ(Files(), "");
}

TEST_F(DeletionRaceTest, AFileThatSomebodyIsAboutToTakeOverStays) {
  EndedJob(1, "a");
  Holder holder(options_.conninfo,
                "INSERT INTO job_need (project, kind, resource_id, job_key) "
                "VALUES ('default', 3, 'out-a', 7); "
                "SELECT FROM file WHERE id = 'out-a' FOR KEY SHARE");
  std::future<absl::Status> deleted = Delete("a");
  ASSERT_TRUE(AwaitBlocked("1"));
  holder.End();
  EXPECT_TRUE(deleted.get().ok());
  EXPECT_EQ(Files(), "out-a");
}

}  // namespace
}  // namespace dq
