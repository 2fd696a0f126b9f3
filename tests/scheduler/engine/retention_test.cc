#include "scheduler/engine/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "common/base/error.h"
#include "tests/scheduler/engine/cell_harness.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

// Cannot delete a certain job, nor what is to go with it.
class StubbornStore : public FakeStore {
 public:
  using FakeStore::FakeStore;
  absl::StatusOr<JobDeletions> DeleteJobs(const std::vector<JobToDelete>& jobs,
                                          const DeletionOrder& order) override {
    const auto is_stuck = [](const JobToDelete& job) { return job.name.id == "stuck"; };
    if (std::ranges::any_of(jobs, is_stuck)) return absl::InternalError("a broken row");
    return FakeStore::DeleteJobs(jobs, order);
  }
};

class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() : root_(NewRoot()), objects_(OpenFileObjectStore(root_.string()).value()) {
    SchedulerOptions options;
    options.instance = "s1";
    options.leadership_renew_interval = absl::Milliseconds(20);
    scheduler_.emplace(options, store_, SystemClock(), metrics_);
    scheduler_->Start();
    EXPECT_TRUE(WaitUntil([&] { return scheduler_->IsServing(); }));
  }
  ~RetentionTest() override {
    retention_.reset();
    scheduler_->Stop();
    fs::remove_all(root_);
  }

  static fs::path NewRoot() {
    std::string pattern = (fs::temp_directory_path() / "dq-retain-XXXXXX").string();
    return mkdtemp(pattern.data());
  }
  void Start(absl::Duration finished) {
    RetentionOptions options;
    options.finished = finished;
    options.upload_age_min = absl::Minutes(10);
    options.look_interval = absl::Milliseconds(10);
    options.standby_interval = absl::Milliseconds(5);
    retention_.emplace(store_, store_, debts_, SystemClock(), metrics_, options);
    retention_->Start(*scheduler_);
  }
  void Submit(JobRecord job) {
    Answers<absl::StatusOr<SubmitResult>> answers(1, abandonment_);
    scheduler_->Submit(std::move(job), answers.Take(0));
    ASSERT_TRUE(answers.Wait()->front().ok());
  }
  void Cancel(const std::string& id) {
    Answers<absl::StatusOr<JobView>> answers(1, abandonment_);
    scheduler_->Cancel({"default", id}, "", "tester", answers.Take(0));
    ASSERT_TRUE(answers.Wait()->front().ok());
  }
  bool IsThere(const std::string& id) { return store_.GetJob({"default", id}).ok(); }

  const std::shared_ptr<Abandonment> abandonment_ = std::make_shared<Abandonment>();
  fs::path root_;
  std::unique_ptr<ObjectStore> objects_;
  StubbornStore store_{SystemClock()};
  RecordingMetrics metrics_;
  StorageDebts debts_{*objects_, store_, [](const JobName& job) { return "file:///" + job.id; },
                      [this](const JobName& job) { return store_.GetJob(job).status(); }};
  std::optional<Scheduler> scheduler_;
  std::optional<Retention> retention_;
};

TEST_F(RetentionTest, WhatEndedLongAgoIsDeletedAndWhatLivesStays) {
  for (const char* id : {"a", "b", "live"}) Submit(CellHarness::NewJob(id));
  Cancel("a");
  Cancel("b");
  Start(absl::Milliseconds(1));
  EXPECT_TRUE(WaitUntil([&] { return metrics_.Expired() == 2; }));
  EXPECT_FALSE(IsThere("a"));
  EXPECT_FALSE(IsThere("b"));
  EXPECT_TRUE(IsThere("live"));
  const auto events = *store_.ListJobEvents({"default", "a"}, 0, 10);
  EXPECT_EQ(events.back().event, JobEvent::kDelete);
  EXPECT_EQ(events.back().actor, "scheduler");
  Cancel("live");
  EXPECT_TRUE(WaitUntil([&] { return !IsThere("live"); }));
}

TEST_F(RetentionTest, AJobThatCannotBeDeletedKeepsNoOther) {
  for (const char* id : {"a", "b", "stuck", "c", "d"}) {
    Submit(CellHarness::NewJob(id));
    Cancel(id);
  }
  Start(absl::Milliseconds(1));
  EXPECT_TRUE(WaitUntil([&] { return metrics_.Expired() == 4; }));
  EXPECT_TRUE(IsThere("stuck"));
}

TEST_F(RetentionTest, ABatchGoesWholeWithItsOperations) {
  BatchRecord batch;
  batch.project = "default";
  batch.id = "b";
  batch.uid = "uid";
  batch.create_time = batch.run_time = absl::Now() - absl::Hours(1);
  batch = store_.CreateBatch(batch, {"one"})->record;
  JobRecord operation = CellHarness::NewJob("b-1");
  operation.batch = {batch.key, "b", 1};
  Submit(operation);
  Cancel("b-1");
  Submit(CellHarness::NewJob("other"));
  Cancel("other");
  Start(absl::Milliseconds(1));
  EXPECT_TRUE(WaitUntil([&] { return !IsThere("other"); }));
  EXPECT_TRUE(IsThere("b-1")) << "its batch has not ended";
  batch.end_time = absl::Now() - absl::Minutes(1);
  ASSERT_TRUE(store_.UpdateBatch(batch, {}).ok());
  EXPECT_TRUE(WaitUntil([&] { return !IsThere("b-1"); }));
  EXPECT_EQ(ReasonOf(store_.GetBatchByKey(batch.key).status()), "BATCH_NOT_FOUND");
}

TEST_F(RetentionTest, AnUploadGoesOnceItIsOldAndNothingNamesIt) {
  for (const std::string id : {"used", "unused", "young"}) {
    FileRecord file;
    file.project = "default";
    file.id = id;
    file.request_id = id;
    file.uri = "file:///projects/default/files/" + id;
    file.create_time = absl::Now() - (id == "young" ? absl::Minutes(9) : absl::Hours(1));
    ASSERT_TRUE(store_.CreateFile(file).ok());
    auto writer = objects_->Create(file.uri);
    ASSERT_TRUE(writer.ok() && (*writer)->Append("id\n").ok() && (*writer)->Commit().ok());
  }
  JobRecord reader = CellHarness::NewJob("reader");
  reader.file_ids = {"used"};
  Submit(reader);
  const auto is_there = [this](const std::string& id) {
    return store_.GetFile("default", id).ok() &&
           fs::exists(root_ / "projects" / "default" / "files" / id);
  };
  ASSERT_TRUE(is_there("used") && is_there("unused"));
  Start(absl::Milliseconds(1));
  EXPECT_TRUE(WaitUntil([&] { return metrics_.UploadsExpiredSoFar() == 1; }));
  EXPECT_TRUE(
      WaitUntil([&] { return !fs::exists(root_ / "projects" / "default" / "files" / "unused"); }));
  EXPECT_TRUE(is_there("used"));
  EXPECT_TRUE(is_there("young"));
  Cancel("reader");
  EXPECT_TRUE(WaitUntil([&] { return !is_there("used"); })) << "its last job is gone";
}

// Every job that ever read it has been deleted, and the next one is to come.
TEST_F(RetentionTest, TheUploadOfAScheduleStaysWhenItsJobsGo) {
  FileRecord file;
  file.project = "default";
  file.id = "nightly";
  file.request_id = "upload";
  file.uri = "file:///projects/default/files/nightly";
  file.create_time = absl::Now() - absl::Hours(1);
  ASSERT_TRUE(store_.CreateFile(file).ok());
  ScheduleRecord schedule;
  schedule.project = "default";
  schedule.id = "s";
  schedule.uid = "uid";
  schedule.request = "projects/default/files/nightly";
  schedule.look_time = absl::InfiniteFuture();
  ASSERT_TRUE(store_.CreateSchedule(schedule).ok());
  JobRecord reader = CellHarness::NewJob("reader");
  reader.file_ids = {"nightly"};
  Submit(reader);
  Cancel("reader");
  Start(absl::Milliseconds(1));
  EXPECT_TRUE(WaitUntil([&] { return !IsThere("reader"); }));
  EXPECT_TRUE(store_.GetFile("default", "nightly").ok());
  ASSERT_TRUE(store_.DeleteSchedule("default", "s").ok());
  EXPECT_TRUE(WaitUntil([&] { return !store_.GetFile("default", "nightly").ok(); }));
}

TEST_F(RetentionTest, NothingIsDeletedThatIsToStayForEver) {
  Submit(CellHarness::NewJob("a"));
  Cancel("a");
  Start(absl::ZeroDuration());
  // A debt shows that the thread has made its round.
  JobRecord owing = CellHarness::NewJob("b");
  Submit(owing);
  Cancel("b");
  Answers<absl::StatusOr<DeletionReservation>> reserving(1, abandonment_);
  scheduler_->ReserveDeletion({{"default", "b"}}, reserving.Take(0));
  const DeletionReservation reservation = *reserving.Wait()->front();
  ASSERT_TRUE(
      DeleteReserved(*scheduler_, store_, reservation, {{{"default", "b"}}}, {}).outcomes[0].ok());
  retention_->Wake();
  retention_->Stop();
  EXPECT_TRUE(IsThere("a"));
  EXPECT_EQ(metrics_.Expired(), 0);
}

}  // namespace
}  // namespace dq
