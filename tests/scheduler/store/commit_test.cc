// The conformance suite: what a commit writes, refuses and recognises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "tests/scheduler/store/job_matching.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

class CommitTest : public StoreTest {};
DQ_RUN_ON_EVERY_STORE(CommitTest);

TEST_P(CommitTest, AnInsertedJobReadsBackFieldByField) {
  JobScript job(1, "a");
  const auto result = Commit({job.Create()});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->inserts.size(), 1u);
  EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kInserted);
  ExpectRecorded(job);
}

TEST_P(CommitTest, InfiniteTimesAndDurationsReadBack) {
  JobScript job(1, "a");
  job.record.rules.execution_timeout = absl::InfiniteDuration();
  job.record.rules.not_before = absl::InfinitePast();
  job.record.labels.clear();
  job.record.rules.stages.clear();
  job.record.payload = {};
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ExpectRecorded(job);
}

TEST_P(CommitTest, AnEmptyBatchIsFine) { EXPECT_TRUE(Commit({}).ok()); }

TEST_P(CommitTest, AWholeLifeReadsBack) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ASSERT_TRUE(Commit({}, {job.Claim("token-1")}).ok());
  ExpectRecorded(job);
  ASSERT_TRUE(Commit({}, {job.Fail("WORKER_DIED")}).ok());
  ASSERT_TRUE(Commit({}, {job.Reopen()}).ok());
  ASSERT_TRUE(Commit({}, {job.Claim("token-2")}).ok());
  ASSERT_TRUE(Commit({}, {job.Complete(SomeResult("f-1"))}).ok());
  ExpectRecorded(job);
}

TEST_P(CommitTest, ABatchMayInsertLeasedJobsAndMergeTransitions) {
  JobScript first(1, "a");
  ASSERT_TRUE(Commit({first.Create()}).ok());
  JobScript second(2, "b");
  (void)second.Create();
  (void)second.Claim("token-b");
  const JobInsert leased{second.record, second.events};
  const JobUpdate claim = first.Claim("token-a");
  ASSERT_TRUE(Commit({leased}, {JobScript::Merge(claim, first.Retry("LOST"))}).ok());
  ExpectRecorded(first);
  ExpectRecorded(second);
}

TEST_P(CommitTest, JobsThatComeWithALeaseAreWrittenBesideOneThatIsRefused) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  JobScript thief(2, "a");
  thief.record.request_id = "another request";
  JobScript third(3, "c");
  for (JobScript* const claimed : {&thief, &third}) {
    (void)claimed->Create();
    (void)claimed->Claim("token-" + claimed->record.name.id);
  }
  const auto result = Commit({{thief.record, thief.events}, {third.record, third.events}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kIdTaken);
  EXPECT_EQ(result->inserts[1].outcome, InsertOutcome::kInserted);
  ExpectRecorded(job);
  ExpectRecorded(third);
}

TEST_P(CommitTest, OutputsOfACompletedJobBecomeFiles) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ASSERT_TRUE(Commit({}, {job.Claim("token")}).ok());
  ASSERT_TRUE(Commit({}, {job.Complete(SomeResult("f-1"))}).ok());
  const auto file = catalog().GetFile("default", "f-1");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->uri, "file:///jobs/clean.csv");
  EXPECT_EQ(file->display_name, "clean “x”.csv");
  EXPECT_EQ(file->size_bytes, 4711);
  EXPECT_EQ(file->sha256, "cd34");
  EXPECT_EQ(file->produced_by, "a");
  EXPECT_EQ(file->created_by, "user:alice");
  EXPECT_EQ(file->create_time, JobScript::Start());
}

TEST_P(CommitTest, ARepeatedRequestGetsTheEarlierJobAndWritesNothing) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  JobScript again(2, "other-id");
  again.record.request_id = job.record.request_id;
  again.record.request_hash = job.record.request_hash;
  const auto result = Commit({again.Create()});
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->inserts[0].outcome, InsertOutcome::kExisted);
  ExpectSameJob(result->inserts[0].record, job.record);
  EXPECT_TRUE(absl::IsNotFound(reader().GetJob(again.record.name).status()));
  ExpectRecorded(job);
}

TEST_P(CommitTest, ARequestIdWithAnotherBodyIsReused) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  JobScript other(2, "b");
  other.record.request_id = job.record.request_id;
  const auto result = Commit({other.Create()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kRequestIdReused);
}

TEST_P(CommitTest, ATakenIdIsToldAndTheRestOfTheBatchIsWritten) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  JobScript thief(2, "a");
  thief.record.request_id = "another request";
  JobScript third(3, "c");
  const auto result = Commit({thief.Create(), third.Create()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kIdTaken);
  EXPECT_EQ(result->inserts[1].outcome, InsertOutcome::kInserted);
  ExpectRecorded(job);
  ExpectRecorded(third);
}

TEST_P(CommitTest, ConflictsWithinABatchAreJudgedToo) {
  JobScript job(1, "a");
  JobScript repeated(2, "b");
  repeated.record.request_id = job.record.request_id;
  repeated.record.request_hash = job.record.request_hash;
  JobScript reused(3, "c");
  reused.record.request_id = job.record.request_id;
  JobScript thief(4, "a");
  thief.record.request_id = "another request";
  const auto result = Commit({job.Create(), repeated.Create(), reused.Create(), thief.Create()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts[0].outcome, InsertOutcome::kInserted);
  ASSERT_EQ(result->inserts[1].outcome, InsertOutcome::kExisted);
  ExpectSameJob(result->inserts[1].record, job.record);
  EXPECT_EQ(result->inserts[2].outcome, InsertOutcome::kRequestIdReused);
  EXPECT_EQ(result->inserts[3].outcome, InsertOutcome::kIdTaken);
  ExpectRecorded(job);
}

TEST_P(CommitTest, IdsAndRequestIdsAreOfAProject) {
  JobScript job(1, "a");
  JobScript elsewhere(2, "a");
  elsewhere.record.name.project = "other";
  const auto result = Commit({job.Create(), elsewhere.Create()});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->inserts[1].outcome, InsertOutcome::kInserted);
  ExpectRecorded(elsewhere);
}

TEST_P(CommitTest, ARepeatedBatchIsWrittenOnceAndAnsweredAsTheFirstTime) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  JobScript second(2, "b");
  JobScript repeated(3, "c");
  repeated.record.request_id = job.record.request_id;
  repeated.record.request_hash = job.record.request_hash;
  WriteBatch batch = NextBatch();
  batch.inserts = {second.Create(), repeated.Create()};
  batch.updates = {job.Claim("token")};
  ASSERT_TRUE(jobs().Commit(batch).ok());
  const auto again = jobs().Commit(batch);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->inserts[0].outcome, InsertOutcome::kInserted);
  EXPECT_EQ(again->inserts[1].outcome, InsertOutcome::kExisted);
  EXPECT_EQ(again->inserts[1].record.name, job.record.name);
  ExpectRecorded(job);
  ExpectRecorded(second);
  const auto counts = jobs().LoadStateCounts();
  ASSERT_TRUE(counts.ok());
  EXPECT_THAT(*counts,
              UnorderedElementsAre(Pair(JobState::kQueued, 1), Pair(JobState::kProcessing, 1)));
}

TEST_P(CommitTest, AStaleAttemptOrTokenRefusesTheWholeBatch) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ASSERT_TRUE(Commit({}, {job.Claim("token-1")}).ok());
  const JobScript recorded = job;
  JobUpdate complete = job.Complete(SomeResult("f-1"));
  JobScript bystander(2, "b");
  for (const auto& [attempt, token] : {std::pair(2, "token-1"), {1, "token-2"}, {0, ""}}) {
    complete.expected_attempt = attempt;
    complete.expected_token = token;
    const auto refused = Commit({JobScript(bystander).Create()}, {complete});
    EXPECT_TRUE(absl::IsAborted(refused.status()));
    EXPECT_EQ(ReasonOf(refused.status()), "FENCED");
  }
  ExpectRecorded(recorded);
  EXPECT_TRUE(absl::IsNotFound(reader().GetJob(bystander.record.name).status()));
  EXPECT_TRUE(absl::IsNotFound(catalog().GetFile("default", "f-1").status()));
}

TEST_P(CommitTest, AnUpdateOfAnUnknownJobIsFenced) {
  JobScript job(1, "a");
  (void)job.Create();
  EXPECT_EQ(ReasonOf(Commit({}, {job.Claim("token")}).status()), "FENCED");
}

// The keys of those that wait, by state and priority.
std::map<std::pair<JobState, int32_t>, std::vector<JobKey>> Waiting(const LiveJobs& live) {
  std::map<std::pair<JobState, int32_t>, std::vector<JobKey>> keys;
  for (const WaitingJobs& alike : live.waiting) {
    EXPECT_EQ(alike.project, "default");
    EXPECT_EQ(alike.rules.queue, JobScript(1, "a").record.rules.queue);
    EXPECT_EQ(alike.rules.stages, JobScript(1, "a").record.rules.stages);
    auto& all = keys[{alike.state, alike.rules.priority}];
    all.insert(all.end(), alike.keys.begin(), alike.keys.end());
  }
  return keys;
}

TEST_P(CommitTest, LiveJobsLoadInPagesThoseThatWaitByWhatIsAlikeInThem) {
  std::vector<JobScript> scripts;
  std::vector<JobInsert> inserts;
  for (JobKey key = 1; key <= 6; ++key) {
    scripts.emplace_back(key, "job-" + std::to_string(key));
    scripts.back().record.rules.priority = key < 5 ? 0 : 7;
    if (key > 1) scripts.back().record.rules.start_deadline = absl::InfiniteFuture();
    inserts.push_back(scripts.back().Create());
  }
  ASSERT_TRUE(Commit(inserts).ok());
  ASSERT_TRUE(Commit({}, {scripts[1].Cancel(), scripts[2].Claim("token")}).ok());
  const auto first = jobs().LoadLiveJobs(0, 3, {});
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->jobs.size(), 2u) << "one waits for a time, one is held";
  const bool is_sorted = first->jobs[0].key < first->jobs[1].key;
  ExpectSameJob(first->jobs[is_sorted ? 0 : 1], scripts[0].record);
  ExpectSameJob(first->jobs[is_sorted ? 1 : 0], scripts[2].record);
  EXPECT_EQ(first->last, 4);
  const std::pair plain = {JobState::kQueued, 0};
  const std::pair urgent = {JobState::kQueued, 7};
  EXPECT_THAT(Waiting(*first), UnorderedElementsAre(Pair(plain, ElementsAre(4))));
  const auto rest = jobs().LoadLiveJobs(4, 100, {});
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_THAT(Waiting(*rest), UnorderedElementsAre(Pair(urgent, ElementsAre(5, 6))));
  EXPECT_EQ(jobs().LoadLiveJobs(rest->last, 100, {})->last, 0);
  ASSERT_TRUE(Commit({}, {scripts[1].Reopen()}).ok());
  EXPECT_EQ(jobs().LoadLiveJobs(1, 1, {})->last, 2);
}

TEST_P(CommitTest, LiveJobsLoadInSharesThatHaveEachJobOnce) {
  std::vector<JobInsert> inserts;
  const std::vector<JobKey> keys = {1, 255, 256, 511, 512, 800};
  for (const JobKey key : keys) {
    JobScript script(key, "job-" + std::to_string(key));
    script.record.rules.start_deadline = absl::InfiniteFuture();
    inserts.push_back(script.Create());
  }
  ASSERT_TRUE(Commit(inserts).ok());
  std::vector<JobKey> loaded;
  for (int index = 0; index < 2; ++index) {
    for (JobKey after = 0;;) {
      const auto page = jobs().LoadLiveJobs(after, 2, {index, 2});
      ASSERT_TRUE(page.ok()) << page.status();
      if (page->last == 0) break;
      after = page->last;
      for (const auto& [group, of_group] : Waiting(*page)) {
        loaded.insert(loaded.end(), of_group.begin(), of_group.end());
      }
    }
  }
  EXPECT_THAT(loaded, UnorderedElementsAreArray(keys));
}

TEST_P(CommitTest, JobsLoadByKeyAndByName) {
  JobScript first(1, "a");
  JobScript second(2, "b");
  JobScript third(3, "c");
  ASSERT_TRUE(Commit({first.Create(), second.Create(), third.Create()}).ok());
  const auto loaded = jobs().LoadJobs({1, 9}, {second.record.name, {"default", "none"}});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ASSERT_EQ(loaded->size(), 2u);
  ExpectSameJob((*loaded)[0], first.record);
  ExpectSameJob((*loaded)[1], second.record);
  EXPECT_TRUE(jobs().LoadJobs({}, {})->empty());
}

TEST_P(CommitTest, StateCountsFollowEveryBatch) {
  EXPECT_TRUE(jobs().LoadStateCounts()->empty());
  JobScript first(1, "a");
  JobScript second(2, "b");
  ASSERT_TRUE(Commit({first.Create(), second.Create()}).ok());
  EXPECT_THAT(*jobs().LoadStateCounts(), UnorderedElementsAre(Pair(JobState::kQueued, 2)));
  const JobUpdate claim = first.Claim("token");
  ASSERT_TRUE(
      Commit({}, {JobScript::Merge(claim, first.Complete(SomeResult("f"))), second.Cancel()}).ok());
  EXPECT_THAT(*jobs().LoadStateCounts(),
              UnorderedElementsAre(Pair(JobState::kCompleted, 1), Pair(JobState::kCancelled, 1)));
}

}  // namespace
}  // namespace dq
