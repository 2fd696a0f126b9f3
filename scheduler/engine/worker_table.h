// The workers the cell knows: connected ones with their stream and credits, and absent ones that
// still hold leases. A lease belongs to a worker process, not to a stream, so a reconnect moves
// nothing. Single-threaded: owned by the cell.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "scheduler/core/lease_table.h"
#include "scheduler/core/stage_matching.h"
#include "scheduler/engine/instant.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

struct Worker {
  Worker(WorkerId worker_id, const StageDemands& demands) : id(worker_id), offer({}, demands) {}

  WorkerId id = 0;
  WorkerHello hello;  // Only `instance` while it never connected.
  StageOffer offer;

  SessionId session = 0;  // 0: no stream.
  std::shared_ptr<WorkerSink> sink;
  absl::Time connect_time;
  absl::Time last_report_time;
  absl::Time heard;           // When it connected or reported last, on the boot clock.
  bool draining = false;      // It says so itself.
  bool drained = false;       // An operator says so; set on every stream anew.
  bool has_reported = false;  // On this stream.
  int64_t received = 0;       // Sequence of the newest report.
  int64_t answered = 0;       // Sequence of the newest report that was answered.

  // Jobs it may be given now. The worker's own count of free slots, less what is on its way.
  int32_t credits = 0;
  int32_t unseen = 0;    // Leases granted on this stream that no report has listed yet.
  bool in_line = false;  // Whether it stands in WorkerTable's line for jobs.

  // Whether it takes jobs when it has slots for them.
  bool IsInService() const { return session != 0 && !draining && !drained; }
  bool CanTakeJob() const { return IsInService() && credits > 0; }
};

class WorkerTable {
 public:
  explicit WorkerTable(const StageDemands& demands) : demands_(demands) {}

  // Returns the worker of that process, a new one without a stream when it is unknown.
  Worker& FindOrAdd(const std::string& instance);
  // Return null for an unknown one.
  Worker* Find(WorkerId id);
  Worker* FindBySession(SessionId session);
  // Returns one that is there.
  const Worker& Get(WorkerId id) const { return *by_id_.at(id); }
  Worker* FindByInstance(const std::string& instance) const;

  // Gives `worker` a new stream; the earlier one is forgotten, not closed.
  void Connect(Worker& worker, SessionId session, WorkerHello hello,
               std::shared_ptr<WorkerSink> sink, const Instant& now);
  // Takes its stream away.
  void Disconnect(Worker& worker);
  void Erase(WorkerId id);
  void Clear();

  // Puts a worker that can take a job into the line; does nothing when it stands there.
  void Enqueue(Worker& worker);
  // Takes the first worker out of the line that can take a job; null when there is none. One that
  // was not heard since `heard_since` leaves the line until it reports again.
  Worker* Dequeue(absl::Time heard_since);
  size_t LineLength() const { return line_.size(); }

  // How many workers are connected, and the slots they have together.
  int64_t connected() const { return static_cast<int64_t>(id_of_session_.size()); }
  int64_t slots() const { return slots_; }
  // Returns the connected workers that were not heard since `heard_since`, and when the longest
  // silence of all others began (InfiniteFuture: there are none).
  std::pair<std::vector<Worker*>, absl::Time> Silent(absl::Time heard_since) const;
  // Returns the connected workers by instance.
  std::vector<const Worker*> Connected() const;
  // Returns whether a worker in service offers all stages of `demand`. Looks at all workers.
  bool AnyServes(DemandId demand) const;

 private:
  const StageDemands& demands_;
  WorkerId next_id_ = 1;
  absl::flat_hash_map<WorkerId, std::unique_ptr<Worker>> by_id_;
  absl::flat_hash_map<std::string, WorkerId> id_of_instance_;
  absl::flat_hash_map<SessionId, WorkerId> id_of_session_;
  std::deque<WorkerId> line_;
  int64_t slots_ = 0;
};

}  // namespace dq
