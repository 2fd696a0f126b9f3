// A whole scheduler with its database, workers and clients, living as one seed decides: first among
// faults of every kind, then undisturbed until all is done. Single-threaded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/client.h"
#include "tests/scheduler/simulation/worker.h"

namespace dq::sim {

class World {
 public:
  explicit World(uint64_t seed);
  void SetTracing(bool tracing) { time_.SetTracing(tracing); }

  // Lives to the end, or to the first finding. Returns what was wrong.
  const std::vector<std::string>& Live();
  // How many leases were granted.
  int64_t grants() const;

 private:
  static SchedulerOptions DrawOptions(Timeline& time);
  void Furnish(uint64_t seed);
  HistoryBounds DrawBounds();
  std::vector<Replica*> Replicas();

  // Disturbances; each heals by itself.
  void DisturbLater();
  void Disturb();
  void DisturbReplica(Replica& replica);
  void DisturbWorker(Worker& worker);
  void DisturbDatabase();
  void Strike(Process& process);
  // The database alone is away, for minutes. False once something was found.
  bool LiveThroughLongOutage();
  void CalmDown();

  // Lives on for so long; false once something was found.
  bool LiveFor(absl::Duration length);
  bool IsDone() const;
  const Replica* Leader() const;  // Of the newest epoch; null when nobody leads it.
  void WatchSlots();
  bool MayRun(const SeenJob& job) const;
  void CheckRest();

  Timeline time_;
  const SchedulerOptions options_;
  std::vector<std::string> findings_;
  FakeStore store_{time_};
  LeaseSigns signs_;
  const HistoryBounds bounds_;
  History history_;
  Witness witness_;
  Database database_;
  std::unique_ptr<Errands> errands_;  // In some lives.
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Client>> clients_;
  bool calm_ = false;
  bool long_outage_ = false;
  // Jobs that waited beside a free slot a moment ago, by version.
  std::map<std::string, int64_t> waiting_;
};

}  // namespace dq::sim
