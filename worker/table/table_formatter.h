// Chooses how a cleaned table is written. Stateless.
#pragma once

#include <memory>
#include <vector>

#include "worker/table/output_choice.h"
#include "worker/table/row_formatter.h"
#include "worker/table/table_layout.h"

namespace dq {

// The formatter for rows of a table with `layout` in the form of `choice`. Names of columns that
// are empty or come twice are made different where they have to be. `number_columns` says by column
// whether all cells are empty or numbers; empty: nobody knows.
std::unique_ptr<RowFormatter> MakeFormatter(const TableLayout& layout, const OutputChoice& choice,
                                            const std::vector<bool>& number_columns);

}  // namespace dq
