// The conformance suite: ordinary creations, claims and completions, which have statements of their
// own, and batches that follow one another closely.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "common/base/error.h"
#include "tests/scheduler/store/job_matching.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"

namespace dq {
namespace {

class PlainCommitTest : public StoreTest {
 protected:
  static JobScript Plain(JobKey key, const std::string& id) {
    JobScript job(key, id);
    job.BePlain();
    return job;
  }
  static JobResult Nothing() {
    JobResult result;
    result.verdict = Verdict::kNotEvaluated;
    return result;
  }
};
DQ_RUN_ON_EVERY_STORE(PlainCommitTest);

TEST_P(PlainCommitTest, AnOrdinaryLifeReadsBackStepByStep) {
  JobScript job = Plain(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ExpectRecorded(job);
  ASSERT_TRUE(Commit({}, {job.Claim("token-1")}).ok());
  ExpectRecorded(job);
  ASSERT_TRUE(Commit({}, {job.Complete(SomeResult("f-1"))}).ok());
  ExpectRecorded(job);
  EXPECT_EQ(jobs().LoadLiveJobs(0, 10, {})->last, 0);
}

TEST_P(PlainCommitTest, JobsThatComeWithALeaseReadBackBesideOthers) {
  JobScript plain = Plain(1, "a");
  JobScript first = Plain(2, "b");
  JobScript second = Plain(3, "c");
  const JobInsert created = plain.Create();
  for (JobScript* const claimed : {&first, &second}) {
    (void)claimed->Create();
    (void)claimed->Claim("token-" + claimed->record.name.id);
  }
  ASSERT_TRUE(Commit({{first.record, first.events}, created, {second.record, second.events}}).ok());
  ExpectRecorded(first);
  ExpectRecorded(plain);
  ExpectRecorded(second);
  ASSERT_TRUE(Commit({}, {first.Complete(Nothing())}).ok());
  ExpectRecorded(first);
}

TEST_P(PlainCommitTest, ACompletionThatBroughtNothingReadsBackWithItsVerdict) {
  JobScript job = Plain(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ASSERT_TRUE(Commit({}, {job.Claim("token-1")}).ok());
  ASSERT_TRUE(Commit({}, {job.Complete(Nothing())}).ok());
  ExpectRecorded(job);
}

TEST_P(PlainCommitTest, AClaimAfterAFailureKeepsTheFailureAndACompletionForgetsIt) {
  JobScript job = Plain(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ASSERT_TRUE(Commit({}, {job.Claim("token-1")}).ok());
  ASSERT_TRUE(Commit({}, {job.Fail("WORKER_DIED")}).ok());
  ASSERT_TRUE(Commit({}, {job.Reopen()}).ok());
  ASSERT_TRUE(Commit({}, {job.Claim("token-2")}).ok());
  ExpectRecorded(job);
  JobUpdate complete = job.Complete(Nothing());
  complete.status.error = job.record.status.error = JobFailure();
  ASSERT_TRUE(Commit({}, {complete}).ok());
  ExpectRecorded(job);
}

TEST_P(PlainCommitTest, CompletionsAndTheNextClaimsAreOneBatch) {
  JobScript first = Plain(1, "a");
  JobScript second = Plain(2, "b");
  ASSERT_TRUE(Commit({first.Create(), second.Create()}).ok());
  ASSERT_TRUE(Commit({}, {first.Claim("token-a")}).ok());
  JobScript third = Plain(3, "c");
  ASSERT_TRUE(Commit({third.Create()}, {first.Complete(Nothing()), second.Claim("token-b")}).ok());
  for (const JobScript& job : {first, second, third}) ExpectRecorded(job);
}

TEST_P(PlainCommitTest, JobsOfSeveralKindsAreCreatedInOneBatch) {
  JobScript first = Plain(1, "a");
  JobScript timeless = Plain(2, "b");
  timeless.record.rules.start_deadline = absl::InfiniteFuture();
  timeless.record.rules.execution_timeout = absl::InfiniteDuration();
  JobScript like_the_first = Plain(3, "c");
  ASSERT_TRUE(Commit({first.Create(), timeless.Create(), like_the_first.Create()}).ok());
  for (const JobScript& job : {first, timeless, like_the_first}) ExpectRecorded(job);
}

TEST_P(PlainCommitTest, JobsAllOfDifferentKindsAreCreatedInOneBatch) {
  std::vector<JobScript> scripts;
  std::vector<JobInsert> inserts;
  for (int i = 0; i < 8; ++i) {
    scripts.push_back(Plain(i + 1, "job-" + std::to_string(i)));
    scripts.back().record.rules.priority = i;
    inserts.push_back(scripts.back().Create());
  }
  ASSERT_TRUE(Commit(inserts).ok());
  for (const JobScript& job : scripts) ExpectRecorded(job);
}

TEST_P(PlainCommitTest, AStaleAttemptOrTokenRefusesTheWholeBatch) {
  JobScript job = Plain(1, "a");
  JobScript waiting = Plain(2, "b");
  ASSERT_TRUE(Commit({job.Create(), waiting.Create()}).ok());
  ASSERT_TRUE(Commit({}, {job.Claim("token-1")}).ok());
  const JobScript recorded = job;
  JobUpdate complete = job.Complete(SomeResult("f-1"));
  complete.expected_token = "token-2";
  EXPECT_EQ(ReasonOf(Commit({}, {complete}).status()), "FENCED");
  JobUpdate claim = JobScript(waiting).Claim("token-3");
  claim.expected_attempt = 1;
  claim.status.attempt = 2;
  claim.events.front().attempt = 2;
  EXPECT_EQ(ReasonOf(Commit({}, {claim}).status()), "FENCED");
  ExpectRecorded(recorded);
  ExpectRecorded(waiting);
}

TEST_P(PlainCommitTest, JobsWithoutARequestIdNeverMeet) {
  JobScript first = Plain(1, "a");
  JobScript second = Plain(2, "b");
  JobScript third = Plain(3, "c");
  for (JobScript* job : {&first, &second, &third}) job->record.request_id.clear();
  ASSERT_TRUE(Commit({first.Create(), second.Create()}).ok());
  const auto later = Commit({third.Create()});
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->inserts[0].outcome, InsertOutcome::kInserted);
  for (const JobScript& job : {first, second, third}) ExpectRecorded(job);
  EXPECT_TRUE(absl::IsNotFound(reader().GetJobByRequest("default", "").status()));
}

TEST_P(PlainCommitTest, ATakenNameLeavesTheRestOfAnOrdinaryBatchWritten) {
  JobScript job = Plain(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  JobScript thief = Plain(2, "a");
  thief.record.request_id.clear();
  JobScript next = Plain(3, "c");
  const auto result = Commit({thief.Create(), next.Create()}, {job.Claim("token")});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kIdTaken);
  EXPECT_EQ(result->inserts[1].outcome, InsertOutcome::kInserted);
  ExpectRecorded(job);
  ExpectRecorded(next);
}

TEST_P(PlainCommitTest, ABatchWaitsForTheOneBeforeIt) {
  JobScript job = Plain(1, "a");
  WriteBatch first = NextBatch();
  first.inserts = {job.Create()};
  WriteBatch second = NextBatch();
  second.after = first.sequence;
  second.updates = {job.Claim("token")};
  const auto early = jobs().Commit(second);
  EXPECT_TRUE(absl::IsUnavailable(early.status()));
  EXPECT_EQ(ReasonOf(early.status()), "BATCH_OUT_OF_ORDER");
  ASSERT_TRUE(jobs().Commit(first).ok());
  ASSERT_TRUE(jobs().Commit(second).ok());
  ExpectRecorded(job);
}

TEST_P(PlainCommitTest, ARepeatedBatchIsRecognisedAlsoAfterTheNextOne) {
  JobScript job = Plain(1, "a");
  WriteBatch first = NextBatch();
  first.inserts = {job.Create()};
  WriteBatch second = NextBatch();
  second.after = first.sequence;
  second.updates = {job.Claim("token")};
  ASSERT_TRUE(jobs().Commit(first).ok());
  ASSERT_TRUE(jobs().Commit(second).ok());
  const auto again = jobs().Commit(first);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->inserts[0].outcome, InsertOutcome::kInserted);
  ExpectRecorded(job);
}

TEST_P(PlainCommitTest, AConcurrencyKeyReadsBack) {
  JobScript job = Plain(1, "a");
  job.record.rules.concurrency_key = "customer “1”";
  job.record.rules.concurrency_max = 3;
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ExpectRecorded(job);
}

TEST_P(PlainCommitTest, DependenciesReadBackWithWhatBecameOfThem) {
  JobScript first = Plain(1, "a");
  JobScript second = Plain(2, "b");
  JobScript job = Plain(3, "c");
  job.record.dependencies = {{"a", 1, JobState::kQueued}, {"b", 2, JobState::kQueued}};
  job.record.status.state = JobState::kPending;
  job.record.status.wait_reason = WaitReason::kDependency;
  JobScript ready = Plain(4, "d");
  ready.record.dependencies = job.record.dependencies;
  ASSERT_TRUE(Commit({first.Create(), second.Create(), job.Create()}).ok());
  ASSERT_TRUE(Commit({ready.Create()}).ok());
  ExpectRecorded(job);
  ExpectRecorded(ready);
  ASSERT_TRUE(Commit({}, {first.Claim("token"), second.Cancel()}).ok());
  ASSERT_TRUE(Commit({}, {first.Complete(Nothing())}).ok());
  job.record.dependencies[0].state = JobState::kCompleted;
  job.record.dependencies[1].state = JobState::kCancelled;
  ExpectRecorded(job);
  const auto loaded = jobs().LoadJobs({3}, {});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->at(0).dependencies, job.record.dependencies);
}

TEST_P(PlainCommitTest, AJobThatWaitsForOthersIsLoadedWholeAlsoWhilePaused) {
  JobScript first(1, "a");
  JobScript waiting(2, "b");
  JobScript paused(3, "c");
  JobScript parked(4, "d");
  waiting.record.status.state = JobState::kPending;
  waiting.record.status.wait_reason = WaitReason::kDependency;
  waiting.record.dependencies = {{"a", 1, JobState::kQueued}};
  paused.record.dependencies = {{"a", 1, JobState::kQueued}};
  first.record.rules.start_deadline = absl::InfiniteFuture();
  ASSERT_TRUE(Commit({first.Create(), waiting.Create(), paused.Create(), parked.Create()}).ok());
  ASSERT_TRUE(Commit({}, {paused.Pause(), parked.Pause()}).ok());
  ExpectRecorded(waiting);
  const auto live = jobs().LoadLiveJobs(0, 10, {});
  ASSERT_TRUE(live.ok()) << live.status();
  std::map<std::string, std::vector<JobDependency>> whole;
  for (const JobRecord& job : live->jobs) whole[job.name.id] = job.dependencies;
  const std::vector<JobDependency> expected = {{"a", 1, JobState::kQueued}};
  EXPECT_EQ(whole,
            (std::map<std::string, std::vector<JobDependency>>{{"b", expected}, {"c", expected}}));
  std::set<JobKey> places;
  for (const WaitingJobs& alike : live->waiting)
    places.insert(alike.keys.begin(), alike.keys.end());
  EXPECT_EQ(places, (std::set<JobKey>{1, 4}));
}

TEST_P(PlainCommitTest, LimitsAreRecordedInPlaceOfEarlierOnes) {
  EXPECT_TRUE(jobs().LoadLimits()->empty());
  GroupLimit queue;
  queue.kind = GroupKind::kQueue;
  queue.name = "nightly";
  queue.running_max = 4;
  GroupLimit project = queue;
  project.kind = GroupKind::kProject;
  project.weight = 7;
  ASSERT_TRUE(catalog().SaveLimit(queue, epoch()).ok());
  ASSERT_TRUE(catalog().SaveLimit(project, epoch()).ok());
  queue.running_max = kUnlimited;
  queue.live_max = 100;
  ASSERT_TRUE(catalog().SaveLimit(queue, epoch()).ok());
  const auto limits = jobs().LoadLimits();
  ASSERT_TRUE(limits.ok()) << limits.status();
  EXPECT_THAT(*limits, ::testing::UnorderedElementsAre(queue, project));
}

TEST_P(PlainCommitTest, OnlyTheLeaderRecordsLimits) {
  GroupLimit queue;
  queue.name = "nightly";
  const int64_t next = jobs().AcquireLeadership("first", "", absl::Hours(1))->epoch;
  ASSERT_NE(next, epoch());
  EXPECT_EQ(ReasonOf(catalog().SaveLimit(queue, epoch())), "NOT_LEADER");
  EXPECT_TRUE(jobs().LoadLimits()->empty());
  EXPECT_TRUE(catalog().SaveLimit(queue, next).ok());
  ASSERT_TRUE(jobs().ReleaseLeadership(next).ok());
  EXPECT_EQ(ReasonOf(catalog().SaveLimit(queue, next)), "NOT_LEADER");
}

}  // namespace
}  // namespace dq
