#include "scheduler/api/watch_queue.h"

#include <algorithm>
#include <utility>

namespace dq {

WatchQueue::WatchQueue(std::vector<std::string> ids, int64_t sequence, const WatchLimits& limits,
                       absl::Time now)
    : limits_(limits),
      ids_(ids.begin(), ids.end()),
      open_(ids_),
      sequence_newest_(sequence),
      sequence_sent_(sequence),
      bookmark_time_(now) {}

void WatchQueue::Add(const JobChange& change) {
  sequence_newest_ = std::max(sequence_newest_, change.sequence);
  const std::string& id = change.view->record.name.id;
  if (!Wants(id)) return;
  if (resync_due_) {
    ++dropped_;
    return;
  }
  if (change.progress_only) {
    if (progress_.size() >= limits_.changes_max && !progress_.contains(id)) return;
    const auto sent = progress_sent_.find(id);
    progress_[id] = {change.view, sent == progress_sent_.end()
                                      ? absl::InfinitePast()
                                      : sent->second + limits_.progress_interval};
    return;
  }
  progress_.erase(id);
  states_.push_back({change.sequence, change.view, change.is_deletion});
  // The jobs of a snapshot do not count: a large one would be dropped for ever.
  if (++changes_waiting_ > limits_.changes_max) DropAll();
}

void WatchQueue::DropAll() {
  dropped_ += static_cast<int64_t>(states_.size());
  states_.clear();
  changes_waiting_ = 0;
  progress_.clear();
  versions_.clear();
  resync_due_ = true;
}

void WatchQueue::AddSnapshot(std::vector<JobView> jobs, const std::vector<JobName>& gone) {
  snapshot_awaited_ = false;
  std::deque<Change> first;
  for (JobView& job : jobs) {
    first.push_back({0, std::make_shared<const JobView>(std::move(job)), false});
  }
  for (const JobName& name : gone) {
    auto view = std::make_shared<JobView>();
    view->record.name = name;
    first.push_back({0, std::move(view), true});
  }
  states_.insert(states_.begin(), first.begin(), first.end());
}

bool WatchQueue::TakeSnapshotDue() { return std::exchange(snapshot_due_, false); }

std::optional<WatchItem> WatchQueue::Next(absl::Time now) {
  if (resync_due_) {
    resync_due_ = false;
    snapshot_due_ = !snapshot_awaited_;
    snapshot_awaited_ = true;
    return WatchResyncOf{std::exchange(dropped_, 0)};
  }
  if (snapshot_awaited_) return std::nullopt;
  if (auto state = NextState(now)) return state;
  if (auto progress = NextProgress(now)) return progress;
  if (now - bookmark_time_ < limits_.bookmark_interval) return std::nullopt;
  bookmark_time_ = now;
  return WatchBookmarkAt{sequence_sent_};
}

std::optional<WatchItem> WatchQueue::NextState(absl::Time now) {
  while (!states_.empty()) {
    const Change next = std::move(states_.front());
    states_.pop_front();
    if (next.sequence != 0) --changes_waiting_;
    sequence_sent_ = std::max(sequence_sent_, next.sequence);
    const JobRecord& record = next.view->record;
    if (next.is_deletion) {
      if (auto deletion = Deletion(record.name)) return deletion;
      continue;
    }
    if (record.status.version <= VersionSent(record.name.id)) continue;
    CountAsSent(*next.view);
    progress_sent_[record.name.id] = now;
    if (IsTerminal(record.status.state)) progress_sent_.erase(record.name.id);
    return next.view;
  }
  sequence_sent_ = sequence_newest_;
  return std::nullopt;
}

std::optional<WatchItem> WatchQueue::Deletion(const JobName& job) {
  progress_sent_.erase(job.id);
  // Another job of the name begins with version 1. Of a named job a resync may bring it again.
  const bool was_told = ids_.contains(job.id) && !deleted_.insert(job.id).second;
  versions_.erase(job.id);
  open_.erase(job.id);
  if (was_told) return std::nullopt;
  return WatchDeletionOf{job};
}

std::optional<WatchItem> WatchQueue::NextProgress(absl::Time now) {
  for (auto it = progress_.begin(); it != progress_.end();) {
    if (it->second.not_before > now) {
      ++it;
      continue;
    }
    const std::string id = it->first;
    const std::shared_ptr<const JobView> view = it->second.view;
    it = progress_.erase(it);
    if (VersionSent(id) > view->record.status.version) continue;
    progress_sent_[id] = now;
    return view;
  }
  return std::nullopt;
}

int64_t WatchQueue::VersionSent(const std::string& id) const {
  const auto sent = versions_.find(id);
  return sent == versions_.end() ? -1 : sent->second;
}

void WatchQueue::CountAsSent(const JobView& view) {
  const std::string& id = view.record.name.id;
  if (!ids_.contains(id)) return;
  versions_[id] = view.record.status.version;
  deleted_.erase(id);
  if (IsTerminal(view.record.status.state)) open_.erase(id);
}

bool WatchQueue::IsDone() const {
  return !ids_.empty() && open_.empty() && states_.empty() && !resync_due_ && !snapshot_awaited_;
}

}  // namespace dq
