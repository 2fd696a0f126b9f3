// Decides what the columns are compared as, and makes one text of columns that repeat one another
// (a title, and a description that holds it). Sits between the record store and the comparison.
// Stateless.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/stage.h"
#include "worker/stages/dedupe/fuzzy/field_kind.h"
#include "worker/stages/dedupe/record_store.h"

namespace dq {

// What a field of the store is compared as.
struct PlannedField {
  size_t field = 0;  // In the store.
  FieldKind kind = FieldKind::kIgnored;
  std::vector<size_t> columns;  // Of the file.
  double telling = 0;           // How much it can tell: the entropy of its values, in bits a row.
};

// Decides the kinds of the store's fields, adds derived ones and brings all values into the form of
// their kind. Those with nothing to match by are left out. OUT_OF_MEMORY, CANCELLED.
absl::StatusOr<std::vector<PlannedField>> PlanFields(RecordStore& store,
                                                     const StageContext& context);

}  // namespace dq
