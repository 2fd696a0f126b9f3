#include "scheduler/engine/batch_driver.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "scheduler/core/batch_rollup.h"

namespace dq {
namespace {

// Whether the same may be taken later.
bool IsForNow(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
         absl::IsDeadlineExceeded(status);
}

BatchPace PaceAfter(const absl::Status& status) {
  return absl::IsAborted(status) ? BatchPace::kAtOnce : BatchPace::kLater;
}

JobFailure Stopped(const BatchRecord& batch) {
  return {"BATCH_STOPPED",
          "An operation of batch " + batch.id +
              " failed, and the batch stops on errors: mend what failed and retry the batch.",
          {{"category", "processing"}, {"batch", batch.id}}};
}

JobFailure Cancelled(const BatchRecord& batch) {
  return {"BATCH_CANCELLED",
          "Batch " + batch.id + " was cancelled before this operation had started.",
          {{"category", "processing"}, {"batch", batch.id}}};
}

}  // namespace

BatchDriver::BatchDriver(JobControl& scheduler, ReadJobsByName read_jobs, BatchStore& batches,
                         OperationMaker maker, const Clock& clock, std::function<void()> ended)
    : scheduler_(scheduler),
      read_jobs_(std::move(read_jobs)),
      batches_(batches),
      maker_(std::move(maker)),
      clock_(clock),
      ended_(std::move(ended)) {}

BatchPace BatchDriver::Step(BatchKey key) {
  absl::StatusOr<BatchView> view = batches_.GetBatchByKey(key);
  if (!view.ok()) return absl::IsNotFound(view.status()) ? BatchPace::kIdle : BatchPace::kLater;
  BatchRecord& batch = view->record;
  if (batch.end_time != absl::InfinitePast()) return BatchPace::kIdle;
  const BatchStep step = NextStep(*view);
  switch (step.action) {
    case BatchAction::kWait:
      return BatchPace::kIdle;
    case BatchAction::kWaitABit:
      return BatchPace::kSoon;
    case BatchAction::kMake:
      return Make(std::move(batch), step.count, /*held=*/false);
    case BatchAction::kMakeHeld:
      return Make(std::move(batch), step.count, /*held=*/true);
    case BatchAction::kPause:
      return Pause(batch, step.count);
    case BatchAction::kResume:
      return Resume(batch, step.count);
    case BatchAction::kSkip:
      return Skip(batch, step.count);
    case BatchAction::kCancel:
      return Cancel(batch, step.count);
    case BatchAction::kReopen:
      return Reopen(std::move(batch), step.count);
    case BatchAction::kStop:
      return Stop(std::move(batch));
    case BatchAction::kRun:
      batch.desire = BatchDesire::kRun;
      return Record(batch);
    case BatchAction::kEnd:
      batch.end_time = clock_.Now();
      return End(*view);
  }
  return BatchPace::kIdle;
}

BatchPace BatchDriver::Stop(BatchRecord batch) {
  batch.desire = BatchDesire::kStop;
  batch.reopen_from = 0;
  return Record(batch);
}

BatchPace BatchDriver::Record(const BatchRecord& batch,
                              const std::vector<BatchOperation>& refused) {
  const absl::Status status = batches_.UpdateBatch(batch, refused);
  return status.ok() ? BatchPace::kAtOnce : PaceAfter(status);
}

BatchPace BatchDriver::End(const BatchView& batch) {
  const BatchState state = RollUp(batch);
  const absl::Status status = batches_.EndBatch(batch.record, state);
  if (!status.ok()) return PaceAfter(status);
  acted_to_.erase(batch.record.key);
  Log(LogLevel::kInfo, "batch ended", {{"batch", batch.record.id}, {"state", StateName(state)}});
  if (ended_) ended_();
  return BatchPace::kIdle;
}

BatchPace BatchDriver::Make(BatchRecord batch, int count, bool held) {
  const auto operations = batches_.LoadOperations(batch.key, batch.made, count);
  if (!operations.ok() || operations->empty()) return BatchPace::kLater;
  const auto outcomes = SubmitThose(batch, *operations, held);
  return outcomes ? RecordMade(std::move(batch), *operations, *outcomes) : BatchPace::kLater;
}

std::optional<std::vector<absl::Status>> BatchDriver::SubmitThose(
    const BatchRecord& batch, const std::vector<BatchOperation>& operations, bool held) {
  std::vector<absl::Status> outcomes;
  std::vector<size_t> submitted;  // The operation of each record.
  std::vector<JobRecord> records;
  for (const BatchOperation& operation : operations) {
    // One that is a job stays it, whatever has become of its input.
    if (operation.job != 0) {
      outcomes.push_back(absl::OkStatus());
      continue;
    }
    absl::StatusOr<JobRecord> record = maker_(batch, operation);
    outcomes.push_back(record.status());
    if (!record.ok()) continue;
    record->batch = {batch.key, batch.id, operation.index};
    record->request_id = batch.uid + "-" + std::to_string(operation.index);
    record->is_held = held;
    submitted.push_back(outcomes.size() - 1);
    records.push_back(*std::move(record));
  }
  if (records.empty()) return outcomes;
  Answers<absl::StatusOr<std::vector<BulkOutcome>>> answers(1, abandonment_);
  scheduler_.SubmitAll(std::move(records), answers.Take(0));
  const auto answered = answers.Wait();
  if (!answered || !answered->front().ok()) return std::nullopt;
  for (size_t i = 0; i < submitted.size(); ++i) {
    outcomes[submitted[i]] = (*answered->front())[i].status;
  }
  return outcomes;
}

BatchPace BatchDriver::RecordMade(BatchRecord batch, const std::vector<BatchOperation>& operations,
                                  const std::vector<absl::Status>& outcomes) {
  std::vector<BatchOperation> judged;
  const int32_t made_before = batch.made;
  for (size_t i = 0; i < operations.size() && !IsForNow(outcomes[i]); ++i) {
    batch.made = operations[i].index;
    if (!outcomes[i].ok()) {
      ++batch.refused;
      Log(LogLevel::kWarning, "operation refused",
          {{"batch", batch.id},
           {"index", operations[i].index},
           {"reason", ReasonOf(outcomes[i])},
           {"message", MessageOf(outcomes[i])}});
    }
    const std::string refusal = outcomes[i].ok() ? "" : MessageOf(outcomes[i]);
    if (refusal != operations[i].refusal) judged.push_back({operations[i].index, "", refusal, 0});
  }
  return batch.made == made_before ? BatchPace::kLater : Record(batch, judged);
}

absl::StatusOr<std::vector<OperationJob>> BatchDriver::ListNext(BatchKey key,
                                                                const std::vector<JobState>& states,
                                                                int count) {
  const int32_t after = std::exchange(acted_to_[key], 0);
  DQ_ASSIGN_OR_RETURN(auto listed, batches_.ListOperationJobs(key, after, states, count));
  if (!listed.empty() || after == 0) return listed;
  return batches_.ListOperationJobs(key, 0, states, count);
}

BatchPace BatchDriver::ActOn(const BatchRecord& batch, const std::vector<JobState>& states,
                             int count, const Act& act) {
  const auto listed = ListNext(batch.key, states, count);
  if (!listed.ok()) return BatchPace::kLater;
  Answers<absl::StatusOr<JobView>> answers(listed->size(), abandonment_);
  for (size_t i = 0; i < listed->size(); ++i) act((*listed)[i], answers.Take(i));
  const auto answered = answers.Wait();
  if (!answered) return BatchPace::kLater;
  const auto is_done = [](const auto& answer) {
    return answer.ok() || absl::IsNotFound(answer.status());  // It has ended meanwhile.
  };
  const auto is_for_now = [](const auto& answer) { return IsForNow(answer.status()); };
  if (std::ranges::any_of(*answered, is_for_now)) return BatchPace::kLater;
  if (std::ssize(*listed) == count) acted_to_[batch.key] = listed->back().index;
  return std::ranges::any_of(*answered, is_done) ? BatchPace::kAtOnce : BatchPace::kSoon;
}

BatchPace BatchDriver::Pause(const BatchRecord& batch, int count) {
  const std::vector<JobState> states = {JobState::kPending, JobState::kQueued,
                                        JobState::kProcessing};
  return ActOn(batch, states, count, [&](const OperationJob& job, ViewDone done) {
    scheduler_.Pause(job.name, batch.reason, batch.actor, std::move(done));
  });
}

BatchPace BatchDriver::Resume(const BatchRecord& batch, int count) {
  return ActOn(batch, {JobState::kPaused}, count, [&](const OperationJob& job, ViewDone done) {
    scheduler_.Resume(job.name, batch.reason, batch.actor, std::move(done));
  });
}

BatchPace BatchDriver::Skip(const BatchRecord& batch, int count) {
  const std::vector<JobState> states = {JobState::kPending, JobState::kQueued, JobState::kPaused};
  return ActOn(batch, states, count, [&](const OperationJob& job, ViewDone done) {
    scheduler_.Skip(job.name, Stopped(batch), "scheduler", std::move(done));
  });
}

BatchPace BatchDriver::Cancel(const BatchRecord& batch, int count) {
  const std::vector<JobState> states = {JobState::kPending, JobState::kQueued,
                                        JobState::kProcessing, JobState::kPausing,
                                        JobState::kPaused};
  return ActOn(batch, states, count, [&](const OperationJob& job, ViewDone done) {
    const bool runs = job.state == JobState::kProcessing || job.state == JobState::kPausing;
    if (runs) return scheduler_.Cancel(job.name, batch.reason, batch.actor, std::move(done));
    scheduler_.Skip(job.name, Cancelled(batch), batch.actor, std::move(done));
  });
}

absl::StatusOr<bool> BatchDriver::HasFailedAgain(const BatchRecord& batch) {
  const int32_t last = batch.reopen_from - 1;
  if (!batch.stop_on_error || last == 0) return false;
  // Up to `last` all were reopened; of a sequence those before it have ended as they were to.
  const int32_t after = batch.mode == BatchMode::kSequential ? last - 1 : 0;
  const auto failed = batches_.ListOperationJobs(batch.key, after, {JobState::kFailed}, 1);
  if (!failed.ok()) return failed.status();
  return !failed->empty() && failed->front().index <= last;
}

BatchPace BatchDriver::Reopen(BatchRecord batch, int count) {
  const absl::StatusOr<bool> failed_again = HasFailedAgain(batch);
  if (!failed_again.ok()) return BatchPace::kLater;
  if (*failed_again) return Stop(std::move(batch));
  const std::vector<JobState> states = {JobState::kFailed, JobState::kCancelled,
                                        JobState::kSkipped};
  const auto listed = batches_.ListOperationJobs(batch.key, batch.reopen_from - 1, states, count);
  if (!listed.ok()) return BatchPace::kLater;
  if (batch.mode == BatchMode::kSequential) {
    const int32_t before = listed->empty() ? batch.operations : listed->front().index - 1;
    if (batch.made < before) return MakeAgain(std::move(batch), before);
  }
  if (listed->empty()) {
    batch.reopen_from = 0;
    return Record(batch);
  }
  std::vector<JobName> names;
  for (const OperationJob& job : *listed) names.push_back(job.name);
  const auto outcomes =
      ReopenJobs(scheduler_, names, read_jobs_, {batch.reason, batch.actor}, abandonment_);
  if (!outcomes) return BatchPace::kLater;
  const int32_t reopened_before = batch.reopen_from;
  for (size_t i = 0; i < listed->size() && !IsForNow((*outcomes)[i]); ++i) {
    batch.reopen_from = (*listed)[i].index + 1;
  }
  return batch.reopen_from == reopened_before ? BatchPace::kLater : Record(batch);
}

BatchPace BatchDriver::MakeAgain(BatchRecord batch, int32_t last) {
  const int count = std::min(kOperationsMadeMax, last - batch.made);
  auto operations = batches_.LoadOperations(batch.key, batch.made, count);
  if (!operations.ok() || operations->empty()) return BatchPace::kLater;
  const auto first = std::ranges::find(*operations, JobKey{0}, &BatchOperation::job);
  if (first != operations->end()) operations->erase(std::next(first), operations->end());
  const auto outcomes = SubmitThose(batch, *operations, /*held=*/false);
  if (!outcomes) return BatchPace::kLater;
  // Nothing is left to reopen up to here.
  const int32_t next = operations->back().index + (IsForNow(outcomes->back()) ? 0 : 1);
  batch.reopen_from = std::max(batch.reopen_from, next);
  return RecordMade(std::move(batch), *operations, *outcomes);
}

}  // namespace dq
