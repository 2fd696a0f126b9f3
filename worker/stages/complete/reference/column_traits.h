// How likely a column of the file is a column of the reference under another name: by both names
// and by the values they share. The rules are published in worker/README.md. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/stages/complete/sample/encoded_column.h"
#include "worker/table/values/value_type.h"

namespace dq {

// Pairs below are not taken for the same column.
inline constexpr double kRenameConfidenceMin = 0.75;

// What a column is known by, made once for all columns that it is compared with.
class ColumnTraits {
 public:
  // `values`: of a sample, missing cells blank; null: not known. What is needed of it is copied.
  ColumnTraits(std::string_view name, ValueType type, const EncodedColumn* values);

  // Returns how likely this column of the file is that one of the reference, 0 to 1; 0.9 and more
  // for names that are equal after folding.
  double RenameConfidence(const ColumnTraits& reference) const;

 private:
  struct Value {
    uint64_t hash = 0;
    int64_t cells = 0;
  };

  double NameLikeness(const ColumnTraits& other) const;
  double ValueLikeness(const ColumnTraits& reference) const;

  std::string name_;                       // Folded.
  std::vector<uint16_t> neighbour_bytes_;  // Of the name, in ascending order.
  ValueType type_;
  std::vector<Value> values_;  // Different ones, in ascending order.
  int64_t cells_ = 0;          // That hold a value.
};

}  // namespace dq
