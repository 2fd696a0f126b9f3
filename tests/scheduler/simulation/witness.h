// Hears everything the scheduler tells clients, watchers and workers, at the moment it is told, and
// compares it with what is durable then: nobody is told what is not recorded. Single-threaded.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/engine/scheduler.h"
#include "tests/scheduler/simulation/history.h"

namespace dq::sim {

class Witness {
 public:
  Witness(Timeline& time, History& history, LeaseSigns& signs, std::vector<std::string>& findings)
      : time_(time), history_(history), signs_(signs), findings_(findings) {}

  // A submit with that request id was acknowledged.
  void Acknowledged(const std::string& request, const SubmitResult& result);
  // It was refused for good.
  void Refused(const std::string& request);
  // A cancel was acknowledged.
  void Cancelled(const JobView& view);
  // Something was told of a job.
  // A watcher was told that a job is deleted.
  void DeletionTold(const JobName& name);
  void Told(const JobView& view);
  // The leader of `epoch` told a worker.
  void Welcomed(int64_t epoch, const WorkerWelcome& welcome);
  void Turned(int64_t epoch, const WorkerTurn& turn);
  void Found(const std::string& finding);

  // I1: every acknowledged job is there; and ended, if all had the time to.
  void CheckAcknowledged(bool ended);

 private:
  void CheckGrant(const WorkerGrant& grant);
  void CheckGone(int64_t epoch, const LeaseId& lease, const char* invariant);
  void CheckRevocation(int64_t epoch, const WorkerRevocation& revocation);

  Timeline& time_;
  History& history_;
  LeaseSigns& signs_;
  std::vector<std::string>& findings_;
  std::map<std::string, std::string> uid_of_request_;
  std::map<std::string, std::string> job_of_request_;
  std::vector<std::string> refused_;  // Requests.
};

}  // namespace dq::sim
