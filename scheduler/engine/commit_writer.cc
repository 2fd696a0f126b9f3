#include "scheduler/engine/commit_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/backoff.h"
#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/random_id.h"

namespace dq {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr absl::Duration kRepeatFirst = absl::Milliseconds(10);
constexpr absl::Duration kRepeatCap = absl::Milliseconds(500);

// The store's reason when the batch before is not written.
constexpr char kOutOfOrder[] = "BATCH_OUT_OF_ORDER";

// What was acknowledged is not there: the database went back in time, as a restored backup or a
// replica that lagged behind does. Only loading anew shows what it knows.
absl::Status Forgotten() {
  return MakeError(absl::StatusCode::kAborted, "FENCED",
                   "the database does not hold the last batch that it acknowledged");
}

}  // namespace

CommitWriter::CommitWriter(JobStore& store, CommitListener listener)
    : store_(store), listener_(std::move(listener)) {}

CommitWriter::~CommitWriter() { Stop(); }

void CommitWriter::Start() {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Run(); });
}

void CommitWriter::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    handed_over_.NotifyAll();
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void CommitWriter::Commit(Batch batch) {
  MutexLock lock(mutex_);
  waiting_.push_back(batch);
  wanted_.push_back(std::move(batch));
  handed_over_.NotifyOne();
}

void CommitWriter::Abandon() {
  MutexLock lock(mutex_);
  waiting_.clear();
  wanted_.clear();
  changed_.NotifyAll();
}

void CommitWriter::Run() {
  while (true) {
    Batch batch;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) handed_over_.Wait(mutex_);
      if (stopping_) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
    }
    CommitUntilDecided(batch);
  }
}

void CommitWriter::CommitUntilDecided(const Batch& batch) {
  Backoff backoff(kRepeatFirst, kRepeatCap, RandomUniform);
  bool told = false;
  while (true) {
    const bool was_first = IsFirst(batch);
    absl::StatusOr<BatchResult> result = store_.Commit(*batch);
    if (result.ok() || !absl::IsUnavailable(result.status())) {
      return Tell(batch, std::move(result));
    }
    if (ReasonOf(result.status()) == kOutOfOrder) {
      if (was_first) return Tell(batch, Forgotten());
      if (!WaitForTurn(batch)) return;
      continue;
    }
    if (!std::exchange(told, true)) {
      Log(LogLevel::kWarning, "commit failed", {{"message", MessageOf(result.status())}});
      listener_.failing(batch->epoch, result.status());
    }
    if (!WaitToRepeat(batch, backoff.Next())) return;
  }
}

void CommitWriter::Tell(const Batch& batch, absl::StatusOr<BatchResult> result) {
  if (!WaitForTurn(batch)) return;
  if (result.ok()) {
    listener_.committed(batch->epoch, *std::move(result));
  } else {
    listener_.refused(batch->epoch, result.status());
  }
  MutexLock lock(mutex_);
  if (!wanted_.empty() && wanted_.front() == batch) wanted_.pop_front();
  changed_.NotifyAll();
}

bool CommitWriter::IsWantedLocked(const Batch& batch) {
  return !stopping_ && std::ranges::count(wanted_, batch) > 0;
}

bool CommitWriter::IsFirst(const Batch& batch) {
  MutexLock lock(mutex_);
  return !wanted_.empty() && wanted_.front() == batch;
}

bool CommitWriter::WaitForTurn(const Batch& batch) {
  MutexLock lock(mutex_);
  while (IsWantedLocked(batch) && wanted_.front() != batch) changed_.Wait(mutex_);
  return IsWantedLocked(batch);
}

bool CommitWriter::WaitToRepeat(const Batch& batch, absl::Duration wait) {
  const auto due = SteadyClock::now() + absl::ToChronoNanoseconds(wait);
  MutexLock lock(mutex_);
  while (IsWantedLocked(batch) && SteadyClock::now() < due) {
    changed_.WaitFor(mutex_, due - SteadyClock::now());
  }
  return IsWantedLocked(batch);
}

}  // namespace dq
