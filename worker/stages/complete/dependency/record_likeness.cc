#include "worker/stages/complete/dependency/record_likeness.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>

namespace dq {
namespace {

constexpr size_t kPairsMax = 500;       // Of rows that are compared,
constexpr uint32_t kGroupPairsMax = 4;  // of one group.

// Counts how many neighbours of the groups of a dependency are alike.
class PairCount {
 public:
  PairCount(const std::vector<EncodedColumn>& columns, const Dependency& dependency,
            const std::vector<size_t>& compared)
      : columns_(columns),
        dependency_(dependency),
        compared_(compared),
        voters_(columns[dependency.determinants.back()].values.size()) {}

  // Takes rows of equal values in the first determinant.
  void Add(std::span<const uint32_t> rows) {
    const std::vector<uint32_t>& by = columns_[dependency_.determinants.back()].codes;
    const std::vector<uint32_t>& target = columns_[dependency_.target].codes;
    ++group_;
    for (const uint32_t row : rows) {
      if (by[row] == EncodedColumn::kBlank || target[row] == EncodedColumn::kBlank) continue;
      Voter& before = voters_[by[row]];
      if (before.group != group_) {
        before = {group_, row};
      } else if (before.pairs < kGroupPairsMax) {
        Compare(before.row, row);
        if (done()) return;
        before = {group_, row, before.pairs + 1};
      }
    }
  }

  bool done() const { return pairs_ == kPairsMax; }
  bool most_are_alike() const { return 2 * alike_ > pairs_; }

 private:
  // The last row so far of equal values in all determinants.
  struct Voter {
    uint32_t group = 0;
    uint32_t row = 0;
    uint32_t pairs = 0;  // That were compared.
  };

  void Compare(uint32_t a, uint32_t b) {
    const bool differ = std::any_of(compared_.begin(), compared_.end(), [&](size_t column) {
      const uint32_t of_a = columns_[column].codes[a];
      const uint32_t of_b = columns_[column].codes[b];
      return of_a != of_b && of_a != EncodedColumn::kBlank && of_b != EncodedColumn::kBlank;
    });
    ++pairs_;
    if (!differ) ++alike_;
  }

  const std::vector<EncodedColumn>& columns_;
  const Dependency& dependency_;
  const std::vector<size_t>& compared_;
  std::vector<Voter> voters_;
  uint32_t group_ = 0;
  size_t pairs_ = 0;
  size_t alike_ = 0;
};

}  // namespace

RecordLikeness::RecordLikeness(ValueIndexes& rows) : rows_(rows) {
  const std::vector<EncodedColumn>& columns = rows.columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (CanDetermine(columns[i])) telling_.push_back(i);
  }
}

bool RecordLikeness::SupportedByCopies(const Dependency& dependency) {
  const std::vector<size_t>& own = dependency.determinants;
  std::vector<size_t> compared;
  std::copy_if(telling_.begin(), telling_.end(), std::back_inserter(compared), [&](size_t column) {
    return column != dependency.target && std::find(own.begin(), own.end(), column) == own.end();
  });
  if (compared.empty()) return false;
  PairCount count(rows_.columns(), dependency, compared);
  const EncodedColumn& first = rows_.columns()[own.front()];
  ValueIndex& index = rows_.Of(own.front());
  std::vector<bool> seen(first.values.size());
  for (const uint32_t code : first.codes) {
    if (count.done()) break;
    if (code == EncodedColumn::kBlank || seen[code]) continue;
    seen[code] = true;
    count.Add(index.Rows(code));
  }
  return count.most_are_alike();
}

}  // namespace dq
