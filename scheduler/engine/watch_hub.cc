#include "scheduler/engine/watch_hub.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/error.h"

namespace dq {
namespace {

constexpr int kEpochShift = 40;

}  // namespace

std::map<WatchId, WatchHub::Watch> WatchHub::TakeAll(const absl::Status& why) {
  MutexLock lock(mutex_);
  ended_ = why;
  return std::exchange(watches_, {});
}

void WatchHub::EndAll(const absl::Status& why) {
  for (const auto& [id, watch] : TakeAll(why)) watch.sink->Lost(why);
}

void WatchHub::Restart(int64_t epoch) {
  EndAll(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "The leader has changed."));
  MutexLock lock(mutex_);
  ended_ = absl::OkStatus();
  backlog_.clear();
  recording_ = false;
  last_ = epoch << kEpochShift;
  complete_after_ = last_;
}

absl::StatusOr<WatchId> WatchHub::Open(const std::string& project, int64_t resume_after,
                                       std::shared_ptr<WatchSink> sink) {
  MutexLock lock(mutex_);
  if (!ended_.ok()) return ended_;
  if (!recording_) {
    recording_ = true;
    unwatched_ = 0;
    complete_after_ = last_;
  }
  if (resume_after != 0 && (resume_after < complete_after_ || resume_after > last_)) {
    return MakeError(absl::StatusCode::kOutOfRange, "WATCH_TOKEN_EXPIRED",
                     "The changes after this token are not kept any more: list, then watch anew.");
  }
  const WatchId id = next_watch_++;
  watches_[id] = {project, std::move(sink), resume_after == 0 ? last_ : resume_after};
  return id;
}

void WatchHub::Close(WatchId watch) {
  MutexLock lock(mutex_);
  watches_.erase(watch);
}

int64_t WatchHub::Last() const {
  MutexLock lock(mutex_);
  return last_;
}

bool WatchHub::IsRecording() const {
  MutexLock lock(mutex_);
  return recording_;
}

void WatchHub::Publish(std::shared_ptr<const JobView> view, ChangeKind kind) {
  MutexLock lock(mutex_);
  ++last_;
  if (!recording_ || view == nullptr) {
    complete_after_ = last_;
    return;
  }
  if (!watches_.empty()) {
    unwatched_ = 0;
  } else if (++unwatched_ > backlog_max_) {
    // Who left could find nothing of its time any more.
    recording_ = false;
    backlog_.clear();
    complete_after_ = last_;
    return;
  }
  backlog_.push_back(
      {last_, kind == ChangeKind::kProgress, kind == ChangeKind::kDeletion, std::move(view)});
  if (backlog_.size() <= backlog_max_) return;
  complete_after_ = backlog_.front().sequence;
  backlog_.pop_front();
}

void WatchHub::Deliver() {
  std::vector<std::pair<std::shared_ptr<WatchSink>, JobChange>> due;
  std::vector<std::shared_ptr<WatchSink>> passed;
  int64_t last = 0;
  {
    MutexLock lock(mutex_);
    last = last_;
    for (auto& [id, watch] : watches_) {
      if (watch.after == last) continue;
      passed.push_back(watch.sink);
      const auto first = std::ranges::upper_bound(backlog_, watch.after, {}, &JobChange::sequence);
      for (auto change = first; change != backlog_.end(); ++change) {
        if (change->view->record.name.project == watch.project) {
          due.emplace_back(watch.sink, *change);
        }
      }
      watch.after = last;
    }
  }
  for (const auto& [sink, change] : due) sink->Changed(change);
  for (const auto& sink : passed) sink->Passed(last);
}

}  // namespace dq
