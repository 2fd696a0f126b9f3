#include "worker/stages/complete/reference/column_traits.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "worker/stages/complete/sample/value_index.h"
#include "worker/table/values/text_fold.h"

namespace dq {
namespace {

constexpr double kFoldedName = 0.9;
constexpr double kNameWeight = 0.6;
constexpr double kValuesWeight = 0.9;
constexpr double kNumbersWeight = 0.5;  // Numbers are shared by chance.
constexpr size_t kDifferentMin = 10;    // Values by which columns are known.
constexpr size_t kPrefixMin = 3;

// "E-Mail", "e_mail" and "email" become equal.
std::string FoldName(std::string_view name) {
  std::string folded;
  AppendFolded(folded, name);
  std::erase_if(folded, [](char c) { return c == ' ' || c == '_' || c == '-'; });
  return folded;
}

}  // namespace

ColumnTraits::ColumnTraits(std::string_view name, ValueType type, const EncodedColumn* values)
    : name_(FoldName(name)), type_(type) {
  for (size_t i = 0; i + 1 < name_.size(); ++i) {
    const auto first = static_cast<uint8_t>(name_[i]);
    const auto second = static_cast<uint8_t>(name_[i + 1]);
    neighbour_bytes_.push_back(static_cast<uint16_t>(first << 8 | second));
  }
  std::sort(neighbour_bytes_.begin(), neighbour_bytes_.end());
  if (values == nullptr) return;
  for (size_t code = 0; code < values->values.size(); ++code) {
    const int64_t cells = values->counts[code];
    if (cells > 0) values_.push_back({ValueIndex::HashOf(values->values[code]), cells});
    cells_ += cells;
  }
  std::sort(values_.begin(), values_.end(),
            [](const Value& a, const Value& b) { return a.hash < b.hash; });
}

// The share of pairs of neighbouring bytes that two names have in common (Dice), or more when one
// abbreviates the other.
double ColumnTraits::NameLikeness(const ColumnTraits& other) const {
  const std::string& a = name_;
  const std::string& b = other.name_;
  if (a.size() < 2 || b.size() < 2) return 0;
  const bool prefix = a.starts_with(b) || b.starts_with(a);
  if (prefix && std::min(a.size(), b.size()) >= kPrefixMin) return 0.8;
  std::vector<uint16_t> shared;
  std::set_intersection(neighbour_bytes_.begin(), neighbour_bytes_.end(),
                        other.neighbour_bytes_.begin(), other.neighbour_bytes_.end(),
                        std::back_inserter(shared));
  const size_t all = neighbour_bytes_.size() + other.neighbour_bytes_.size();
  return 2 * static_cast<double>(shared.size()) / static_cast<double>(all);
}

// The greater share of a column's cells whose value the other one has.
double ColumnTraits::ValueLikeness(const ColumnTraits& reference) const {
  if (std::min(values_.size(), reference.values_.size()) < kDifferentMin) return 0;
  int64_t here = 0;
  int64_t there = 0;
  for (size_t i = 0, j = 0; i < values_.size() && j < reference.values_.size();) {
    const Value& a = values_[i];
    const Value& b = reference.values_[j];
    if (a.hash == b.hash) {
      here += a.cells;
      there += b.cells;
    }
    i += a.hash <= b.hash ? 1 : 0;
    j += b.hash <= a.hash ? 1 : 0;
  }
  const double share = std::max(static_cast<double>(here) / static_cast<double>(cells_),
                                static_cast<double>(there) / static_cast<double>(reference.cells_));
  const bool number = type_ == ValueType::kInteger || type_ == ValueType::kDecimal;
  return number ? share * kNumbersWeight : share;
}

double ColumnTraits::RenameConfidence(const ColumnTraits& reference) const {
  const bool same_name = name_ == reference.name_;
  if (!same_name && !Conforms(type_, reference.type_) && !Conforms(reference.type_, type_)) {
    return 0;
  }
  const double values = ValueLikeness(reference);
  double confidence = kFoldedName + (1 - kFoldedName) * 0.9 * values;
  if (!same_name) {
    confidence = 1 - (1 - kValuesWeight * values) * (1 - kNameWeight * NameLikeness(reference));
  }
  return std::floor(confidence * 1000) / 1000;
}

}  // namespace dq
