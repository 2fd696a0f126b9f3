#include "scheduler/dqctl/report_head.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "scheduler/dqctl/job_text.h"
#include "scheduler/dqctl/table.h"

namespace dq::dqctl {
namespace {

using dq::v1::ColumnReport;
using dq::v1::Report;

constexpr size_t kSparsestMax = 8;

std::string Percent(int64_t part, int64_t whole) {
  if (whole == 0) return "";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%",
                100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

std::string Score(double score) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", score);
  return text.data();
}

template <typename Names>
std::string Listed(const Names& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

void AddScores(const Report& report, Table& table) {
  if (!report.has_score()) return;
  table.AddRow({"quality score", Score(report.score_before()) + " -> " + Score(report.score())});
  for (const char* name : {"completeness", "schema", "validity", "uniqueness"}) {
    const auto found = report.dimensions().find(name);
    if (found == report.dimensions().end()) continue;
    table.AddRow({std::string("  ") + name,
                  Score(found->second.score_before()) + " -> " + Score(found->second.score())});
  }
}

void AddRows(const Report& report, Table& table) {
  const auto& found = DuplicatesOf(report);
  const int64_t duplicates = found.exact() + found.normalised() + found.fuzzy();
  table.AddRow({"rows in", WithThousands(report.rows_in())});
  table.AddRow({"rows out", WithThousands(report.rows_out())});
  table.AddRow({"rows rejected", WithThousands(report.rows_rejected())});
  table.AddRow({report.has_duplicates_kept() ? "duplicates kept" : "duplicates removed",
                WithThousands(duplicates)});
  table.AddRow({"  exact", WithThousands(found.exact())});
  table.AddRow({"  normalised", WithThousands(found.normalised())});
  if (found.fuzzy() > 0) table.AddRow({"  fuzzy", WithThousands(found.fuzzy())});
  table.AddRow({"cells filled", WithThousands(report.cells_filled())});
}

void PrintSchema(std::ostream& out, const dq::v1::SchemaComparison& schema) {
  if (schema.missing_size() > 0) out << "columns missing: " << Listed(schema.missing()) << "\n";
  if (schema.extra_size() > 0) out << "columns extra: " << Listed(schema.extra()) << "\n";
  for (const auto& rename : schema.renamed()) {
    out << "column probably renamed: " << rename.from() << " -> " << rename.to() << "\n";
  }
  for (const auto& mismatch : schema.type_mismatches()) {
    out << "column of another type: " << mismatch.column() << " is " << mismatch.actual()
        << ", not " << mismatch.expected() << "\n";
  }
}

std::vector<const ColumnReport*> Sparsest(const Report& report) {
  std::vector<const ColumnReport*> columns;
  for (const ColumnReport& column : report.columns()) {
    if (column.missing() > 0) columns.push_back(&column);
  }
  std::stable_sort(columns.begin(), columns.end(),
                   [](const auto* a, const auto* b) { return a->missing() > b->missing(); });
  columns.resize(std::min(columns.size(), kSparsestMax));
  return columns;
}

void PrintSparsest(std::ostream& out, const Report& report) {
  const std::vector<const ColumnReport*> columns = Sparsest(report);
  if (columns.empty()) return;
  const int64_t rows = report.rows_in() - report.rows_rejected();
  Table table({{"SPARSEST COLUMNS"},
               {"TYPE"},
               {"MISSING", Align::kRight},
               {"", Align::kRight},
               {"DISGUISED", Align::kRight},
               {"FILLED", Align::kRight},
               {"STILL MISSING", Align::kRight}});
  for (const ColumnReport* column : columns) {
    table.AddRow({column->name(), column->type(), WithThousands(column->missing()),
                  Percent(column->missing(), rows), WithThousands(column->disguised_missing()),
                  WithThousands(column->filled()), WithThousands(column->missing_after())});
  }
  out << "\n";
  table.Print(out);
}

}  // namespace

void PrintReportHead(std::ostream& out, const Report& report, dq::v1::Verdict verdict) {
  Table table({{""}, {"", Align::kRight}});
  AddScores(report, table);
  if (verdict == dq::v1::VERDICT_PASSED || verdict == dq::v1::VERDICT_FAILED) {
    table.AddRow({"gate", VerdictName(verdict)});
  }
  AddRows(report, table);
  table.Print(out);
  PrintSchema(out, report.schema());
  PrintSparsest(out, report);
}

const dq::v1::DuplicatesRemoved& DuplicatesOf(const Report& report) {
  return report.has_duplicates_kept() ? report.duplicates_kept() : report.duplicates_removed();
}

}  // namespace dq::dqctl
