// Takes over what an earlier attempt at the same job has left: its checkpoints and the outputs that
// belong to them. Used by the thread of the job; blocks on the disk.
//
// The earlier attempt may still be at work, unaware that its lease is gone: it adds to its files,
// and cuts them when it starts over or goes back to a checkpoint of its own; and its folder may be
// removed. So everything is opened first and copied then, slots before the rest, so that whatever
// they name is there. What is torn by being written meanwhile, or was cut, is told by its digest,
// as the checkpoint holds those of what was learned and of the outputs; what was cut and written
// again is the same, as any run of a job writes the same bytes. What is wrong with the copy makes
// the chain start over, no more.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/storage/object_store.h"

namespace dq {

// A file of this attempt, open for writing.
struct OwnFile {
  std::string name;
  int fd = -1;
};

// Copies the files of the unfinished attempt `directory` beneath `prefix_uri` into those of the
// same name, in this order. Errors of ObjectStore::OpenUnfinished(), IO_ERROR, DISK_FULL; CANCELLED
// once `stopped` says so, which is asked every few megabytes: then the files may hold anything.
absl::Status TakeOverEarlierAttempt(ObjectStore& store, const std::string& prefix_uri,
                                    const std::string& directory, const std::vector<OwnFile>& files,
                                    const std::function<bool()>& stopped);

}  // namespace dq
