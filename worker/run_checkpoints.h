// The checkpoints of `dq-worker run`: their files in the folder that was given, and what is said
// about them. Not thread-safe.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "worker/chain/paced_checkpoints.h"
#include "worker/run_options.h"

namespace dq {

class RunCheckpoints {
 public:
  // Opens the files, or nothing when no folder was given; makes the folder. FILE_MISSING when that
  // is not possible, BAD_FIELD when another run uses it. `stop` outlives this object.
  static absl::StatusOr<std::unique_ptr<RunCheckpoints>> Open(const RunOptions& options,
                                                              const CancelToken& stop);

  // Removes the files when there is no checkpoint in them.
  ~RunCheckpoints();
  RunCheckpoints(const RunCheckpoints&) = delete;
  RunCheckpoints& operator=(const RunCheckpoints&) = delete;

  const CheckpointPlan& plan() const { return plan_; }
  // Whether the chain has begun, at a checkpoint or at its beginning: until then everything is as
  // an earlier run has left it.
  bool begun() const { return begun_; }
  // Whether there is one to go on from.
  bool any() const;
  // Removes the files: they are of no use any more.
  void Remove();

 private:
  RunCheckpoints() = default;

  std::array<std::string, 3> paths_;
  std::array<UniqueFd, 3> files_;
  std::unique_ptr<PacedCheckpoints> control_;
  CheckpointPlan plan_;
  bool begun_ = false;
};

}  // namespace dq
