#include "scheduler/dqctl/batch_text.h"

#include <gtest/gtest.h>

#include <sstream>

#include "scheduler/dqctl/exit_code.h"

namespace dq::dqctl {
namespace {

dq::v1::Batch Running() {
  dq::v1::Batch batch;
  batch.set_name("projects/default/batches/b");
  batch.set_state(dq::v1::BATCH_STATE_PROCESSING);
  batch.mutable_counts()->set_total(5);
  batch.mutable_counts()->set_completed(2);
  return batch;
}

TEST(BatchText, ALineSaysHowManyAreCompletedWhatRunsAndHowLongItTakes) {
  dq::v1::Batch batch = Running();
  EXPECT_EQ(BatchLine(batch), "PROCESSING, 2 / 5 completed");
  batch.mutable_counts()->set_failed(1);
  batch.mutable_counts()->set_skipped(1);
  batch.set_current_operation("projects/default/jobs/b-5");
  batch.mutable_estimated_time_remaining()->set_seconds(90);
  EXPECT_EQ(BatchLine(batch),
            "PROCESSING, 2 / 5 completed, 1 failed, 1 skipped, b-5 runs, 1:30 left");
}

TEST(BatchText, ALineSaysHowFarTheSourceHasBecomeOperations) {
  dq::v1::Batch batch = Running();
  batch.mutable_expansion()->set_state(dq::v1::BATCH_EXPANSION_STATE_EXPANDING);
  batch.mutable_expansion()->set_found(24'000);
  batch.mutable_expansion()->set_recorded(5);
  EXPECT_EQ(BatchLine(batch), "PROCESSING, 2 / 5 completed, expanding, 5 of 24,000 recorded");
  batch.mutable_expansion()->set_state(dq::v1::BATCH_EXPANSION_STATE_HALTED);
  batch.mutable_expansion()->mutable_error()->set_reason("DIRECTORY_MISSING");
  EXPECT_EQ(BatchLine(batch), "PROCESSING, 2 / 5 completed, halted after 5: DIRECTORY_MISSING");
  batch.mutable_expansion()->set_state(dq::v1::BATCH_EXPANSION_STATE_EXPANDED);
  EXPECT_EQ(BatchLine(batch), "PROCESSING, 2 / 5 completed");
}

TEST(BatchText, ADirectoryAndAGeneratorAreShown) {
  dq::v1::Batch batch = Running();
  batch.mutable_directory()->set_prefix("file:///exports");
  batch.mutable_directory()->set_glob("*.csv");
  std::ostringstream directory;
  BatchDetails(batch).Print(directory);
  EXPECT_NE(directory.str().find("file:///exports/*.csv"), std::string::npos);
  batch.mutable_generator()->set_count(5'000);
  std::ostringstream generator;
  BatchDetails(batch).Print(generator);
  EXPECT_NE(generator.str().find("5,000 generated"), std::string::npos);
}

TEST(BatchText, TablesShowTheNumbers) {
  dq::v1::Batch batch = Running();
  batch.mutable_counts()->set_queued(3);
  std::ostringstream list;
  BatchesTable({&batch, 1}).Print(list);
  EXPECT_NE(list.str().find("2 / 5"), std::string::npos);
  std::ostringstream details;
  BatchDetails(batch).Print(details);
  EXPECT_NE(details.str().find("3 queued"), std::string::npos);
}

TEST(BatchText, TheExitCodeTellsHowABatchEnded) {
  dq::v1::Batch batch = Running();
  EXPECT_EQ(ExitCodeOf(batch), ExitCode::kOk);
  batch.set_state(dq::v1::BATCH_STATE_PARTIAL_SUCCESS);
  EXPECT_EQ(ExitCodeOf(batch), ExitCode::kJobFailed);
  batch.set_state(dq::v1::BATCH_STATE_CANCELLED);
  EXPECT_EQ(ExitCodeOf(batch), ExitCode::kJobCancelled);
  EXPECT_TRUE(IsTerminal(batch.state()));
  batch.set_state(dq::v1::BATCH_STATE_COMPLETED);
  EXPECT_EQ(ExitCodeOf(batch), ExitCode::kOk);
}

}  // namespace
}  // namespace dq::dqctl
