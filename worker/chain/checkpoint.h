// Checkpoints of a running chain: where they are kept, when they are taken, how a chain goes on
// from one. Sits between the chain runner and who starts it (the command line, the sandboxed
// child).
//
// A chain that goes on from a checkpoint gives the outputs, byte for byte, that it would have given
// without the interruption; the report but for seconds, peak and spilled bytes. A checkpoint is
// used only when the code, the options (threads and memory aside), the input and the reference are
// what they were, and when its bytes and those of the outputs up to it are what was written; else
// the chain starts over and says why.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "worker/table/read_options.h"

namespace dq {

// Where checkpoints are kept: open files, readable and writable, owned by the caller. What stages
// have learned is appended to one file; the rest, with the places in that file, is written to the
// two others in turn, so that the last but one is whole while the last one is written.
struct CheckpointFiles {
  int learned_fd = -1;
  std::array<int, 2> slot_fds = {-1, -1};
};

// What they are called in the folder that holds them, in their order.
inline constexpr std::array<const char*, 3> kCheckpointNames = {"checkpoint.learned",
                                                                "checkpoint.a", "checkpoint.b"};

// A checkpoint that is complete and on the disk.
struct SavedCheckpoint {
  int64_t sequence = 0;  // From 1, also across runs.
  double percent = 0;    // How far the chain is there.
  int64_t bytes = 0;     // Of its file.
  double seconds = 0;    // That writing took.
  std::string stage;     // That ran then.
  // SHA-256, lower-case hex, of what must be the same where it is used, besides the bytes of the
  // input.
  std::string fingerprint;
};

// Which checkpoint a chain may go on from. By default any that fits.
struct WantedCheckpoint {
  int64_t sequence_min = 0;
  std::string fingerprint;  // Empty: any.
};

// How a chain begins.
struct ChainStart {
  bool resumed = false;
  int64_t sequence = 0;  // Of the checkpoint.
  double percent = 0;    // Where it goes on; 0 when it starts over.
  std::string reason;    // Why it could not go on from a checkpoint although it should, a sentence.
};

enum class CheckpointCall {
  kGoOn,
  kSave,
  kSaveThenStop,  // The chain ends with INTERRUPTED once it has taken a checkpoint.
  kSaveAndStop,   // The chain ends with INTERRUPTED, with a checkpoint where one can be taken.
};

// When the chain is asked: between two batches, or before a pass in which no checkpoint can be
// taken.
enum class CheckpointChance { kBatch, kLastForAWhile };

// Decides when checkpoints are taken and hears of them. Called by the thread that runs the chain.
class CheckpointControl {
 public:
  virtual ~CheckpointControl() = default;
  // Asked once a batch: returns quickly. Where no checkpoint can be taken kSave means nothing.
  virtual CheckpointCall Decide(CheckpointChance chance) = 0;
  // Whether Decide would say kSaveAndStop: asked in long steps, by any thread.
  virtual bool stop_asked() const = 0;
  virtual void OnStart(const ChainStart& start) = 0;
  virtual void OnSaved(const SavedCheckpoint& saved) = 0;
  // A checkpoint could not be written; the chain goes on without it.
  virtual void OnFailed(const absl::Status& why) = 0;
};

// How a chain uses checkpoints. By default not at all: then nothing is written or asked.
struct CheckpointPlan {
  CheckpointFiles files;
  CheckpointControl* control = nullptr;  // Outlives the chain; null: no checkpoints.
  bool resume =
      false;  // Goes on from the newest checkpoint in `files`; else what they hold is lost.
  WantedCheckpoint wanted = {};
  size_t batch_bytes = kBatchBytesDefault;  // That are read at once; never changes a result.
};

}  // namespace dq
