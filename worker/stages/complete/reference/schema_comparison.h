// Compares a file's columns with its reference's. Stateless; thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "worker/chain/report.h"
#include "worker/table/values/value_type.h"

namespace dq {

struct TypedColumn {
  std::string name;
  ValueType type = ValueType::kText;
};

struct SchemaFindings {
  ReportSchema schema;
  double score = 100;  // 100 * columns equal in name and type / different names in all.
};

// How likely a column of the file (a place) is one of the reference (a place) that was renamed.
using Likeness = absl::FunctionRef<double(size_t file, size_t reference)>;

// Finds missing, extra, renamed, reordered and differently typed columns. A column counts as
// renamed when that is likely (kRenameConfidenceMin) and no other column is nearly as likely: it is
// neither missing nor extra then, and never used for fills. Integers where decimals are expected,
// and anything where texts are, are no mismatch. Of columns of one name only the first one counts.
SchemaFindings CompareSchemas(std::span<const TypedColumn> file,
                              std::span<const TypedColumn> reference, Likeness likeness);

}  // namespace dq
