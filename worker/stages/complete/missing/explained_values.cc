#include "worker/stages/complete/missing/explained_values.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
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

std::vector<bool> IsBlankByCode(const EncodedColumn& column, const MissingTokens& tokens) {
  std::vector<bool> blank(column.values.size());
  for (size_t code = 0; code < blank.size(); ++code)
    blank[code] = tokens.Contains(column.values[code]);
  return blank;
}

bool IsBlank(uint32_t code, const std::vector<bool>& blank) {
  return code == EncodedColumn::kBlank || blank[code];
}

// The rows in which the disguises stand, and those that hold other values.
struct Stand {
  std::vector<bool> disguised = {};  // By row, as the next.
  std::vector<bool> other = {};
  int64_t disguised_rows = 0;
  int64_t rows = 0;
};

Stand FindStand(const SampleFindings& sample, size_t column) {
  const EncodedColumn& encoded = sample.columns[column];
  std::vector<bool> disguise(encoded.values.size());
  for (const Disguise& found : sample.found[column].disguises) {
    if (!CouldBeExplained(found)) continue;
    const auto place = std::find(encoded.values.begin(), encoded.values.end(), found.value);
    disguise[static_cast<size_t>(place - encoded.values.begin())] = true;
  }
  const std::vector<bool> blank = IsBlankByCode(encoded, sample.tokens);
  Stand stand{.rows = static_cast<int64_t>(encoded.codes.size())};
  for (const uint32_t code : encoded.codes) {
    const bool disguised = code != EncodedColumn::kBlank && disguise[code];
    stand.disguised.push_back(disguised);
    stand.other.push_back(!disguised && !IsBlank(code, blank));
    stand.disguised_rows += disguised ? 1 : 0;
  }
  return stand;
}

// Whether a column lacks half of its cells in the disguised rows, and at most half as often in the
// rest: what is missing there is missing together.
bool IsMissingThere(const EncodedColumn& column, const Stand& stand, const MissingTokens& tokens) {
  const std::vector<bool> blank = IsBlankByCode(column, tokens);
  int64_t there = 0;
  int64_t elsewhere = 0;
  for (size_t row = 0; row < column.codes.size(); ++row) {
    if (IsBlank(column.codes[row], blank)) ++(stand.disguised[row] ? there : elsewhere);
  }
  const int64_t rest = stand.rows - stand.disguised_rows;
  return 2 * there >= stand.disguised_rows && 2 * elsewhere * stand.disguised_rows <= there * rest;
}

// Whether the disguised rows are those of some values of `column`.
bool Explains(const SampleFindings& sample, size_t column, const Stand& stand) {
  const EncodedColumn& by = sample.columns[column];
  if (by.values.size() > kExplainingValuesMax) return false;
  struct Beside {
    int64_t disguised = 0;
    int64_t other = 0;
  };
  std::vector<Beside> beside(by.values.size());
  for (size_t row = 0; row < by.codes.size(); ++row) {
    const uint32_t code = by.codes[row];
    if (code == EncodedColumn::kBlank) continue;
    beside[code].disguised += stand.disguised[row] ? 1 : 0;
    beside[code].other += stand.other[row] ? 1 : 0;
  }
  int64_t values = 0;
  int64_t explained = 0;
  int64_t deviating = 0;
  for (size_t code = 0; code < beside.size(); ++code) {
    if (beside[code].disguised <= beside[code].other) continue;
    const std::string_view value = by.values[code];
    const std::vector<Disguise>& found = sample.found[column].disguises;
    const bool missing = sample.tokens.Contains(value) ||
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

}  // namespace

bool CouldBeExplained(const Disguise& disguise) {
  if (disguise.kind != DisguiseKind::kSentinel) return false;
  if (TypeOf(disguise.value) != ValueType::kDate) return NumberOf(disguise.value) == 0;
  return MomentOf(disguise.value) >= kLateDay * kDaySeconds;
}

std::optional<size_t> FindExplanation(const SampleFindings& sample, size_t column) {
  const std::vector<Disguise>& found = sample.found[column].disguises;
  if (std::none_of(found.begin(), found.end(), CouldBeExplained)) return std::nullopt;
  const Stand stand = FindStand(sample, column);
  if (stand.disguised_rows < kRowsMin) return std::nullopt;
  std::optional<size_t> explaining;
  for (size_t other = 0; other < sample.columns.size(); ++other) {
    if (other == column) continue;
    if (IsMissingThere(sample.columns[other], stand, sample.tokens)) return std::nullopt;
    if (!explaining.has_value() && Explains(sample, other, stand)) explaining = other;
  }
  return explaining;
}

}  // namespace dq
