// Compares a file's columns with its reference's. Stateless; thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "worker/chain/report.h"
#include "worker/table/value_type.h"

namespace dq {

struct TypedColumn {
  std::string name;
  ValueType type = ValueType::kText;
};

struct SchemaFindings {
  ReportSchema schema;
  double score = 100;  // 100 * columns equal in name and type / different names in all.
};

// Finds missing, extra, renamed, reordered and differently typed columns. A column counts as
// renamed when its name is in the other list only after folding ("E-Mail" and "e_mail"): it is
// neither missing nor extra then, and never used for fills. Integers where
// decimals are expected, and anything where texts are, are no mismatch. Of columns of one name only
// the first one counts.
SchemaFindings CompareSchemas(std::span<const TypedColumn> file,
                              std::span<const TypedColumn> reference);

}  // namespace dq
