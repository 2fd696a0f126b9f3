#include "scheduler/store/batch_parts.h"

#include <algorithm>
#include <map>

namespace dq {

std::vector<BatchPart> PartsOf(const WriteBatch& batch) {
  std::vector<BatchPart> parts;
  for (size_t i = 0; i < batch.inserts.size(); ++i) {
    parts.push_back({.insert = i, .is_insert = true, .key = batch.inserts[i].record.key});
  }
  std::map<JobKey, BatchPart> changed;
  for (const JobUpdate& update : batch.updates) changed[update.key].update = &update;
  for (const CheckpointSave& save : batch.checkpoints) changed[save.key].checkpoint = &save;
  for (const JobKey key : batch.dropped_checkpoints) changed[key].drops_checkpoint = true;
  for (auto& [key, part] : changed) {
    part.key = key;
    parts.push_back(part);
  }
  return parts;
}

WriteBatch BatchOf(const WriteBatch& whole, std::span<const BatchPart> parts) {
  WriteBatch batch;
  batch.epoch = whole.epoch;
  batch.sequence = whole.sequence;
  batch.now = whole.now;
  batch.announced_projects = whole.announced_projects;
  for (const BatchPart& part : parts) {
    if (part.is_insert) batch.inserts.push_back(whole.inserts[part.insert]);
    if (part.update != nullptr) batch.updates.push_back(*part.update);
    if (part.checkpoint != nullptr) batch.checkpoints.push_back(*part.checkpoint);
    if (part.drops_checkpoint) batch.dropped_checkpoints.push_back(part.key);
  }
  return batch;
}

bool Changes(const WriteBatch& batch, std::span<const JobKey> keys) {
  const auto is_one = [keys](const auto& row) { return std::ranges::count(keys, row.key) > 0; };
  return std::ranges::any_of(batch.updates, is_one) ||
         std::ranges::any_of(batch.checkpoints, is_one);
}

}  // namespace dq
