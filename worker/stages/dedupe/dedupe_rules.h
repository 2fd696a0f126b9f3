// What both forms of stage `dedupe` share: the one that decides row by row and the one that sees
// all records first. Stateless.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/report.h"
#include "worker/stages/dedupe/cell_form.h"
#include "worker/table/row_batch.h"

namespace dq {

// How sure it is that records equal after folding are the same.
inline constexpr double kNormalisedConfidence = 0.95;
inline constexpr char kNormalisedConfidenceText[] = "0.95";

// Under which size the report counts a cluster of so many records: beyond 16 by powers of two.
int64_t ClusterSizeClass(int64_t records);

// The places of the columns that are compared: those of the options, or all. SCHEMA_INCOMPATIBLE
// for a column that is not there.
absl::StatusOr<std::vector<size_t>> ComparedColumns(const DedupeOptions& options,
                                                    const std::vector<std::string>& columns);

// Looks at the first rows for how the compared columns are compared; returns whether to go on.
// SCHEMA_INCOMPATIBLE for a column that is not there.
absl::StatusOr<bool> LookAtForms(const DedupeOptions& options,
                                 const std::vector<std::string>& columns, const RowBatch& batch,
                                 std::optional<CellForms>& forms);
// How that many compared columns are compared, where `forms` has looked at them or not.
std::vector<CellForm> FormsOf(const DedupeOptions& options, size_t columns,
                              const std::optional<CellForms>& forms);

// Adds dimension uniqueness of the score, and whether duplicates stay: `found` of `rows` are some.
void AddUniqueness(const DedupeOptions& options, int64_t rows, int64_t found, Report& report);

// Tells which columns a stage complete before this one found to differ in every row: where no
// columns were chosen and no record equals another one, they are why. `rows`: that the stage saw.
void NoteColumnsThatDiffer(const DedupeOptions& options, int64_t rows, Report& report);

}  // namespace dq
