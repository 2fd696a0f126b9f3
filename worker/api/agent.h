// The worker: takes jobs from a scheduler, runs them, reports until every outcome is recorded. One
// loop on the caller's thread decides everything; gRPC's threads and the jobs' threads only tell it
// what happened. The rules are worker/lease's; this carries them out.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/storage/object_store.h"
#include "worker/api/agent_metrics.h"
#include "worker/api/chain_job.h"
#include "worker/api/event_queue.h"
#include "worker/api/job_order.h"
#include "worker/api/noop_timers.h"
#include "worker/api/scheduler_link.h"
#include "worker/lease/lease_set.h"

namespace dq {

// How long a draining worker waits, after it handed back what it could not finish, for the
// scheduler to record the last outcomes.
inline constexpr absl::Duration kDrainLinger = absl::Seconds(10);

// A worker holds at most so many leases a slot, ended ones that are not recorded yet included:
// while a scheduler records nothing, reports stay bounded.
inline constexpr int kLeasesPerSlotMax = 2;

struct AgentOptions {
  std::vector<std::string> schedulers;  // "host:port", at least one.
  std::string instance;                 // Unique per process start.
  std::map<std::string, std::string> labels;
  int32_t slots = 1;
  JobResources resources;     // Of every job.
  std::string child_program;  // Path of dq-worker.
  std::string version;
  std::chrono::milliseconds checkpoint_interval = kCheckpointIntervalDefault;
  absl::Duration drain_linger = kDrainLinger;
};

class Agent {
 public:
  // All references outlive the agent. `random` returns uniform numbers in [0, 1).
  Agent(AgentOptions options, ObjectStore& store, const Clock& clock, AgentMetrics& metrics,
        const std::function<double()>& random);
  // Kills what still runs.
  ~Agent();

  // Works until drained. To be called once.
  void Run();
  // Takes no new jobs from now on; what runs is handed back as soon as it has taken a checkpoint,
  // or finishes; at the end of `grace` all the rest is handed back, and Run() returns. A later call
  // can only shorten the grace. Thread-safe, also before Run().
  void Drain(absl::Duration grace) { events_->Push(DrainAsked{grace}); }
  // Whether a scheduler has welcomed the worker's stream. Thread-safe.
  bool connected() const { return connected_; }

 private:
  void Handle(StreamMessage& event);
  void Handle(StreamEnd& event);
  void Handle(JobProgressed& event);
  void Handle(JobSaved& event);
  void Handle(JobEnded& event);
  void Handle(DrainAsked& event);
  void HandleWelcome(const v1::Welcome& welcome);
  void HandleTurn(const v1::Turn& turn);
  void HandleRevocation(const v1::Revocation& revocation);
  void HandleGrant(const v1::Grant& grant);
  void StartChain(const LeaseKey& lease, ChainOrder order);

  // Does what is due at `now`.
  void Tick(absl::Time now);
  void FenceIfDue(absl::Time now);
  void ReleaseIfDue(absl::Time now);
  void ReportIfDue(absl::Time now);
  int32_t SlotsToOffer() const;
  absl::Time NextDue(absl::Time now) const;
  bool Finished(absl::Time now) const;

  void CarryOut(const std::vector<StopOrder>& orders);
  // Tells the leases that an attempt is over, and counts it.
  EndAnswer End(JobEnded ended);
  v1::Hello MakeHello() const;

  const AgentOptions options_;
  const Clock& clock_;
  AgentMetrics& metrics_;
  const std::shared_ptr<EventQueue> events_;
  const JobSurroundings surroundings_;
  const std::string noop_outcome_;
  LeaseSet leases_;
  NoopTimers noops_;
  std::map<LeaseKey, std::unique_ptr<ChainJob>> jobs_;
  SchedulerLink link_;
  bool draining_ = false;
  absl::Time release_time_ = absl::InfiniteFuture();  // End of the grace, once draining.
  absl::Time exit_time_ = absl::InfiniteFuture();     // End of the linger, once released.
  std::atomic<bool> connected_{false};
};

}  // namespace dq
