// What jobs share: a project, a queue, a concurrency key. Counts how many jobs of each run and says
// which may not start another. The counts are derived from leases: Started() at every grant,
// Ended() when the lease ends, so they cannot leak. Names are interned to small numbers;
// concurrency keys are forgotten with their last job. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "scheduler/core/job.h"

namespace dq {

// Names a group; dense, used again once forgotten.
using GroupId = int32_t;
inline constexpr GroupId kNoGroup = -1;

// The groups of one job.
struct JobPlace {
  GroupId project = kNoGroup;
  GroupId queue = kNoGroup;
  GroupId concurrency = kNoGroup;  // None for a job without a key.
  int32_t concurrency_max = kUnlimited;
};

class JobGroups {
 public:
  // Returns the groups of `jobs` alike that live from now on.
  JobPlace Join(const std::string& project, const JobRules& rules, int64_t jobs = 1);
  // Returns the groups of a job that has joined already.
  JobPlace PlaceOf(const std::string& project, const JobRules& rules) {
    return Join(project, rules, 0);
  }
  // The job lives no more.
  void Leave(const JobPlace& place);
  // Returns how many jobs of the group live.
  int64_t MembersOf(GroupId group) const { return At(group).members; }
  // Returns whether project and queue may have as many live jobs as they have, `place` included.
  bool HasRoom(const JobPlace& place) const {
    return At(place.project).members <= At(place.project).limit.live_max &&
           At(place.queue).members <= At(place.queue).limit.live_max;
  }

  // A lease on a job of that place began, or ended.
  void Started(const JobPlace& place);
  void Ended(const JobPlace& place);
  int64_t RunningIn(GroupId group) const { return At(group).running; }

  // Replaces the limits of a project or a queue, also of one that no job has joined yet, and
  // returns its group.
  GroupId SetLimit(const GroupLimit& limit);
  // Returns what limits a project or queue, the defaults when nothing was set; of a concurrency key
  // what its newest job says.
  const GroupLimit& LimitOf(GroupId group) const { return At(group).limit; }
  // Returns the first `limit` projects or queues that have a limit or ever had a job, or
  // concurrency keys with a live job, whose names come after `after`, by name. Looks at all groups.
  std::vector<GroupId> List(GroupKind kind, const std::string& after, size_t limit) const;
  const std::string& NameOf(GroupId group) const { return At(group).limit.name; }
  int32_t WeightOf(GroupId project) const { return At(project).limit.weight; }

  // Returns whether a project or queue runs as many jobs as it may.
  bool IsFull(GroupId group) const { return At(group).running >= At(group).limit.running_max; }
  // Returns whether a job of `place` may not start because of its concurrency key.
  bool IsKeyFull(const JobPlace& place) const {
    return place.concurrency != kNoGroup && At(place.concurrency).running >= place.concurrency_max;
  }
  // Returns why a ready job of `place` may not start; kNone when it may.
  WaitReason Blocks(const JobPlace& place) const;

 private:
  struct Group {
    GroupLimit limit;
    int64_t members = 0;
    int64_t running = 0;
  };

  const Group& At(GroupId group) const { return groups_[static_cast<size_t>(group)]; }
  Group& At(GroupId group) { return groups_[static_cast<size_t>(group)]; }
  GroupId FindOrAdd(GroupKind kind, const std::string& name);

  std::vector<Group> groups_;
  std::vector<GroupId> unused_;
  absl::flat_hash_map<std::pair<GroupKind, std::string>, GroupId> id_of_;
};

}  // namespace dq
