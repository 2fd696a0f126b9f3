// The conformance suite: whose a file is when the name of its job is used again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/store/deletion_fixture.h"

namespace dq {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// A name that is used again: whose a file is its job's key says.
class ReusedNameTest : public DeletionTest {
 protected:
  // Deletes a job "j" whose output "f-old" a reference keeps, and creates another "j".
  ReusedNameTest() {
    JobScript first = Job(1, "j");
    Create(first);
    Complete(first, SomeResult("f-old"));
    ReferenceRecord reference;
    reference.project = "default";
    reference.id = "r";
    reference.stage = "complete";
    reference.file_id = "f-old";
    reference.request_id = "request-r";
    reference.create_time = JobScript::Start();
    EXPECT_TRUE(catalog().CreateReference(reference).ok());
    EXPECT_THAT(deletions_of(Order(), "j")->kept_files, ElementsAre("f-old"));
    EXPECT_TRUE(deletions().PayDebt(Debts().at(0).key).ok());
    Create(second_);
  }

  JobScript second_ = Job(2, "j");
};

DQ_RUN_ON_EVERY_STORE(ReusedNameTest);

TEST_P(ReusedNameTest, AFileOfAnEarlierJobOfTheNameGoesWithTheLastJobThatHasIt) {
  JobScript heir = Job(3, "heir");
  heir.record.result = SomeResult("f-old");
  heir.record.has_earlier_result = true;
  JobInsert insert = heir.Create();
  insert.record.status.state = JobState::kCompleted;
  insert.record.status.end_time = JobScript::Start();
  insert.events.back().to = JobState::kCompleted;
  ASSERT_TRUE(Commit({insert}).ok());
  ASSERT_TRUE(catalog().DeleteReference("default", "r").ok());
  EXPECT_EQ(Delete("heir"), DeletionOutcome::kDeleted);
  EXPECT_EQ(ReasonOf(catalog().GetFile("default", "f-old").status()), "FILE_NOT_FOUND");
  std::vector<std::string> owed;
  for (const StorageDebt& debt : Debts()) owed.push_back(debt.uri);
  EXPECT_THAT(owed, Contains(SomeResult("f-old").outputs[0].uri));
}

TEST_P(ReusedNameTest, AnOrderThatComesLateLeavesTheNextJobOfTheNameAlone) {
  Cancel(second_);
  DeletionOrder late = Order();  // The one that has deleted the first job.
  late.keys_below = 2;
  const auto deletions = deletions_of(late, "j");
  ASSERT_TRUE(deletions.ok()) << deletions.status();
  EXPECT_EQ(deletions->outcomes[0].outcome, DeletionOutcome::kDeleted);
  EXPECT_TRUE(reader().GetJob({"default", "j"}).ok());
}

TEST_P(ReusedNameTest, WhatStorageIsOwedOfALaterJobLeavesTheFileAlone) {
  Complete(second_, SomeResult("f-new"));
  EXPECT_EQ(Delete("j"), DeletionOutcome::kDeleted);
  ASSERT_THAT(Debts(), SizeIs(1));
  const std::string kept = SomeResult("f-old").outputs[0].uri;
  EXPECT_THAT(Debts()[0].kept_uris, ElementsAre(kept));
  EXPECT_THAT(*deletions().ListFilesWithoutJob({"default", "j"}), ElementsAre(kept));
  EXPECT_TRUE(catalog().GetFile("default", "f-old").ok());
}

}  // namespace
}  // namespace dq
