#include "worker/stages/complete/missing/explained_values.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr int64_t kRowsMin = 10;             // With a disguise,
constexpr int64_t kRowsAValue = 5;           // for every value that explains it,
constexpr int64_t kRowsADeviation = 50;      // for every row that does not fit.
constexpr size_t kExplainingValuesMax = 32;  // Of a column.
constexpr double kDaySeconds = 86400;
constexpr double kLateDay = 47481;  // 2099-12-31, since 1970-01-01.

using Bits = std::vector<uint64_t>;

Bits NoBits(size_t rows) { return Bits((rows + 63) / 64); }
void Add(size_t row, Bits& bits) { bits[row / 64] |= uint64_t{1} << row % 64; }
bool Has(const Bits& bits, size_t row) { return (bits[row / 64] >> row % 64 & 1) != 0; }

int64_t CountBoth(const Bits& a, const Bits& b) {
  int64_t count = 0;
  for (size_t i = 0; i < a.size(); ++i) count += std::popcount(a[i] & b[i]);
  return count;
}

std::vector<bool> IsBlankByCode(const EncodedColumn& column, const MissingTokens& tokens) {
  std::vector<bool> blank(column.values.size());
  for (size_t code = 0; code < blank.size(); ++code)
    blank[code] = tokens.Contains(column.values[code]);
  return blank;
}

bool IsBlank(uint32_t code, const std::vector<bool>& blank) {
  return code == EncodedColumn::kBlank || blank[code];
}

}  // namespace

bool CouldBeExplained(const Disguise& disguise) {
  if (disguise.kind != DisguiseKind::kSentinel) return false;
  if (TypeOf(disguise.value) != ValueType::kDate) return NumberOf(disguise.value) == 0;
  return MomentOf(disguise.value) >= kLateDay * kDaySeconds;
}

// The rows in which the disguises stand, and those that hold other values.
struct Explanations::Stand {
  Bits disguised = {};
  Bits other = {};
  int64_t disguised_rows = 0;
  int64_t rows = 0;
};

Explanations::Explanations(const SampleFindings& sample) : sample_(sample) {
  bool any = false;
  for (size_t column = 0; column < sample.columns.size(); ++column) {
    any = any || CouldBeExplainedIn(column);
  }
  if (!any) return;
  for (size_t column = 0; column < sample.columns.size(); ++column) {
    NoteBlanks(column);
    if (sample.columns[column].values.size() <= kExplainingValuesMax) few_values_.push_back(column);
  }
}

std::optional<size_t> Explanations::Find(size_t column) const {
  if (!CouldBeExplainedIn(column)) return std::nullopt;
  const Stand stand = FindStand(column);
  if (stand.disguised_rows < kRowsMin) return std::nullopt;
  const bool missing = std::any_of(blank_.begin(), blank_.end(), [&](const BlankCells& blanks) {
    return blanks.column != column && IsMissingThere(blanks, stand);
  });
  if (missing) return std::nullopt;
  const auto explaining = std::find_if(few_values_.begin(), few_values_.end(), [&](size_t other) {
    return other != column && Explains(other, stand);
  });
  if (explaining == few_values_.end()) return std::nullopt;
  return *explaining;
}

bool Explanations::CouldBeExplainedIn(size_t column) const {
  const std::vector<Disguise>& found = sample_.found[column].disguises;
  return std::any_of(found.begin(), found.end(), CouldBeExplained);
}

void Explanations::NoteBlanks(size_t column) {
  const EncodedColumn& encoded = sample_.columns[column];
  const std::vector<bool> blank = IsBlankByCode(encoded, sample_.tokens);
  BlankCells cells{.column = column, .rows = NoBits(encoded.codes.size()), .count = 0};
  for (size_t row = 0; row < encoded.codes.size(); ++row) {
    if (!IsBlank(encoded.codes[row], blank)) continue;
    Add(row, cells.rows);
    ++cells.count;
  }
  if (cells.count > 0) blank_.push_back(std::move(cells));
}

Explanations::Stand Explanations::FindStand(size_t column) const {
  const EncodedColumn& encoded = sample_.columns[column];
  std::vector<bool> disguise(encoded.values.size());
  for (const Disguise& found : sample_.found[column].disguises) {
    if (!CouldBeExplained(found)) continue;
    const auto place = std::find(encoded.values.begin(), encoded.values.end(), found.value);
    disguise[static_cast<size_t>(place - encoded.values.begin())] = true;
  }
  const std::vector<bool> blank = IsBlankByCode(encoded, sample_.tokens);
  const size_t rows = encoded.codes.size();
  Stand stand{.disguised = NoBits(rows),
              .other = NoBits(rows),
              .disguised_rows = 0,
              .rows = static_cast<int64_t>(rows)};
  for (size_t row = 0; row < rows; ++row) {
    const uint32_t code = encoded.codes[row];
    if (code != EncodedColumn::kBlank && disguise[code]) {
      Add(row, stand.disguised);
      ++stand.disguised_rows;
    } else if (!IsBlank(code, blank)) {
      Add(row, stand.other);
    }
  }
  return stand;
}

// Whether a column lacks half of its cells in the disguised rows, and at most half as often in the
// rest: what is missing there is missing together.
bool Explanations::IsMissingThere(const BlankCells& blanks, const Stand& stand) {
  const int64_t there = CountBoth(blanks.rows, stand.disguised);
  const int64_t elsewhere = blanks.count - there;
  const int64_t rest = stand.rows - stand.disguised_rows;
  return 2 * there >= stand.disguised_rows && 2 * elsewhere * stand.disguised_rows <= there * rest;
}

// Whether the disguised rows are those of some values of `column`.
bool Explanations::Explains(size_t column, const Stand& stand) const {
  const EncodedColumn& by = sample_.columns[column];
  struct Beside {
    int64_t disguised = 0;
    int64_t other = 0;
  };
  std::vector<Beside> beside(by.values.size());
  for (size_t row = 0; row < by.codes.size(); ++row) {
    const uint32_t code = by.codes[row];
    if (code == EncodedColumn::kBlank) continue;
    beside[code].disguised += Has(stand.disguised, row) ? 1 : 0;
    beside[code].other += Has(stand.other, row) ? 1 : 0;
  }
  int64_t values = 0;
  int64_t explained = 0;
  int64_t deviating = 0;
  for (size_t code = 0; code < beside.size(); ++code) {
    if (beside[code].disguised <= beside[code].other) continue;
    const std::string_view value = by.values[code];
    const std::vector<Disguise>& found = sample_.found[column].disguises;
    const bool missing = sample_.tokens.Contains(value) ||
                         std::any_of(found.begin(), found.end(), [value](const Disguise& disguise) {
                           return disguise.value == value;
                         });
    if (missing) return false;
    ++values;
    explained += beside[code].disguised;
    deviating += beside[code].other;
  }
  deviating += stand.disguised_rows - explained;
  return explained >= kRowsAValue * values && deviating * kRowsADeviation <= stand.disguised_rows;
}

}  // namespace dq
