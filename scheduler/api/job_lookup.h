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

// Tells that a job was recorded after the engine was asked for it: UNAVAILABLE (JOB_NOT_LOADED).
absl::Status NotLoadedYet(const JobName& name);

class JobLookup {
 public:
  // Answers that wait; the engine's thread handles more itself.
  static constexpr size_t kRepliesMax = 10'000;

  explicit JobLookup(const ApiPorts& ports) : ports_(ports), replies_(1, kRepliesMax) {}

  // Finds those of `ids` (at least one) that exist. Calls `done` once, from a thread that is not
  // the engine's, where it may take its time but not block. RESOURCE_EXHAUSTED (QUEUE_FULL) or the
  // database's error. Memory is asked first, the database for what it does not know: what has ended
  // and what was recorded just now. When memory does not answer, the record alone does.
  void Find(const std::string& project, std::vector<std::string> ids,
            std::function<void(absl::StatusOr<JobViews>)> done) const;

  // Finds the live jobs of `project` that the engine has in memory: all but those that wait far
  // from their turn. Otherwise like Find().
  void FindLive(const std::string& project,
                std::function<void(absl::StatusOr<JobViews>)> done) const;

  // Replaces the records that changed since, adds progress and what waiting jobs wait for. Calls
  // `done` once, like Find().
  void Overlay(std::vector<JobRecord> records,
               std::function<void(std::vector<JobView>)> done) const;

 private:
  using LiveJobs = absl::StatusOr<std::vector<JobView>>;

  // Returns what hands an answer to `take`, off the engine's thread.
  std::function<void(LiveJobs)> TakeLater(std::function<void(LiveJobs&)> take) const;
  // Asks the engine; its answer goes to `take`, off the engine's thread.
  void AskEngine(const std::string& project, std::vector<std::string> ids,
                 std::function<void(LiveJobs&)> take) const;
  void FindRecorded(const std::string& project, const std::vector<std::string>& ids, JobViews found,
                    std::function<void(absl::StatusOr<JobViews>)> done) const;

  const ApiPorts& ports_;
  mutable Executor replies_;  // Translates answers: the engine's thread has better to do.
};

}  // namespace dq
