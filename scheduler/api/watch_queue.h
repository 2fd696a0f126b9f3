// What one watch has yet to send: decides what comes next, what is coalesced and what is dropped.
// Pure: told the time, sends nothing itself. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

struct WatchLimits {
  int watches_max = 256;                                       // Then TOO_MANY_WATCHES.
  size_t changes_max = 1024;                                   // Since a snapshot; then a resync.
  absl::Duration progress_interval = absl::Milliseconds(250);  // Least time, per job.
  absl::Duration bookmark_interval = absl::Seconds(10);        // Most time.
};

// The next thing to send.
struct WatchBookmarkAt {
  int64_t sequence = 0;
};
struct WatchResyncOf {
  int64_t dropped = 0;
};
struct WatchDeletionOf {
  JobName job;
};
using WatchItem =
    std::variant<std::shared_ptr<const JobView>, WatchBookmarkAt, WatchResyncOf, WatchDeletionOf>;

class WatchQueue {
 public:
  // Watches the jobs `ids`, or all when empty. `sequence` is the change that came last before the
  // watch. Nothing is sent until the first snapshot is in.
  WatchQueue(std::vector<std::string> ids, int64_t sequence, const WatchLimits& limits,
             absl::Time now);

  // Takes a committed change. States are kept in order; progress is replaced by newer progress of
  // the same job. When too many wait, all are dropped: a resync and a new snapshot are due.
  void Add(const JobChange& change);
  // Every change up to `sequence` was added or is of no interest here.
  void Passed(int64_t sequence) { sequence_newest_ = std::max(sequence_newest_, sequence); }
  // Takes the snapshot that was due: jobs as they are now, and which of the named ones are gone.
  void AddSnapshot(std::vector<JobView> jobs, const std::vector<JobName>& gone = {});
  // Whether a snapshot is to be fetched, once; false from then on until the next is due.
  bool TakeSnapshotDue();
  // Returns what to send now and counts it as sent; nothing when it is not time yet.
  std::optional<WatchItem> Next(absl::Time now);
  // Whether every named job has ended or was deleted, and everything was sent.
  bool IsDone() const;

 private:
  struct Change {
    int64_t sequence = 0;  // 0: of a snapshot.
    std::shared_ptr<const JobView> view;
    bool is_deletion = false;
  };
  struct Progress {
    std::shared_ptr<const JobView> view;  // The newest.
    absl::Time not_before;                // When it may be sent.
  };

  bool Wants(const std::string& id) const { return ids_.empty() || ids_.contains(id); }
  void DropAll();
  std::optional<WatchItem> NextState(absl::Time now);
  std::optional<WatchItem> NextProgress(absl::Time now);
  // Returns what tells that the job is gone; nothing when that was told.
  std::optional<WatchItem> Deletion(const JobName& job);
  // Returns the version of a named job that was sent last; -1 for none.
  int64_t VersionSent(const std::string& id) const;
  void CountAsSent(const JobView& view);

  const WatchLimits limits_;
  const std::set<std::string> ids_;
  std::set<std::string> open_;               // Named and not yet sent as ended or deleted.
  std::map<std::string, int64_t> versions_;  // Sent last, of named jobs.
  std::set<std::string> deleted_;            // Named, and sent as deleted.
  std::deque<Change> states_;
  size_t changes_waiting_ = 0;  // Those of states_ that are of no snapshot.
  std::map<std::string, Progress> progress_;
  std::map<std::string, absl::Time> progress_sent_;
  int64_t sequence_newest_;  // Everything up to here was added.
  int64_t sequence_sent_;    // Everything up to here was sent, while states wait.
  int64_t dropped_ = 0;
  bool resync_due_ = false;
  bool snapshot_due_ = true;
  bool snapshot_awaited_ = true;
  absl::Time bookmark_time_;
};

}  // namespace dq
