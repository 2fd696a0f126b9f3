// How the simulation writes leases and events: results and failures of an attempt carry its lease,
// so that whoever reads them later knows whose they are. Stateless.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/job.h"
#include "scheduler/core/state_table.h"
#include "worker/lease/lease_key.h"

namespace dq::sim {

// Of every failure that a worker reports; its message is the lease.
inline constexpr char kFailureReason[] = "DISK_FULL";

inline std::string TextOf(const LeaseId& lease) {
  return lease.job.id + "/" + std::to_string(lease.attempt) + "/" + lease.token;
}
inline std::string ListOf(const std::vector<LeaseId>& leases) {
  std::string text;
  for (const LeaseId& lease : leases) text += " " + TextOf(lease);
  return text;
}
inline LeaseKey KeyOf(const LeaseId& lease) { return {lease.job.id, lease.attempt, lease.token}; }
inline LeaseId IdOf(const LeaseKey& lease) {
  return {{"default", lease.job}, lease.attempt, lease.token};
}
inline std::string Describe(const JobEventRecord& event) {
  return std::string(EventName(event.event)) + " → " + std::string(StateName(event.to)) +
         " attempt " + std::to_string(event.attempt) + " " + event.worker + " by " + event.actor +
         (event.reason.empty() ? "" : " (" + event.reason + ")");
}

}  // namespace dq::sim
