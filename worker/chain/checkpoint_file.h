// The files of checkpoints: two slots that are written in turn, and the file of what was learned.
// Knows how a checkpoint is told from anything else, not what is in it. Part of the chain runner.
// Not thread-safe.
//
// A slot holds, all numbers as little-endian 64-bit words: the mark "DQCKPT\n\x1A", the version of
// this form, the sequence, the size of the content, its XXH3 digest (128 bits), XXH3 (64 bits) of
// all that; a word 0; then the content. A section of what was learned has no frame: the content
// names its place and its digest.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/chain/checkpoint.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {

// Counts up when the content of checkpoints changes, so that no other form is taken for it.
inline constexpr uint64_t kCheckpointFormat = 8;

// A range of the file of what was learned.
struct LearnedSection {
  int64_t offset = 0;
  int64_t size_bytes = 0;
  StateDigest digest;
};

class CheckpointFile {
 public:
  explicit CheckpointFile(const CheckpointFiles& files) : files_(files) {}

  // Looks for the newest whole checkpoint, reads its head and returns a reader of its content.
  // CHECKPOINT_INVALID when there is none, and why: none was written, torn, changed, of another
  // version, something else.
  absl::StatusOr<StateReader> OpenNewest();
  // Whether no slot holds anything, so that there is nothing to open.
  bool empty() const;
  // Of the checkpoint that was opened or written last; 0: none.
  int64_t sequence() const { return sequence_; }

  // Writes the next checkpoint into the slot that does not hold the last one, and waits until it
  // and what was learned are on the disk. Returns its size. After an error the slot is empty: what
  // a full disk could take of it is free again for the outputs.
  absl::StatusOr<int64_t> Write(const std::function<absl::Status(StateWriter&)>& put);
  // Appends to what was learned; nothing after an error.
  absl::StatusOr<LearnedSection> Append(const std::function<absl::Status(StateWriter&)>& put);
  // Checks a section and returns a reader of it; later ones are appended behind it.
  absl::StatusOr<StateReader> OpenLearned(const LearnedSection& section);
  // Forgets all checkpoints.
  absl::Status Clear();

 private:
  struct Head;
  absl::StatusOr<Head> CheckSlot(int fd) const;
  absl::StatusOr<int64_t> WriteSlot(int fd, const std::function<absl::Status(StateWriter&)>& put);

  CheckpointFiles files_;
  int64_t sequence_ = 0;
  size_t next_slot_ = 0;
  int64_t learned_bytes_ = 0;
  bool learned_synced_ = true;
};

}  // namespace dq
