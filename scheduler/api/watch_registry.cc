#include "scheduler/api/watch_registry.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"

namespace dq {
namespace {

absl::Status Draining() {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                   "this scheduler goes away; watch again from the last bookmark");
}

}  // namespace

WatchRegistry::WatchRegistry(const Clock& clock, WatchLimits limits)
    : clock_(clock), limits_(limits), thread_([this] { Run(); }) {}

WatchRegistry::~WatchRegistry() {
  Close();
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

absl::Status WatchRegistry::Add(std::shared_ptr<Watch> watch) {
  MutexLock lock(mutex_);
  if (closed_) return Draining();
  if (watches_.size() >= static_cast<size_t>(limits_.watches_max)) {
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_WATCHES",
                     "this scheduler has " + std::to_string(limits_.watches_max) +
                         " watches already; name several jobs in one watch");
  }
  const Watch* key = watch.get();
  watches_[key] = std::move(watch);
  return absl::OkStatus();
}

void WatchRegistry::Remove(const Watch* watch) {
  std::shared_ptr<Watch> removed;  // Outlives the lock.
  MutexLock lock(mutex_);
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return;
  removed = std::move(found->second);
  watches_.erase(found);
}

void WatchRegistry::Close() {
  Watches open;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    open = watches_;
  }
  for (const auto& [key, watch] : open) watch->End(Draining());
}

void WatchRegistry::Wake(const Watch* watch) {
  MutexLock lock(mutex_);
  woken_.insert(watch);
  if (woken_.size() == 1) changed_.NotifyAll();
}

std::vector<std::shared_ptr<Watch>> WatchRegistry::TakeWoken() {
  std::vector<std::shared_ptr<Watch>> woken;
  for (const Watch* watch : std::exchange(woken_, {})) {
    if (const auto found = watches_.find(watch); found != watches_.end()) {
      woken.push_back(found->second);
    }
  }
  return woken;
}

std::vector<std::shared_ptr<Watch>> WatchRegistry::NextDue() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (auto woken = TakeWoken(); !woken.empty()) return woken;
    const absl::Time now = clock_.Boot();
    if (now >= tick_time_) {
      tick_time_ = now + std::min(limits_.progress_interval, limits_.bookmark_interval) / 2;
      for (const auto& [key, watch] : watches_) woken_.insert(key);
    } else {
      changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(tick_time_ - now));
    }
  }
  return {};
}

void WatchRegistry::Run() {
  while (true) {
    const std::vector<std::shared_ptr<Watch>> due = NextDue();
    if (due.empty()) return;
    for (const auto& watch : due) watch->Tick();
  }
}

}  // namespace dq
