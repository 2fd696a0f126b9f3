#include "worker/table/table_formatter.h"

#include <string>
#include <vector>

#include "worker/table/delimited/csv_formatter.h"
#include "worker/table/json/json_lines_formatter.h"

namespace dq {
namespace {

std::unique_ptr<RowFormatter> Delimited(const TableLayout& layout, const Dialect& dialect,
                                        const OutputChoice& choice) {
  // A row may be copied only where its bytes mean the same.
  const bool same = layout.form.format == TableFormat::kDelimited && dialect == layout.dialect;
  const CopyRows copy =
      same && choice.formula_guard == FormulaGuard::kOff ? CopyRows::kYes : CopyRows::kNo;
  return std::make_unique<CsvFormatter>(
      dialect,
      CsvHeader{layout.header ? layout.columns : std::vector<std::string>(), layout.header_text},
      copy, choice.formula_guard);
}

}  // namespace

std::unique_ptr<RowFormatter> MakeFormatter(const TableLayout& layout, const OutputChoice& choice,
                                            const std::vector<bool>& number_columns) {
  const bool from_json = layout.form.format == TableFormat::kJsonLines;
  switch (choice.format) {
    case OutputFormat::kSame:
      if (from_json) return std::make_unique<JsonLinesFormatter>(layout, number_columns);
      return Delimited(layout, layout.dialect, choice);
    case OutputFormat::kCsv:
      return Delimited(layout, Dialect{}, choice);
    case OutputFormat::kTsv:
      return Delimited(layout, Dialect{.delimiter = '\t'}, choice);
    case OutputFormat::kJsonLines:
      return std::make_unique<JsonLinesFormatter>(layout, number_columns);
  }
  return nullptr;
}

}  // namespace dq
