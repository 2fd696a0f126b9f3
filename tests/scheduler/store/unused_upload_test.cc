// The conformance suite: uploads that nothing names go once they are old.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/store/deletion_fixture.h"

namespace dq {
namespace {

using ::testing::UnorderedElementsAre;

class UnusedUploadTest : public DeletionTest {
 protected:
  void NameInAReference(const std::string& file) {
    ReferenceRecord reference;
    reference.project = "default";
    reference.id = "r";
    reference.stage = "complete";
    reference.file_id = file;
    reference.request_id = "request-r";
    reference.create_time = JobScript::Start();
    ASSERT_TRUE(catalog().CreateReference(reference).ok());
  }
  // In a request that only the API can read.
  void NameInASchedule(const std::string& file) {
    ScheduleRecord schedule;
    schedule.project = "default";
    schedule.id = "s";
    schedule.uid = "uid-s";
    schedule.cron = "@daily";
    schedule.time_zone = "UTC";
    schedule.create_time = schedule.update_time = schedule.decided_until = JobScript::Start();
    schedule.look_time = absl::InfiniteFuture();
    schedule.request = std::string("\x0A\x00\x12", 3) + "projects/default/files/" + file + "\x1A";
    ASSERT_TRUE(schedules().CreateSchedule(schedule).ok());
  }
};
DQ_RUN_ON_EVERY_STORE(UnusedUploadTest);

TEST_P(UnusedUploadTest, AnUploadThatNothingNamesGoesOnceItIsOld) {
  const absl::Duration year = absl::Hours(24 * 365);
  FileRecord registered = Upload("f-registered");
  registered.uri = "file:///exports/a.csv";
  ASSERT_TRUE(catalog().CreateFile(registered).ok());
  for (const char* id :
       {"f-read", "f-referenced", "f-earlier", "f-scheduled", "f-schedule", "f-1"}) {
    ASSERT_TRUE(catalog().CreateFile(Upload(id)).ok());
  }
  JobScript job = Job(1, "j");
  job.record.file_ids = {"f-read"};
  Create(job);
  Cancel(job);
  NameInAReference("f-referenced");
  NameInASchedule("f-scheduled");

  const auto young = deletions().DeleteUnusedUploads(100 * year, 0, 100);
  ASSERT_TRUE(young.ok()) << young.status();
  EXPECT_EQ(young->deleted, 0);
  EXPECT_TRUE(young->is_last_page);
  int64_t after = 0;
  int64_t deleted = 0;
  int pages = 0;
  for (bool is_last = false; !is_last; ++pages) {
    const auto page = deletions().DeleteUnusedUploads(year, after, 2);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_TRUE(page->last > after || page->is_last_page);
    after = page->last;
    deleted += page->deleted;
    is_last = page->is_last_page;
  }
  EXPECT_EQ(pages, 4);
  // "f-schedule" may be what the schedule means: its name is part of the one that is meant.
  EXPECT_EQ(deleted, 2);
  std::vector<std::string> left;
  const auto files = catalog().ListFiles("default", "", 100);
  ASSERT_TRUE(files.ok()) << files.status();
  for (const FileRecord& file : *files) left.push_back(file.id);
  EXPECT_THAT(left, UnorderedElementsAre("f-registered", "f-read", "f-referenced", "f-scheduled",
                                         "f-schedule"));
  std::vector<std::string> owed;
  for (const StorageDebt& debt : Debts()) owed.push_back(debt.uri);
  EXPECT_THAT(owed, UnorderedElementsAre(Upload("f-earlier").uri, Upload("f-1").uri));
  ASSERT_TRUE(schedules().DeleteSchedule("default", "s").ok());
  EXPECT_EQ(deletions().DeleteUnusedUploads(year, 0, 100)->deleted, 2);
}

TEST_P(UnusedUploadTest, WhileABatchHasOperationsThatAreNoJobsUploadsBeforeItStay) {
  ASSERT_TRUE(catalog().CreateFile(Upload("f-1")).ok());
  BatchRecord batch;
  batch.project = "default";
  batch.id = "b";
  batch.uid = "uid-b";
  batch.operations = 2;
  batch.create_time = batch.run_time = JobScript::Start();
  batch = batches().CreateBatch(batch, {"one", "two"})->record;
  const auto uploads_deleted = [this] {
    return deletions().DeleteUnusedUploads(absl::Hours(1), 0, 100)->deleted;
  };
  EXPECT_EQ(uploads_deleted(), 0);
  FileRecord later = Upload("f-2");
  later.create_time = batch.create_time + absl::Hours(25);
  ASSERT_TRUE(catalog().CreateFile(later).ok());
  EXPECT_EQ(uploads_deleted(), 1);
  EXPECT_TRUE(catalog().GetFile("default", "f-1").ok());
  batch.made = 2;
  batch.refused = 1;
  ASSERT_TRUE(batches().UpdateBatch(batch, {}).ok());
  batch = batches().GetBatchByKey(batch.key)->record;
  EXPECT_EQ(uploads_deleted(), 0) << "a retry tries what was refused again";
  batch.refused = 0;
  ASSERT_TRUE(batches().UpdateBatch(batch, {}).ok());
  EXPECT_EQ(uploads_deleted(), 1);
}

}  // namespace
}  // namespace dq
