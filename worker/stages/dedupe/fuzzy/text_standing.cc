#include "worker/stages/dedupe/fuzzy/text_standing.h"

#include <algorithm>

#include "common/base/status_macros.h"

namespace dq {
namespace {

// What is less alike is no rival.
constexpr double kRivalMin = 0.05;

}  // namespace

absl::StatusOr<TextStanding> TextStanding::Create(size_t records, MemoryBudget& memory) {
  TakenBytes taken(memory, "what the records are most alike to");
  DQ_RETURN_IF_ERROR(taken.Take(records * sizeof(Best)));
  return TextStanding(records, std::move(taken));
}

void TextStanding::Note(RecordId a, RecordId b, float alike) {
  const auto note = [alike](Best& best, RecordId partner) {
    if (alike > best.first) {
      best = {.first = alike, .second = best.first, .partner = partner};
    } else {
      best.second = std::max(best.second, alike);
    }
  };
  note(best_[a], b);
  note(best_[b], a);
}

double TextStanding::Relative(const Best& best, RecordId partner, double alike) {
  const double rival = double{best.partner == partner ? best.second : best.first};
  return alike / std::max(kRivalMin, rival);
}

double TextStanding::Of(RecordId a, RecordId b, double alike) const {
  return std::min(Relative(best_[a], b, alike), Relative(best_[b], a, alike));
}

}  // namespace dq
