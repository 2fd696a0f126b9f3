// How the simulation writes checkpoints: each says whose it is, what it is good for, and its
// number, so that whoever reads it later can tell. Stateless.
#pragma once

#include <memory>
#include <string>

#include "scheduler/core/job.h"
#include "tests/scheduler/simulation/lease_text.h"
#include "tests/support/fake_store.h"

namespace dq::sim {

// A checkpoint of the attempt under `lease` at the job that is granted as `payload`.
inline std::string CheckpointText(const LeaseId& lease, const std::string& payload,
                                  int64_t sequence) {
  return TextOf(lease) + " of " + payload + " #" + std::to_string(sequence);
}
// Such a checkpoint that the database will not take.
inline constexpr char kBadMark = '!';
inline int64_t SequenceOf(const std::string& checkpoint) {
  return std::stoll(checkpoint.substr(checkpoint.rfind('#') + 1));
}
// What it is good for.
inline std::string PayloadOf(const std::string& checkpoint) {
  const size_t begin = checkpoint.find(" of ") + 4;
  return checkpoint.substr(begin, checkpoint.rfind(" #") - begin);
}
inline std::string OwnerOf(const std::string& checkpoint) {
  return checkpoint.substr(0, checkpoint.find(" of "));
}
// As it travels in a report; null for an empty text.
inline std::shared_ptr<const JobCheckpoint> ReportedCheckpoint(const std::string& text) {
  if (text.empty()) return nullptr;
  JobCheckpoint checkpoint;
  checkpoint.sequence = SequenceOf(text);
  if (text.back() == kBadMark) checkpoint.stage = kUnrecordable;
  checkpoint.place = text;
  return std::make_shared<const JobCheckpoint>(checkpoint);
}

}  // namespace dq::sim
