#include "worker/stages/complete/column_likeness.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "worker/table/text_fold.h"

namespace dq {
namespace {

constexpr double kFoldedName = 0.9;
constexpr double kNameWeight = 0.6;
constexpr double kValuesWeight = 0.9;
constexpr double kNumbersWeight = 0.5;  // Numbers are shared by chance.
constexpr size_t kDifferentMin = 10;    // Values by which columns are known.
constexpr size_t kPrefixMin = 3;

// "E-Mail", "e_mail" and "email" become equal.
std::string FoldName(const std::string& name) {
  std::string folded;
  AppendFolded(folded, name);
  std::erase_if(folded, [](char c) { return c == ' ' || c == '_' || c == '-'; });
  return folded;
}

// The share of pairs of neighbouring bytes that two names have in common (Dice), or more when one
// abbreviates the other.
double NameLikeness(const std::string& a, const std::string& b) {
  if (a.size() < 2 || b.size() < 2) return 0;
  const bool prefix = a.starts_with(b) || b.starts_with(a);
  if (prefix && std::min(a.size(), b.size()) >= kPrefixMin) return 0.8;
  std::vector<std::string_view> pairs;
  for (size_t i = 0; i + 1 < a.size(); ++i) pairs.push_back(std::string_view(a).substr(i, 2));
  const size_t all = a.size() + b.size() - 2;
  size_t shared = 0;
  for (size_t i = 0; i + 1 < b.size(); ++i) {
    const auto found = std::find(pairs.begin(), pairs.end(), std::string_view(b).substr(i, 2));
    if (found == pairs.end()) continue;
    ++shared;
    pairs.erase(found);
  }
  return 2 * static_cast<double>(shared) / static_cast<double>(all);
}

size_t DifferentValues(const EncodedColumn& column) {
  return static_cast<size_t>(std::count_if(column.counts.begin(), column.counts.end(),
                                           [](int64_t count) { return count > 0; }));
}

// The share of a column's cells whose value the other one has.
double ContainedShare(const EncodedColumn& column, const EncodedColumn& other) {
  absl::flat_hash_set<std::string_view> values;
  for (size_t code = 0; code < other.values.size(); ++code) {
    if (other.counts[code] > 0) values.insert(other.values[code]);
  }
  int64_t contained = 0;
  for (size_t code = 0; code < column.values.size(); ++code) {
    if (values.contains(column.values[code])) contained += column.counts[code];
  }
  const int64_t cells = std::accumulate(column.counts.begin(), column.counts.end(), int64_t{0});
  return static_cast<double>(contained) / static_cast<double>(std::max<int64_t>(cells, 1));
}

double ValueLikeness(const ColumnTraits& file, const ColumnTraits& reference) {
  if (file.values == nullptr || reference.values == nullptr) return 0;
  if (std::min(DifferentValues(*file.values), DifferentValues(*reference.values)) < kDifferentMin) {
    return 0;
  }
  const double share = std::max(ContainedShare(*file.values, *reference.values),
                                ContainedShare(*reference.values, *file.values));
  const bool number = file.type == ValueType::kInteger || file.type == ValueType::kDecimal;
  return number ? share * kNumbersWeight : share;
}

}  // namespace

double RenameConfidence(const ColumnTraits& file, const ColumnTraits& reference) {
  const std::string file_name = FoldName(file.name);
  const std::string reference_name = FoldName(reference.name);
  const double values = ValueLikeness(file, reference);
  double confidence = kFoldedName + (1 - kFoldedName) * 0.9 * values;
  if (file_name != reference_name) {
    if (!Conforms(file.type, reference.type) && !Conforms(reference.type, file.type)) return 0;
    confidence = 1 - (1 - kValuesWeight * values) *
                         (1 - kNameWeight * NameLikeness(file_name, reference_name));
  }
  return std::floor(confidence * 1000) / 1000;
}

}  // namespace dq
