#include "worker/stages/complete/dependency/vote_calibration.h"

#include <algorithm>
#include <bit>

namespace dq {
namespace {

constexpr double kEvidence = 8;      // Errors that the most frequent value would have made.
constexpr int64_t kGainPerLoss = 4;  // Tests won by a predictor for each that it loses.
constexpr uint32_t kMissingMax = 4;  // Missing cells of a group for each that is not.

size_t SizeOf(uint32_t total) {
  return std::min<size_t>(static_cast<size_t>(std::bit_width(total)) - 1, 3);
}

size_t ShareOf(uint32_t first, uint32_t total) {
  if (first == total) return 0;
  return 10 * first >= 8 * total ? 1 : 2;
}

bool IsMajority(uint32_t first, uint32_t total) { return 10 * first >= 6 * total; }

}  // namespace

void VoteCalibration::Count(const Test& test, const Target& target) {
  if (!IsMajority(test.first, test.total)) return;
  const bool hit = test.held_out == test.predicted;
  TestOutcomes& kind = kinds_[SizeOf(test.total) * kShares + ShareOf(test.first, test.total)];
  for (TestOutcomes* outcomes : {&all_, &kind}) {
    outcomes->tested += test.times;
    if (hit) outcomes->hits += test.times;
    if (!hit && target.typos && target.counts[test.held_out] == 1) outcomes->typos += test.times;
  }
  const bool usual = test.held_out == target.usual;
  if (hit && !usual) better_ += test.times;
  if (!hit && usual) worse_ += test.times;
}

// All others but one agree at most: IsMajority(times, votes - 1) or not.
int64_t VoteCalibration::VotesMax(int64_t times) { return 10 * times / 6 + 1; }

void VoteCalibration::Add(const VoteGroup& group, const Target& target) {
  const uint32_t total = group.total();
  if (total < 2 || group.votes.empty()) return;
  const VoteGroup::Vote first = group.votes[0];
  const VoteGroup::Vote second = group.votes.size() > 1 ? group.votes[1] : VoteGroup::Vote{};
  const bool tie = first.count == second.count;
  // Without a vote for the first value it is still the first, or the second one is, or they tie.
  if (first.count - 1 > second.count) {
    Count({first.value, first.value, first.count, first.count - 1, total - 1}, target);
  }
  if (tie) Count({first.value, second.value, first.count, second.count, total - 1}, target);
  if (!IsMajority(first.count, total - 1)) return;
  for (size_t i = 1; i < group.votes.size(); ++i) {
    if (tie && i > 1) break;  // Of the first two none is predicted.
    const VoteGroup::Vote& vote = group.votes[i];
    Count({vote.value, first.value, vote.count, first.count, total - 1}, target);
  }
}

bool VoteCalibration::IsDependency(int64_t most_frequent, int64_t rows) const {
  if (all_.tested == 0 || rows == 0) return false;
  const double usual = 1 - static_cast<double>(most_frequent) / static_cast<double>(rows);
  const double misses = all_.Judged() - static_cast<double>(all_.hits);
  const double expected = usual * static_cast<double>(all_.tested);
  return 1 - all_.Share() <= usual / 2 && expected >= kEvidence + 2 * misses;
}

bool VoteCalibration::IsPredictor() const {
  return static_cast<double>(better_) >= kEvidence + 2 * static_cast<double>(worse_) &&
         better_ >= kGainPerLoss * worse_;
}

double VoteCalibration::Confidence(const VoteGroup& group) const {
  const uint32_t total = group.total();
  if (group.votes.empty() || group.missing > kMissingMax * total) return 0;
  const uint32_t first = group.votes[0].count;
  if (!IsMajority(first, total)) return 0;
  const TestOutcomes& kind = kinds_[SizeOf(total) * kShares + ShareOf(first, total)];
  const double share = static_cast<double>(first) / static_cast<double>(total);
  return kind.Sure(all_.Share() * share);
}

}  // namespace dq
