#include "worker/stages/complete/vote_calibration.h"

#include <algorithm>
#include <bit>

namespace dq {
namespace {

constexpr double kPriorTests = 4;    // A kind of prediction counts by itself after some tests.
constexpr double kTyposMax = 0.25;   // Of the tests: more are no typos.
constexpr double kEvidence = 8;      // Errors that the most frequent value would have made.
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

double VoteCalibration::Outcomes::Judged() const {
  const bool rare = static_cast<double>(typos) <= kTyposMax * static_cast<double>(tested);
  return static_cast<double>(tested - (rare ? typos : 0));
}

double VoteCalibration::Outcomes::Share() const {
  return (static_cast<double>(hits) + 1) / (Judged() + 2);
}

void VoteCalibration::Count(uint32_t first, uint32_t total, int64_t times, bool hit, bool typo) {
  if (!IsMajority(first, total)) return;
  Outcomes& kind = kinds_[SizeOf(total) * kShares + ShareOf(first, total)];
  for (Outcomes* outcomes : {&all_, &kind}) {
    outcomes->tested += times;
    if (hit) outcomes->hits += times;
    if (typo) outcomes->typos += times;
  }
}

void VoteCalibration::Add(const VoteGroup& group, std::span<const int64_t> counts) {
  const uint32_t total = group.total();
  if (total < 2 || group.votes.empty()) return;
  const uint32_t first = group.votes[0].count;
  const uint32_t second = group.votes.size() > 1 ? group.votes[1].count : 0;
  const bool tie = first == second;
  // Without a vote for the first value it is still the first, or the second one is, or they tie.
  if (first - 1 > second) Count(first - 1, total - 1, first, true, false);
  if (tie) Count(second, total - 1, first, false, counts[group.votes[0].value] == 1);
  for (size_t i = 1; i < group.votes.size(); ++i) {
    if (tie && i > 1) break;  // Of the first two none is predicted.
    const VoteGroup::Vote& vote = group.votes[i];
    Count(first, total - 1, vote.count, false, counts[vote.value] == 1);
  }
  if (!tie) Count(first, total - 1, group.others, false, false);
}

bool VoteCalibration::IsDependency(int64_t most_frequent, int64_t rows) const {
  if (all_.tested == 0 || rows == 0) return false;
  const double usual = 1 - static_cast<double>(most_frequent) / static_cast<double>(rows);
  const double misses = all_.Judged() - static_cast<double>(all_.hits);
  const double expected = usual * static_cast<double>(all_.tested);
  return 1 - all_.Share() <= usual / 2 && expected >= kEvidence + 2 * misses;
}

double VoteCalibration::Confidence(const VoteGroup& group) const {
  const uint32_t total = group.total();
  if (group.votes.empty() || group.missing > kMissingMax * total) return 0;
  const uint32_t first = group.votes[0].count;
  if (!IsMajority(first, total)) return 0;
  const Outcomes& kind = kinds_[SizeOf(total) * kShares + ShareOf(first, total)];
  const double share = static_cast<double>(first) / static_cast<double>(total);
  const double prior = all_.Share() * share;
  return (static_cast<double>(kind.hits) + kPriorTests * prior) / (kind.Judged() + kPriorTests);
}

}  // namespace dq
