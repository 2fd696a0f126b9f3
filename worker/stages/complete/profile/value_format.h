// How the dates, times and numbers of a column are written, by the evidence of all its values: what
// one value leaves open (3/4/2024) another one decides (3/14/2024). The rules are published in
// worker/README.md. Stateless; thread-safe.
#pragma once

#include <string>

#include "worker/stages/complete/sample/encoded_column.h"
#include "worker/table/values/value_type.h"

namespace dq {

struct FormatFinding {
  // Such as "DD/MM/YYYY", "D Mon YYYY HH:MM:SS", "hh:MM AM", "1.234,56"; two of them with " or "
  // between when nothing decides; empty: none.
  std::string format;
  double conformity = 0;  // Share of the cells with a value that fit it, 0 to 1.
};

// Judges the values of a column of that type; at least 95 % of the cells must fit. Numbers are only
// looked at where they are no numbers of `type` already.
FormatFinding FindFormat(const EncodedColumn& column, ValueType type);

}  // namespace dq
