#include "scheduler/engine/commit_writer.h"

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

}  // namespace

CommitWriter::CommitWriter(JobStore& store, CommitListener listener)
    : store_(store), listener_(std::move(listener)) {}

CommitWriter::~CommitWriter() { Stop(); }

void CommitWriter::Start() {
  thread_ = std::thread([this] { Run(); });
}

void CommitWriter::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void CommitWriter::Commit(std::shared_ptr<const WriteBatch> batch) {
  MutexLock lock(mutex_);
  batch_ = std::move(batch);
  changed_.NotifyAll();
}

void CommitWriter::Abandon() {
  MutexLock lock(mutex_);
  batch_ = nullptr;
  changed_.NotifyAll();
}

void CommitWriter::Run() {
  while (true) {
    std::shared_ptr<const WriteBatch> batch;
    {
      MutexLock lock(mutex_);
      while (batch_ == nullptr && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      batch = batch_;
    }
    CommitUntilDecided(batch);
  }
}

void CommitWriter::CommitUntilDecided(const std::shared_ptr<const WriteBatch>& batch) {
  Backoff backoff(kRepeatFirst, kRepeatCap, RandomUniform);
  bool told = false;
  while (true) {
    absl::StatusOr<BatchResult> result = store_.Commit(*batch);
    if (result.ok() || !absl::IsUnavailable(result.status())) {
      {
        MutexLock lock(mutex_);
        if (batch_ == batch) batch_ = nullptr;
      }
      if (result.ok()) return listener_.committed(batch->epoch, *std::move(result));
      return listener_.refused(batch->epoch, result.status());
    }
    if (!std::exchange(told, true)) {
      Log(LogLevel::kWarning, "commit failed", {{"message", MessageOf(result.status())}});
      listener_.failing(batch->epoch, result.status());
    }
    if (!WaitToRepeat(batch, backoff.Next())) return;
  }
}

bool CommitWriter::WaitToRepeat(const std::shared_ptr<const WriteBatch>& batch,
                                absl::Duration wait) {
  const auto due = SteadyClock::now() + absl::ToChronoNanoseconds(wait);
  MutexLock lock(mutex_);
  while (batch_ == batch && !stopping_ && SteadyClock::now() < due) {
    changed_.WaitFor(mutex_, due - SteadyClock::now());
  }
  return batch_ == batch && !stopping_;
}

}  // namespace dq
