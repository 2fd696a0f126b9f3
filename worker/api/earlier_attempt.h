// Takes over what an earlier attempt at the same job has left: its checkpoints and the outputs that
// belong to them. Used by the thread of the job; blocks on the disk.
//
// The earlier attempt may still be at work, unaware that its lease is gone. Everything is copied:
// of the outputs and of what was learned bytes are only ever added, so that what a checkpoint names
// stays; a slot that is torn by being written is told by its digest. Slots are copied first, so
// that whatever they name is there. What is wrong with the copy makes the chain start over, no
// more.
#pragma once

#include <string>
#include <vector>

#include "common/storage/object_store.h"
#include "worker/api/job_order.h"

namespace dq {

inline constexpr char kSlotAName[] = "checkpoint.a";
inline constexpr char kSlotBName[] = "checkpoint.b";
inline constexpr char kLearnedName[] = "checkpoint.learned";

// A file of this attempt, open for writing.
struct OwnFile {
  std::string name;
  int fd = -1;
};

// Copies the files of the newest earlier attempt that has a checkpoint into those of the same name,
// in this order. Returns that attempt, 0 when there is none or it cannot be read: then the files
// may hold anything.
int64_t TakeOverEarlierAttempt(ObjectStore& store, const ChainOrder& order,
                               const std::vector<OwnFile>& files);

}  // namespace dq
