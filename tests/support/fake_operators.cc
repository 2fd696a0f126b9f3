// What operators ask for.
#include "common/base/status_macros.h"
#include "tests/support/fake_store.h"

namespace dq {

absl::StatusOr<WorkerDrain> FakeStore::SaveDrain(const std::string& worker,
                                                 const OperatorWord& word, int64_t epoch) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  DQ_RETURN_IF_ERROR(CheckEpochLocked(epoch));
  return drains_.emplace(worker, WorkerDrain{worker, word.actor, word.reason, word.time})
      .first->second;
}

absl::Status FakeStore::EndDrain(const std::string& worker, const OperatorWord&, int64_t epoch) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  DQ_RETURN_IF_ERROR(CheckEpochLocked(epoch));
  drains_.erase(worker);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<WorkerDrain>> FakeStore::LoadDrains() {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<WorkerDrain> drains;
  for (const auto& [worker, drain] : drains_) drains.push_back(drain);
  return drains;
}

absl::Status FakeStore::AddEvent(const OperatorAction& action, const OperatorWord&) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  if (refuses_events_) return absl::UnavailableError("no event is taken");
  actions_.push_back(action);
  return absl::OkStatus();
}

std::vector<OperatorAction> FakeStore::OperatorActions() const {
  MutexLock lock(mutex_);
  return actions_;
}

}  // namespace dq
