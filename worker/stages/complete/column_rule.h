// What stage `complete` decided about one column: its type, which words are missing values in it,
// and what the column's own statistic offers as a fill. Immutable once built; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/missing/value_shape.h"
#include "worker/table/values/value_type.h"

namespace dq {

inline constexpr std::string_view kConstant = "constant";

// A value made from a column's other values, or one that the user gave.
struct StatisticFill {
  std::string value;
  std::string_view method;  // "median", "mean", "mode" or "constant".
  double confidence;
};

// A value outside the vocabulary that evidence takes for "no value".
struct DisguisedValue {
  std::string value;      // Trimmed.
  double confidence = 1;  // That of the finding.
};

struct ColumnRule {
  ValueType type = ValueType::kText;
  // By which values count as valid: `type`, or where that is text, one that most of them fit.
  ValueType judged_type = ValueType::kText;
  ShapeCounter shapes;  // Of the column's values, by which words of the vocabulary are judged.
  std::optional<StatisticFill> statistic;  // Only where it was asked for.
  std::vector<DisguisedValue> disguises;
  double min = 0;  // Of a number column.
  double max = 0;
  bool has_unsafe_number = false;  // Of a column of the reference (IsSafeNumber).

  // Whether a word of the vocabulary is data in this column.
  bool IsData(std::string_view word, const MissingTokens& tokens) const {
    return type == ValueType::kText && !tokens.IsAdded(word) && shapes.CouldHold(word);
  }
  // Whether a trimmed value stands for "no value".
  bool IsMissing(std::string_view value, const MissingTokens& tokens) const {
    return value.empty() || (tokens.Contains(value) && !IsData(value, tokens)) ||
           (!disguises.empty() && IsDisguise(value));
  }
  // Whether a value is one of `disguises`.
  bool IsDisguise(std::string_view value) const { return DisguiseOf(value) != nullptr; }
  // Returns that one of `disguises`; null when the value is none.
  const DisguisedValue* DisguiseOf(std::string_view value) const;
  bool IsNumber() const { return type == ValueType::kInteger || type == ValueType::kDecimal; }
};

}  // namespace dq
