// Takes a batch apart into what is written or refused on its own: an insert, or all that a batch
// says of one recorded job. Pure; stateless and thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "scheduler/core/job_store.h"

namespace dq {

// One insert, or the changes of one recorded job: then its update, its checkpoint or both.
struct BatchPart {
  size_t insert = 0;  // Index in the batch; of an insert only.
  bool is_insert = false;
  JobKey key = 0;
  const JobUpdate* update = nullptr;
  const CheckpointSave* checkpoint = nullptr;
  bool drops_checkpoint = false;
};

// Returns the parts of `batch`, which outlives them; inserts first, in order.
std::vector<BatchPart> PartsOf(const WriteBatch& batch);

// Returns a batch of these parts of `whole` alone, in their order.
WriteBatch BatchOf(const WriteBatch& whole, std::span<const BatchPart> parts);

// Returns whether `batch` changes one of these jobs.
bool Changes(const WriteBatch& batch, std::span<const JobKey> keys);

}  // namespace dq
