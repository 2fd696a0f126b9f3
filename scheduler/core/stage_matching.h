// Which worker can run which chain: a worker must offer every stage of it. Chains are interned to
// small numbers, so that the question costs one array look-up. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace dq {

// Names an interned chain; from 0, dense.
using DemandId = int32_t;

// The distinct chains seen so far. Chains are few: combinations of the stages that exist.
class StageDemands {
 public:
  // Returns the number of `stages`, a new one for a chain not seen before.
  DemandId Intern(const std::vector<std::string>& stages);
  // Returns the chain behind a number given out earlier.
  const std::vector<std::string>& StagesOf(DemandId demand) const;
  // Returns how many numbers were given out.
  DemandId size() const { return static_cast<DemandId>(chains_.size()); }

 private:
  std::vector<std::vector<std::string>> chains_;
  absl::flat_hash_map<std::vector<std::string>, DemandId> number_of_;
};

// What one worker can run.
class StageOffer {
 public:
  // `demands` outlives the offer.
  StageOffer(const std::vector<std::string>& stages, const StageDemands& demands)
      : stages_(stages.begin(), stages.end()), demands_(&demands) {}

  // Returns whether every stage of `demand` is offered. Answers are remembered.
  bool Serves(DemandId demand) const;

 private:
  bool OffersAllOf(const std::vector<std::string>& stages) const;

  absl::flat_hash_set<std::string> stages_;
  const StageDemands* demands_;
  mutable std::vector<bool> serves_;  // By demand, as far as asked.
};

}  // namespace dq
