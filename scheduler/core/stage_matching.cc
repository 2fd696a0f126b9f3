#include "scheduler/core/stage_matching.h"

#include <algorithm>

namespace dq {

DemandId StageDemands::Intern(const std::vector<std::string>& stages) {
  const auto [entry, is_new] = number_of_.try_emplace(stages, size());
  if (is_new) chains_.push_back(stages);
  return entry->second;
}

const std::vector<std::string>& StageDemands::StagesOf(DemandId demand) const {
  return chains_[static_cast<size_t>(demand)];
}

bool StageOffer::Serves(DemandId demand) const {
  while (std::ssize(serves_) <= demand) {
    serves_.push_back(OffersAllOf(demands_->StagesOf(static_cast<DemandId>(serves_.size()))));
  }
  return serves_[static_cast<size_t>(demand)];
}

bool StageOffer::OffersAllOf(const std::vector<std::string>& stages) const {
  return std::ranges::all_of(stages,
                             [this](const std::string& stage) { return stages_.contains(stage); });
}

}  // namespace dq
