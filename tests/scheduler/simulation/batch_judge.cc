#include "tests/scheduler/simulation/batch_judge.h"

#include <algorithm>

namespace dq::sim {
namespace {

bool WasReopened(const SeenJob& job) {
  return std::ranges::count(job.events, JobEvent::kReopen, &JobEventRecord::event) > 0;
}

// Whether it was so at any time.
bool EverWas(const SeenJob& job, JobState state) {
  return std::ranges::count(job.events, state, &JobEventRecord::to) > 0;
}

}  // namespace

void BatchJudge::Expect(bool holds, const Seen& batch, const char* invariant) {
  if (!holds) findings_.push_back(batch.record.id + ": " + invariant);
}

void BatchJudge::Heard(const SeenJob& job, const JobEventRecord& event) {
  const auto found = seen_.find(job.row.batch.key);
  if (found == seen_.end()) return;
  if (event.event == JobEvent::kCreate) return HeardCreation(found->second, job, event);
  if (event.event == JobEvent::kSkip && event.reason == "BATCH_STOPPED") {
    Expect(HasFailed(found->second), found->second,
           "I20 an operation was skipped although none had failed");
  }
}

bool BatchJudge::HasFailed(const Seen& batch) const {
  return std::ranges::any_of(batch.jobs, [this](const auto& entry) {
    const SeenJob* const job = history_.Find(entry.second);
    return job != nullptr && EverWas(*job, JobState::kFailed);
  });
}

void BatchJudge::HeardCreation(Seen& batch, const SeenJob& job, const JobEventRecord& creation) {
  const int32_t index = job.row.batch.index;
  Expect(batch.jobs.try_emplace(index, job.row.name.id).second, batch,
         "I20 an operation became two jobs");
  Expect(index >= 1 && index <= batch.record.operations, batch,
         "I20 a job is an operation that nobody asked for");
  const bool is_held = creation.to == JobState::kPending;  // To be skipped, never to run.
  if (batch.record.mode != BatchMode::kSequential || is_held) return;
  // In a sequence one operation lives at a time, and those before it were jobs before.
  for (int32_t before = 1; before < index; ++before) {
    const auto other = batch.jobs.find(before);
    const SeenJob* const seen = other == batch.jobs.end() ? nullptr : history_.Find(other->second);
    const bool is_over =
        seen != nullptr && (IsTerminal(seen->row.status.state) || WasReopened(*seen));
    Expect(is_over, batch, "I20 an operation of a sequence was made before its turn");
  }
}

void BatchJudge::Ended(const BatchRecord& batch, BatchState state) {
  Seen& seen = seen_.at(batch.key);
  Expect(!seen.has_ended, seen, "I20 a batch ended twice");
  seen.has_ended = true;
  int32_t completed = 0;
  int32_t failed = 0;
  bool is_steady = true;  // Nobody has run one of them again by itself.
  for (const auto& [index, name] : seen.jobs) {
    const SeenJob* const job = history_.Find(name);
    Expect(job != nullptr, seen, "I20 a batch ended of which an operation is gone");
    if (job == nullptr) return;
    is_steady = is_steady && !WasReopened(*job);
    const bool has_ended = IsTerminal(job->row.status.state) || WasReopened(*job);
    Expect(has_ended, seen, "I20 a batch ended before its operations had");
    completed += job->row.status.state == JobState::kCompleted ? 1 : 0;
    failed += job->row.status.state == JobState::kFailed ? 1 : 0;
  }
  const bool is_whole = std::ssize(seen.jobs) == batch.operations;
  Expect(is_whole, seen, "I20 a batch ended with operations that were no jobs");
  if (!is_steady) return;
  BatchState expected = failed > 0 ? BatchState::kFailed : BatchState::kCancelled;
  if (completed > 0) expected = BatchState::kPartialSuccess;
  if (batch.desire == BatchDesire::kCancel) expected = BatchState::kCancelled;
  if (completed == batch.operations) expected = BatchState::kCompleted;
  Expect(state == expected, seen, "I20 a batch ended otherwise than its operations");
}

bool BatchJudge::IsDone() const {
  return std::ranges::all_of(seen_, [](const auto& entry) { return entry.second.has_ended; });
}

void BatchJudge::CheckRest() {
  for (const auto& [key, batch] : seen_) {
    Expect(batch.has_ended, batch, "I20 a batch has not ended");
    Expect(std::ssize(batch.jobs) == batch.record.operations, batch,
           "I20 an operation became no job");
  }
}

}  // namespace dq::sim
