// The jobs that could run now, in the order they should: higher priority first, then the older one.
// One ordered tree with order statistics for each distinct chain, so that taking the next job a
// worker can run and telling a job's position are logarithmic. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <optional>
#include <vector>

#include "scheduler/core/job.h"
#include "scheduler/core/stage_matching.h"

namespace dq {

// A job that could run now.
struct ReadyJob {
  JobKey key = 0;  // Older jobs have smaller keys.
  int32_t priority = 0;
  DemandId demand = 0;
};

class ReadyQueue {
 public:
  // Adds a job that is not in the queue.
  void Push(const ReadyJob& job);
  // Removes the job, given as it was pushed; returns whether it was there.
  bool Erase(const ReadyJob& job);
  // Takes out the first job that `offer` serves; nothing when there is none.
  std::optional<JobKey> PopFor(const StageOffer& offer);
  // Returns how many jobs go before `job`, whatever their chain.
  int64_t CountBefore(const ReadyJob& job) const;
  // Returns the smallest key in the queue: the job created first.
  std::optional<JobKey> OldestKey() const;
  int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  struct Rank {
    int32_t priority;
    JobKey key;
  };
  struct GoesBefore {
    bool operator()(const Rank& a, const Rank& b) const {
      return a.priority != b.priority ? a.priority > b.priority : a.key < b.key;
    }
  };
  using Tree = __gnu_pbds::tree<Rank, __gnu_pbds::null_type, GoesBefore, __gnu_pbds::rb_tree_tag,
                                __gnu_pbds::tree_order_statistics_node_update>;

  std::vector<Tree> by_demand_;
  int64_t size_ = 0;
};

}  // namespace dq
