// Follows the operations of batches and how these end (I20): an operation is one job, a sequence
// keeps its order, nothing is skipped for an error that never was, and a batch ends as the sum of
// its operations says. Single-threaded.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/history.h"

namespace dq::sim {

class BatchJudge {
 public:
  BatchJudge(const History& history, std::vector<std::string>& findings)
      : history_(history), findings_(findings) {}

  // A batch was created.
  void Follow(const BatchRecord& batch) { seen_[batch.key].record = batch; }
  // Its retry was recorded: it ends anew.
  void Reopened(BatchKey key) { seen_.at(key).has_ended = false; }
  // Its end was recorded.
  void Ended(const BatchRecord& batch, BatchState state);
  // An event of a job was recorded.
  void Heard(const SeenJob& job, const JobEventRecord& event);

  // Whether every batch has ended.
  bool IsDone() const;
  // What is so once all is done.
  void CheckRest();

 private:
  struct Seen {
    BatchRecord record;
    std::map<int32_t, std::string> jobs;  // Of operations, by name.
    bool has_ended = false;
  };
  void HeardCreation(Seen& batch, const SeenJob& job, const JobEventRecord& creation);
  bool HasFailed(const Seen& batch) const;
  void Expect(bool holds, const Seen& batch, const char* invariant);

  const History& history_;
  std::vector<std::string>& findings_;
  std::map<BatchKey, Seen> seen_;
};

}  // namespace dq::sim
