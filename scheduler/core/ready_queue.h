// The jobs that could run now, in the order they should. Between projects: weighted fair share, by
// stride scheduling (Waldspurger, Weihl 1995): the project that has had the least for its weight is
// next, and one that was idle has saved nothing up. Inside a project: higher priority first, then
// the older job. A job whose queue, project or concurrency key runs as many as it may is passed
// over. Taking the next job costs the logarithm of what waits and a look at each project that may
// not run one, with its queues; telling a position is logarithmic.
// Every job that waits has its place here, but the records of those far behind may be absent from
// memory: the queue says which ones to load as their turn comes near. Pure; not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "scheduler/core/job.h"
#include "scheduler/core/job_groups.h"
#include "scheduler/core/stage_matching.h"

namespace dq {

// A job that could run now.
struct ReadyJob {
  JobKey key = 0;  // Older jobs have smaller keys.
  int32_t priority = 0;
  DemandId demand = 0;
  JobPlace place;
};

class ReadyQueue {
 public:
  // `groups` outlives the queue and says who may run; a project or queue may become full or free
  // without notice, of a concurrency key KeyChanged() must be told. The records of about
  // `records_max` jobs are wanted in memory, shared among the bins (project, queue and chain).
  ReadyQueue(const JobGroups& groups, int records_max)
      : groups_(&groups), records_max_(static_cast<size_t>(records_max)) {}

  // Adds a job that is not in the queue; its record is in memory.
  void Push(const ReadyJob& job) { Insert(job, false); }
  // Adds one whose record is absent: it keeps its place, and is given out once it is present.
  void PushAbsent(const ReadyJob& job) { Insert(job, true); }
  // Returns whether the job is in the queue and its record is absent.
  bool IsAbsent(const ReadyJob& job) const;
  // The record of such a job came; does nothing to others. Returns whether it was such a job.
  bool MakePresent(const ReadyJob& job);
  // The record of a job in the queue went.
  void MakeAbsent(const ReadyJob& job);
  // Returns whether the record of a job in the queue is worth its memory: it stands near the front.
  bool IsNear(const ReadyJob& job) const;
  // Returns up to `max` absent jobs whose records are wanted next, each time it is called: those
  // near the front that may run as far as concurrency keys go. Most often none.
  std::vector<JobKey> NextToLoad(size_t max);
  bool WantsRecords() const { return !hungry_.empty(); }
  int64_t absent() const { return absent_; }

  // Removes the job, given as it was pushed; returns whether it was there.
  bool Erase(const ReadyJob& job);
  // Takes out the job that is next for a worker with `offer`; nothing when none may run there. The
  // project is charged for it. A project whose next job is absent is passed over.
  std::optional<JobKey> PopFor(const StageOffer& offer);
  // A job of that concurrency key began or ended to run.
  void KeyChanged(GroupId concurrency);
  // Returns how many jobs of the same project and queue go before `job`.
  int64_t CountBefore(const ReadyJob& job) const;
  // Returns how many jobs of the group are in the queue. Looks at the bins, of a concurrency key at
  // its lanes.
  int64_t CountIn(GroupKind kind, GroupId group) const;
  // Calls `look` for the jobs of every project and demand for which `wants` holds whose records are
  // present; returns how many others there are.
  int64_t LookAtPresent(const std::function<bool(GroupId project, DemandId)>& wants,
                        const std::function<void(JobKey)>& look) const;
  // Returns the smallest key in the queue: the job created first.
  std::optional<JobKey> OldestKey() const;
  int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  struct Rank {
    int32_t priority;
    mutable bool absent;  // Says nothing about the order.
    JobKey key;
    friend bool operator==(const Rank& a, const Rank& b) {
      return a.priority == b.priority && a.key == b.key;
    }
  };
  static Rank RankOf(const ReadyJob& job) { return {job.priority, false, job.key}; }
  struct GoesBefore {
    bool operator()(const Rank& a, const Rank& b) const {
      return a.priority != b.priority ? a.priority > b.priority : a.key < b.key;
    }
  };
  using Tree = __gnu_pbds::tree<Rank, __gnu_pbds::null_type, GoesBefore, __gnu_pbds::rb_tree_tag,
                                __gnu_pbds::tree_order_statistics_node_update>;

  struct Bin;
  // The jobs of one bin with one concurrency key and one limit of it.
  struct Lane {
    Bin* bin = nullptr;
    JobPlace place;
    Tree jobs;
    std::optional<Rank> shown;  // Its head among the bin's heads; none while the key is full.
  };
  struct HeadGoesBefore {
    bool operator()(const std::pair<Rank, Lane*>& a, const std::pair<Rank, Lane*>& b) const {
      return GoesBefore()(a.first, b.first);
    }
  };
  // The jobs of a project with one queue and one chain.
  struct Bin {
    GroupId queue = kNoGroup;
    DemandId demand = 0;
    Tree plain;  // Without a concurrency key.
    Tree keyed;  // With one: for positions.
    absl::flat_hash_map<std::pair<GroupId, int32_t>, std::unique_ptr<Lane>> lanes;
    absl::btree_set<std::pair<Rank, Lane*>, HeadGoesBefore> heads;
    size_t present = 0;
    size_t absent = 0;
    bool hungry = false;  // Stands in the queue's line for records.

    // Returns the first job that may run as far as keys go.
    std::optional<Rank> First() const;
  };
  // What a project waits for, and how much it has had: its pass grows with every job it is given.
  struct Share {
    GroupId project = kNoGroup;
    int64_t pass = 0;
    int64_t size = 0;
    std::vector<std::unique_ptr<Bin>> bins;
  };

  void Insert(const ReadyJob& job, bool absent);
  // Returns the place of a job that holds whether it is absent; null when it is not in the queue.
  const Rank* PlaceOf(const Bin& bin, const ReadyJob& job) const;
  // How many records of a bin are wanted.
  size_t Window() const { return std::max(records_max_ / std::max(bins_, size_t{1}), size_t{1}); }
  void AskIfLow(Bin& bin);
  void Ask(Bin& bin);
  // Appends absent jobs of a tree until there are `end`; looks at the first `look_max`.
  static void ListAbsent(const Tree& tree, size_t look_max, size_t end, std::vector<JobKey>& keys);
  // Appends those whose records a bin wants, up to `max` in all; returns whether there was room.
  bool ListWanted(const Bin& bin, size_t max, std::vector<JobKey>& keys) const;
  Bin& BinOf(Share& share, const ReadyJob& job);
  Bin* FindBin(const ReadyJob& job) const;
  Lane& LaneOf(Bin& bin, const JobPlace& place);
  void ShowHead(Lane& lane);
  // A bin that becomes empty is gone afterwards.
  void Drop(Share& share, Bin& bin);
  bool Remove(Share& share, Bin& bin, const ReadyJob& job);
  bool RemoveKeyed(Bin& bin, const ReadyJob& job);
  std::pair<Bin*, Rank> BestOf(const Share& share, const StageOffer& offer) const;
  JobKey Take(Share& share, Bin& bin, const Rank& rank);
  static void FindOldest(const Tree& tree, std::optional<JobKey>& oldest);

  const JobGroups* groups_;
  absl::flat_hash_map<GroupId, Share> shares_;
  absl::btree_set<std::pair<int64_t, GroupId>> line_;  // Projects that wait, by pass.
  absl::flat_hash_map<GroupId, std::vector<Lane*>> lanes_of_key_;
  int64_t pass_now_ = 0;  // Of the project served last.
  int64_t size_ = 0;
  size_t records_max_;
  size_t bins_ = 0;
  int64_t absent_ = 0;
  std::deque<Bin*> hungry_;  // Bins that want records, in the order they asked.
};

}  // namespace dq
