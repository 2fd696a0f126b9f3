// The conformance suite: checkpoints are written under the lease that the job holds before the
// updates of their batch.
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/store_under_test.h"

namespace dq {
namespace {

class CheckpointTest : public StoreTest {
 protected:
  static std::shared_ptr<const JobCheckpoint> Checkpoint(int64_t sequence) {
    JobCheckpoint checkpoint;
    checkpoint.attempt = 1;
    checkpoint.sequence = sequence;
    checkpoint.percent = 12.5;
    checkpoint.stage = "dedupe";
    checkpoint.time = JobScript::Start();
    checkpoint.place = std::string("\0any\xff bytes", 11);
    return std::make_shared<const JobCheckpoint>(checkpoint);
  }
  static CheckpointSave SaveOf(const JobScript& job, int64_t sequence) {
    return {job.record.key, job.record.status.attempt, job.record.status.lease_token,
            Checkpoint(sequence)};
  }
  absl::Status Save(CheckpointSave save, std::vector<JobUpdate> updates = {},
                    std::vector<JobInsert> inserts = {}) {
    WriteBatch batch = NextBatch();
    batch.inserts = std::move(inserts);
    batch.updates = std::move(updates);
    batch.checkpoints = {std::move(save)};
    return jobs().Commit(batch).status();
  }
  // Expects that every way of reading the job shows that checkpoint; 0: none.
  void ExpectCheckpoint(int64_t sequence) {
    const auto shows = [&](const JobRecord& job) {
      if (sequence == 0) return job.checkpoint == nullptr;
      return job.checkpoint != nullptr && *job.checkpoint == *Checkpoint(sequence);
    };
    EXPECT_TRUE(shows(*reader().GetJob({"default", "a"})));
    const auto loaded = jobs().LoadJobs({1}, {});
    ASSERT_EQ(loaded->size(), 1U);
    EXPECT_TRUE(shows(loaded->front()));
    const auto live = jobs().LoadLiveJobs(0, 10, {});
    for (const JobRecord& job : live->jobs) EXPECT_TRUE(shows(job));
  }
  JobScript Running() {
    JobScript job(1, "a");
    EXPECT_TRUE(Commit({job.Create()}).ok());
    EXPECT_TRUE(Commit({}, {job.Claim("token-1")}).ok());
    return job;
  }
};
DQ_RUN_ON_EVERY_STORE(CheckpointTest);

TEST_P(CheckpointTest, TheNewestReadsBackFieldByField) {
  const JobScript job = Running();
  ExpectCheckpoint(0);
  ASSERT_TRUE(Save(SaveOf(job, 1)).ok());
  ExpectCheckpoint(1);
  ASSERT_TRUE(Save(SaveOf(job, 2)).ok());
  ExpectCheckpoint(2);
}

TEST_P(CheckpointTest, AStaleAttemptOrTokenRefusesTheWholeBatch) {
  JobScript job = Running();
  CheckpointSave stale = SaveOf(job, 1);
  stale.token = "token-0";
  EXPECT_EQ(ReasonOf(Save(stale)), "FENCED");
  stale = SaveOf(job, 1);
  stale.attempt = 2;
  EXPECT_EQ(ReasonOf(Save(stale)), "FENCED");
  const CheckpointSave late = SaveOf(job, 1);
  ASSERT_TRUE(Commit({}, {job.Retry("WORKER_LOST")}).ok());
  EXPECT_EQ(ReasonOf(Save(late)), "FENCED") << "the lease is over";
  ExpectCheckpoint(0);
}

TEST_P(CheckpointTest, ItIsWrittenBeforeTheEndOfItsLeaseInTheSameBatch) {
  JobScript job = Running();
  const CheckpointSave save = SaveOf(job, 3);
  ASSERT_TRUE(Save(save, {job.Retry("WORKER_LOST")}).ok());
  ExpectCheckpoint(3);
}

TEST_P(CheckpointTest, ItIsWrittenTheCarefulWayToo) {
  JobScript job = Running();
  JobScript twin(2, "a");  // Meets the name of the other.
  ASSERT_TRUE(Save(SaveOf(job, 4), {}, {twin.Create()}).ok());
  ExpectCheckpoint(4);
}

TEST_P(CheckpointTest, ADroppedOneIsGone) {
  JobScript job = Running();
  ASSERT_TRUE(Save(SaveOf(job, 5)).ok());
  WriteBatch batch = NextBatch();
  batch.updates = {job.Complete(SomeResult("f-1"))};
  batch.dropped_checkpoints = {job.record.key};
  ASSERT_TRUE(jobs().Commit(batch).ok());
  ExpectCheckpoint(0);
}

}  // namespace
}  // namespace dq
