// The conformance suite: a row that the database refuses for its data fails alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"
#include "tests/support/fake_store.h"
#include "tests/support/store_database.h"

namespace dq {
namespace {

using ::testing::ElementsAre;

class RefusedRowTest : public StoreTest {
 protected:
  RefusedRowTest() { RefuseUnrecordable(); }

  JobScript Created(JobKey key, const std::string& id) {
    JobScript job(key, id);
    job.BePlain();
    EXPECT_TRUE(Commit({job.Create()}).ok());
    return job;
  }
  JobScript Running(JobKey key, const std::string& id) {
    JobScript job = Created(key, id);
    EXPECT_TRUE(Commit({}, {job.Claim("token-" + id)}).ok());
    return job;
  }
  static JobResult Unrecordable() {
    JobResult result = SomeResult("f-bad");
    result.report_json = kUnrecordable;
    return result;
  }
  static CheckpointSave SaveOf(const JobScript& job, const std::string& stage) {
    JobCheckpoint checkpoint;
    checkpoint.attempt = job.record.status.attempt;
    checkpoint.sequence = 1;
    checkpoint.stage = stage;
    checkpoint.time = JobScript::Start();
    checkpoint.place = "place";
    return {job.record.key, job.record.status.attempt, job.record.status.lease_token,
            std::make_shared<const JobCheckpoint>(checkpoint)};
  }
  // How often the server of the tests has refused a row for its data.
  static int RefusalsLogged() {
    const std::string log = TestServer().Log();
    int refusals = 0;
    for (size_t at = 0; (at = log.find("violates check constraint", at)) != log.npos; ++at) {
      ++refusals;
    }
    return refusals;
  }
  void ExpectRefused(const absl::Status& why) {
    EXPECT_TRUE(absl::IsInvalidArgument(why)) << why;
    EXPECT_EQ(ReasonOf(why), "ROW_REFUSED");
    EXPECT_EQ(MetadataOf(why)["sqlstate"], "23514");
  }
  void ExpectEndedRefused(const JobName& name, size_t events) {
    const auto job = reader().GetJob(name);
    ASSERT_TRUE(job.ok()) << job.status();
    EXPECT_EQ(job->status.state, JobState::kFailed);
    EXPECT_EQ(job->status.error.reason, "RESULT_REFUSED");
    EXPECT_EQ(job->status.lease_token, "");
    EXPECT_EQ(job->status.charges, 1);
    EXPECT_FALSE(job->result.has_value());
    const auto history = *reader().ListJobEvents(name, 0, 100);
    ASSERT_EQ(history.size(), events);
    EXPECT_EQ(history.back().event, JobEvent::kGiveUp);
    EXPECT_EQ(history.back().sequence, job->status.version);
    EXPECT_EQ(history.back().reason, "RESULT_REFUSED");
  }
};
DQ_RUN_ON_EVERY_STORE(RefusedRowTest);

TEST_P(RefusedRowTest, AnInsertFailsAloneAmongMany) {
  std::vector<JobScript> jobs;
  std::vector<JobInsert> inserts;
  for (JobKey key = 1; key <= 9; ++key) {
    JobScript& job = jobs.emplace_back(key, "job-" + std::to_string(key));
    job.BePlain();
    if (key == 4 || key == 9) job.record.display_name = std::string("an ") + kUnrecordable;
    inserts.push_back(job.Create());
  }
  const auto result = Commit(inserts);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->inserts.size(), jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (i == 3 || i == 8) {
      EXPECT_EQ(result->inserts[i].outcome, InsertOutcome::kRefused);
      ExpectRefused(result->inserts[i].refusal);
      EXPECT_TRUE(absl::IsNotFound(reader().GetJob(jobs[i].record.name).status()));
    } else {
      EXPECT_EQ(result->inserts[i].outcome, InsertOutcome::kInserted);
      ExpectRecorded(jobs[i]);
    }
  }
  EXPECT_EQ((*this->jobs().LoadStateCounts())[JobState::kQueued], 7);
}

TEST_P(RefusedRowTest, WhatWasRefusedAsAWholeIsTakenApartAtOnce) {
  if (GetParam() == StoreKind::kFake) GTEST_SKIP() << "it writes rows one by one";
  const int before = RefusalsLogged();
  JobScript first(1, "first");
  JobScript second(2, "second");
  for (JobScript* job : {&first, &second}) job->record.display_name = kUnrecordable;
  ASSERT_TRUE(Commit({first.Create(), second.Create()}).ok());
  EXPECT_EQ(RefusalsLogged() - before, 3) << "the batch, and each of its halves";
}

TEST_P(RefusedRowTest, ConflictsBesideARefusedInsertAreJudgedAsEver) {
  const JobScript first = Created(1, "a");
  JobScript refused(2, "b");
  refused.record.display_name = kUnrecordable;
  JobScript again(3, "c");
  again.record.request_id = first.record.request_id;
  again.record.request_hash = first.record.request_hash;
  JobScript taken(4, "a");
  taken.record.request_id = "another request";
  const auto result = Commit({refused.Create(), again.Create(), taken.Create()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kRefused);
  EXPECT_EQ(result->inserts[1].outcome, InsertOutcome::kExisted);
  EXPECT_EQ(result->inserts[1].record.name.id, "a");
  EXPECT_EQ(result->inserts[2].outcome, InsertOutcome::kIdTaken);
}

TEST_P(RefusedRowTest, AResultThatIsRefusedFailsItsJobAndNothingElse) {
  JobScript good = Running(1, "a");
  JobScript bad = Running(2, "b");
  JobScript next = Created(3, "c");
  JobScript created(4, "d");
  const auto result = Commit(
      {created.Create()},
      {good.Complete(SomeResult("f-1")), bad.Complete(Unrecordable()), next.Claim("token-3")});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->refused.size(), 1u);
  EXPECT_EQ(result->refused[0].key, 2);
  ExpectRefused(result->refused[0].why);
  EXPECT_EQ(result->refused[0].recorded.status.error.reason, "RESULT_REFUSED");
  ExpectEndedRefused(bad.record.name, 3);
  ExpectRecorded(good);
  ExpectRecorded(next);
  ExpectRecorded(created);
  EXPECT_TRUE(absl::IsNotFound(catalog().GetFile("default", "f-bad").status()));
  const auto live = jobs().LoadLiveJobs(0, 100, {});
  std::vector<JobKey> keys;
  for (const JobRecord& job : live->jobs) keys.push_back(job.key);
  for (const WaitingJobs& alike : live->waiting) {
    keys.insert(keys.end(), alike.keys.begin(), alike.keys.end());
  }
  EXPECT_THAT(keys, ElementsAre(3, 4));
}

TEST_P(RefusedRowTest, AnOutputWithTheIdOfAnotherFileFailsItsJob) {
  FileRecord file;
  file.project = "default";
  file.id = "f-1";
  file.request_id = "a request";
  file.create_time = JobScript::Start();
  ASSERT_TRUE(catalog().CreateFile(file).ok());
  JobScript job = Running(1, "a");
  const auto result = Commit({}, {job.Complete(SomeResult("f-1"))});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->refused.size(), 1u);
  ExpectEndedRefused(job.record.name, 3);
  EXPECT_EQ(catalog().GetFile("default", "f-1")->produced_by, "");
}

TEST_P(RefusedRowTest, WhatFollowedInTheSameUpdateFallsAwayWithIt) {
  JobScript job = Running(1, "a");
  JobUpdate update = job.Retry("BROKE");
  update.status.error.metadata["row"] = kUnrecordable;
  update.events.back().message = kUnrecordable;
  update = JobScript::Merge(update, job.Cancel());
  ASSERT_TRUE(Commit({}, {update}).ok());
  ExpectEndedRefused(job.record.name, 3);
}

TEST_P(RefusedRowTest, AChangeThatEndsNoAttemptIsNotMade) {
  const JobScript before = Created(1, "a");
  JobScript job = before;
  JobUpdate cancel = job.Cancel();
  cancel.events.back().message = kUnrecordable;
  const auto result = Commit({}, {cancel});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->refused.size(), 1u);
  EXPECT_EQ(result->refused[0].recorded.status.state, JobState::kQueued);
  ExpectRecorded(before);
}

TEST_P(RefusedRowTest, ACheckpointIsLeftOutAndTakesTheUpdateOfItsJobWithIt) {
  const JobScript goes_on = Running(1, "a");
  JobScript ends = Running(2, "b");
  WriteBatch batch = NextBatch();
  batch.checkpoints = {SaveOf(goes_on, kUnrecordable), SaveOf(ends, kUnrecordable)};
  batch.updates = {ends.Retry("BROKE")};
  const auto result = jobs().Commit(batch);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->refused.size(), 2u);
  ExpectRecorded(goes_on);
  ExpectEndedRefused(ends.record.name, 3);
}

TEST_P(RefusedRowTest, ARepeatedBatchIsAnsweredAsTheFirstTime) {
  JobScript job = Running(1, "a");
  JobScript refused(2, "b");
  refused.record.display_name = kUnrecordable;
  WriteBatch batch = NextBatch();
  batch.inserts = {refused.Create()};
  batch.updates = {job.Complete(Unrecordable())};
  for (int i = 0; i < 2; ++i) {
    const auto result = jobs().Commit(batch);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kRefused);
    ExpectRefused(result->inserts[0].refusal);
    ASSERT_EQ(result->refused.size(), 1u);
    ExpectRefused(result->refused[0].why);
  }
  ExpectEndedRefused(job.record.name, 3);
}

TEST_P(RefusedRowTest, WhatRestsOnARefusedChangeIsFencedUntilTheLeaderHasHeard) {
  JobScript job = Running(1, "a");
  const JobScript other = Created(2, "b");
  JobUpdate retry = job.Retry("BROKE");
  retry.events.back().message = kUnrecordable;
  const WriteBatch before = NextBatch();
  ASSERT_TRUE(jobs().Commit(before).ok());
  WriteBatch first = NextBatch();
  first.heard = before.sequence;
  first.updates = {retry};
  ASSERT_TRUE(jobs().Commit(first).ok());
  JobScript later = job;
  WriteBatch second = NextBatch();
  second.after = first.sequence;
  second.heard = before.sequence;
  second.updates = {later.Cancel()};
  EXPECT_EQ(ReasonOf(jobs().Commit(second).status()), "FENCED");
  ExpectEndedRefused(job.record.name, 3);
  JobScript elsewhere = other;
  second.updates = {elsewhere.Claim("token")};
  EXPECT_TRUE(jobs().Commit(second).ok()) << "it changes another job";
}

TEST_P(RefusedRowTest, AFencedRowStillRefusesTheWholeBatch) {
  JobScript refused(1, "a");
  refused.record.display_name = kUnrecordable;
  const JobScript job = Running(2, "b");
  JobScript stale = job;
  JobUpdate update = stale.Complete(SomeResult("f-1"));
  update.expected_token = "another";
  EXPECT_EQ(ReasonOf(Commit({refused.Create()}, {update}).status()), "FENCED");
  ExpectRecorded(job);
}

}  // namespace
}  // namespace dq
