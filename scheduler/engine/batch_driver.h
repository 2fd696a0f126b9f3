// Takes the steps of batches: reads what is recorded, asks the plan (core/batch_plan), and has the
// scheduler do it. Nothing that matters stays in memory between two steps, and every step may be
// done twice: a jobs' request id says which operation it is, a job that is paused stays so, a row
// is written only over what was read. Who leads is fenced by the scheduler's commits, not here.
// Blocks: used by one thread, but for Abandon().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "scheduler/core/batch_plan.h"
#include "scheduler/core/batch_store.h"
#include "scheduler/engine/answers.h"
#include "scheduler/engine/batch_steps.h"
#include "scheduler/engine/job_control.h"
#include "scheduler/engine/job_reopening.h"

namespace dq {

// Makes the record for Scheduler::Submit() of an operation's job, without saying of which batch it
// is. An error that is neither UNAVAILABLE nor RESOURCE_EXHAUSTED refuses the operation.
using OperationMaker =
    std::function<absl::StatusOr<JobRecord>(const BatchRecord&, const BatchOperation&)>;

class BatchDriver final : public BatchSteps {
 public:
  // All references outlive the driver. `ended` hears of every end of a batch that was recorded.
  BatchDriver(JobControl& scheduler, ReadJobsByName read_jobs, BatchStore& batches,
              OperationMaker maker, const Clock& clock, std::function<void()> ended = {});

  BatchPace Step(BatchKey key) override;
  void Forget() override { acted_to_.clear(); }
  void Abandon() override { abandonment_->Abandon(); }

 private:
  using ViewDone = std::function<void(absl::StatusOr<JobView>)>;
  // Has something done to the job of an operation.
  using Act = std::function<void(const OperationJob&, ViewDone)>;

  BatchPace Make(BatchRecord batch, int count, bool held);
  // Makes jobs of those operations that are none yet; returns what became of each.
  std::optional<std::vector<absl::Status>> SubmitThose(
      const BatchRecord& batch, const std::vector<BatchOperation>& operations, bool held);
  BatchPace RecordMade(BatchRecord batch, const std::vector<BatchOperation>& operations,
                       const std::vector<absl::Status>& outcomes);
  // Lists up to `count` operations in these states, after those acted upon before.
  absl::StatusOr<std::vector<OperationJob>> ListNext(BatchKey key,
                                                     const std::vector<JobState>& states,
                                                     int count);
  // Lists up to `count` operations in these states and has each acted upon.
  BatchPace ActOn(const BatchRecord& batch, const std::vector<JobState>& states, int count,
                  const Act& act);
  BatchPace Pause(const BatchRecord& batch, int count);
  BatchPace Resume(const BatchRecord& batch, int count);
  BatchPace Skip(const BatchRecord& batch, int count);
  BatchPace Cancel(const BatchRecord& batch, int count);
  BatchPace Reopen(BatchRecord batch, int count);
  // Whether an operation that was reopened has failed again, and that stops the batch.
  absl::StatusOr<bool> HasFailedAgain(const BatchRecord& batch);
  // Goes on with a sequence that is retried: passes over what is a job up to the operation `last`
  // and makes the first that is none.
  BatchPace MakeAgain(BatchRecord batch, int32_t last);
  // Records that no further operation starts.
  BatchPace Stop(BatchRecord batch);
  // Records the end of a batch.
  BatchPace End(const BatchView& batch);
  BatchPace Record(const BatchRecord& batch, const std::vector<BatchOperation>& refused = {});

  JobControl& scheduler_;
  const ReadJobsByName read_jobs_;
  BatchStore& batches_;
  const OperationMaker maker_;
  const Clock& clock_;
  const std::function<void()> ended_;  // May be empty.
  // The last operation of a batch that was acted upon, so that not all before it are looked at
  // again for every page: from the end a look begins anew.
  std::map<BatchKey, int32_t> acted_to_;
  const std::shared_ptr<Abandonment> abandonment_ = std::make_shared<Abandonment>();
};

}  // namespace dq
