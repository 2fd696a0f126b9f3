// Finds jobs wherever they are: the live ones with progress in the engine's memory, the others in
// the database. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scheduler/api/api_ports.h"

namespace dq {

// Jobs by id.
using JobViews = std::map<std::string, JobView>;

class JobLookup {
 public:
  explicit JobLookup(const ApiPorts& ports) : ports_(ports) {}

  // Finds those of `ids` (at least one) that exist. Calls `done` once, from another thread, where
  // it may not block. RESOURCE_EXHAUSTED (QUEUE_FULL) or the database's error. Memory is asked
  // first: what it does not know any more is recorded as ended. While this replica does not lead,
  // the record alone answers.
  void Find(const std::string& project, std::vector<std::string> ids,
            std::function<void(absl::StatusOr<JobViews>)> done) const;

  // Finds all live jobs of `project`; otherwise like Find().
  void FindLive(const std::string& project,
                std::function<void(absl::StatusOr<JobViews>)> done) const;

  // Replaces the records that changed since, and adds progress. Calls `done` once, possibly from
  // another thread.
  void Overlay(const std::string& project, std::vector<JobRecord> records,
               std::function<void(std::vector<JobView>)> done) const;

 private:
  void FindRecorded(const std::string& project, const std::vector<std::string>& ids, JobViews found,
                    std::function<void(absl::StatusOr<JobViews>)> done) const;

  const ApiPorts& ports_;
};

}  // namespace dq
