// What leaders told and heard of leases, by which a loss is judged: when a lease may end at the
// earliest. Times are true ones. Single-threaded.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "scheduler/core/job.h"

namespace dq::sim {

struct LeaseBounds {
  absl::Duration ttl;
  absl::Duration broken_stream_ttl;
};

// A lease as the leader of `epoch` took it from `worker`.
struct TakenLease {
  int64_t epoch = 0;
  LeaseId lease;
  std::string worker;
  absl::Time granted;
  absl::Time taken;  // When that was decided, long before it was durable perhaps.
};

class LeaseSigns {
 public:
  explicit LeaseSigns(const LeaseBounds& bounds) : bounds_(bounds) {}

  // The leader of `epoch` loaded its jobs, took in a report or Hello that names the lease, took
  // note that a worker's stream ended, told a worker of a grant.
  void TookOver(int64_t epoch, absl::Time time) { takeovers_[epoch] = time; }
  void Heard(int64_t epoch, const LeaseId& lease, absl::Time time) {
    heard_[{epoch, lease}].insert(time);
  }
  void StreamEnded(int64_t epoch, const std::string& worker, absl::Time time) {
    ends_[{epoch, worker}].insert(time);
  }
  void Told(const LeaseId& lease) { told_.insert(lease); }
  // The wall clock of the leader of `epoch` is so far ahead from `time` on.
  void ClockSet(int64_t epoch, absl::Time time, absl::Duration ahead) {
    clocks_[epoch][time] = ahead;
  }
  // The leader of `epoch` went on at `time` after it had stood still.
  void StoodStill(int64_t epoch, absl::Time time) { standstills_[epoch].insert(time); }
  // What a worker's newest report listed.
  void Reported(int64_t epoch, const std::string& worker, std::set<LeaseId> leases) {
    reported_[{epoch, worker}] = std::move(leases);
  }

  bool WasTold(const LeaseId& lease) const { return told_.contains(lease); }
  bool IsReported(int64_t epoch, const std::string& worker, const LeaseId& lease) const {
    const auto report = reported_.find({epoch, worker});
    return report != reported_.end() && report->second.contains(lease);
  }
  // Returns the earliest time at which the lease could be taken.
  absl::Time MayEndAfter(const TakenLease& taken) const;
  // Returns the latest time at which a leader that does not stand still takes it.
  absl::Time MustEndBy(const TakenLease& taken) const;
  // Returns when, until `now`, the wall clock of the leader of `epoch` showed `wall`, oldest first:
  // more than once when it was set back.
  std::vector<absl::Time> TrueTimes(int64_t epoch, absl::Time wall, absl::Time now) const;
  // Returns when the leader of `epoch` last went on by `time` after it had stood still.
  absl::Time StandstillBefore(int64_t epoch, absl::Time time) const;
  // Returns whether it was taken because its worker, heard of before, fell silent: no stream ended,
  // and no other leader heard of it since. (One of the past that cannot reach the database goes on
  // answering; a grant that was long on its way may arrive when it is over.)
  bool IsSilence(const TakenLease& taken) const;

 private:
  absl::Time LastSign(const TakenLease& taken) const;

  const LeaseBounds bounds_;
  std::map<int64_t, absl::Time> takeovers_;
  std::map<std::pair<int64_t, LeaseId>, std::set<absl::Time>> heard_;
  std::map<std::pair<int64_t, std::string>, std::set<absl::Time>> ends_;
  std::map<std::pair<int64_t, std::string>, std::set<LeaseId>> reported_;
  std::set<LeaseId> told_;
  std::map<int64_t, std::map<absl::Time, absl::Duration>> clocks_;
  std::map<int64_t, std::set<absl::Time>> standstills_;
};

}  // namespace dq::sim
