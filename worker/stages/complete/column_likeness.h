// How likely a column of the file is a column of the reference under another name: by both names
// and by the values they share. The rules are published in worker/README.md. Stateless;
// thread-safe.
#pragma once

#include <string>

#include "worker/stages/complete/encoded_column.h"
#include "worker/table/value_type.h"

namespace dq {

struct ColumnTraits {
  const std::string& name;
  ValueType type = ValueType::kText;
  const EncodedColumn* values = nullptr;  // Of a sample, missing cells blank; null: not known.
};

// Pairs below are not taken for the same column.
inline constexpr double kRenameConfidenceMin = 0.75;

// Returns 0 to 1; 0.9 and more for names that are equal after folding.
double RenameConfidence(const ColumnTraits& file, const ColumnTraits& reference);

}  // namespace dq
