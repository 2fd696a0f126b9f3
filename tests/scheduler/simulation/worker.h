// A worker process of the simulation: the product's leases, fence, pacer and reconnect policy, put
// together as worker/api/agent.cc does it, with attempts that only take time. Single-threaded.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/replica.h"
#include "worker/lease/lease_set.h"
#include "worker/lease/reconnect_policy.h"
#include "worker/lease/report_pacer.h"
#include "worker/lease/self_fence.h"

namespace dq::sim {

class Worker {
 public:
  // `replicas` outlive it. Takes `slots` attempts at once.
  Worker(Timeline& time, std::vector<Replica*> replicas, Witness& witness, const std::string& name,
         int32_t slots);

  Process& process() { return process_; }
  void Start();
  void Die();
  // SIGTERM: finishes what ends within a moment, hands back the rest, dies.
  void Drain();
  // Its stream, if it has one, breaks or falls silent.
  void BreakStream();
  void StallStream(Direction direction, absl::Duration length);
  // What arrives on a stream, or that it ended; ignored unless it is the newest one.
  void Welcomed(const Stream* stream, const WorkerWelcome& welcome);
  void Turned(const Stream* stream, const WorkerTurn& turn);
  void Ended(const Stream* stream);
  // From now on attempts are short and do not fail.
  void CalmDown() { calm_ = true; }

  // For as long as this is so, a job need not wait for a slot.
  bool HasFreeSlot() const;
  // Whether it runs an attempt under this lease that it has not been told, nor decided, to stop.
  bool Runs(const LeaseId& lease) const;

 private:
  // What an attempt will be, decided when it starts.
  struct Attempt {
    std::string outcome;
    std::string payload;          // What it works on.
    int64_t checkpoint_sequence;  // Of its newest one, or of that it goes on from.
    bool stopping = false;
  };
  // All that a process forgets when it dies.
  struct Memory {
    Memory(int32_t slots, std::vector<std::string> addresses, const std::function<double()>& random)
        : leases(slots), pacer(random), policy(std::move(addresses), random) {}
    LeaseSet leases;
    SelfFence fence;
    ReportPacer pacer;
    ReconnectPolicy policy;
    std::map<LeaseKey, Attempt> attempts;
    std::shared_ptr<Stream> stream;
    std::shared_ptr<SessionId> session;  // Filled in at the scheduler's end.
    Replica* replica = nullptr;          // At the other end of the stream.
    bool up = false;
    bool worked = false;
    absl::Time try_time = absl::InfinitePast();
    absl::Time next_tick = absl::InfiniteFuture();
    bool draining = false;
    absl::Time release_time = absl::InfiniteFuture();
    absl::Time exit_time = absl::InfiniteFuture();
  };

  absl::Time Now() const { return process_.time().Now(); }
  std::string Instance() const;

  void AttemptEnds(const LeaseKey& lease);
  // An attempt takes a checkpoint now and then.
  void SaveLater(const LeaseKey& lease);
  void Save(const LeaseKey& lease);
  // Returns the number of the checkpoint that a grant goes on from; 0: none.
  int64_t GoOnFrom(const WorkerGrant& grant);

  void Tick();
  bool IsDone() const;
  void PlanTick();
  void FenceIfDue();
  void ReleaseIfDue();
  void ConnectIfDue();
  void Connect();
  void ReportIfDue();
  WorkerReport MakeReport();
  void Abandon();
  void Move();
  void Accept(const WorkerGrant& grant);
  void CarryOut(const std::vector<StopOrder>& orders);

  Process process_;
  const std::vector<Replica*> replicas_;
  Witness& witness_;
  const int32_t slots_;
  bool calm_ = false;
  std::optional<Memory> memory_;
};

}  // namespace dq::sim
