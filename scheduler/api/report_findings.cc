#include "scheduler/api/report_findings.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace dq {
namespace {

using v1::ColumnReport;
using v1::Finding;
using v1::FindingSeverity;
using v1::Report;

constexpr FindingSeverity kError = v1::FINDING_SEVERITY_ERROR;
constexpr FindingSeverity kWarning = v1::FINDING_SEVERITY_WARNING;
constexpr FindingSeverity kInfo = v1::FINDING_SEVERITY_INFO;

constexpr double kSparse = 0.5;   // From this share of missing cells on a column is sparse.
constexpr double kSure = 0.9;     // Below, a dialect is uncertain.
constexpr double kConform = 1.0;  // Below, some values do not fit.

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string Percent(double share) { return absl::StrFormat("%.1f %%", 100 * share); }

class Findings {
 public:
  explicit Findings(const Report& report)
      : report_(report), rows_(report.rows_in() - report.rows_rejected()) {}

  std::vector<Finding> All() && {
    AddReading();
    AddSchema();
    for (const ColumnReport& column : report_.columns()) AddColumn(column);
    AddMissingness();
    AddDuplicates();
    for (const std::string& limit : report_.population().limits()) {
      Add(kInfo, "ESTIMATED", "", limit);
    }
    std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
      return a.severity() != b.severity() ? a.severity() < b.severity() : a.count() > b.count();
    });
    return std::move(findings_);
  }

 private:
  void Add(FindingSeverity severity, const char* kind, const std::string& column,
           std::string message, int64_t count = 0, double share = 0) {
    Finding& finding = findings_.emplace_back();
    finding.set_severity(severity);
    finding.set_kind(kind);
    finding.set_column(column);
    finding.set_message(std::move(message));
    finding.set_count(count);
    finding.set_share(share);
  }

  void AddReading() {
    if (const int64_t rejected = report_.rows_rejected(); rejected > 0) {
      const double share = Share(rejected, report_.rows_in());
      Add(kError, "ROWS_REJECTED", "",
          absl::StrCat(rejected, " rows could not be read and are in the rejects file"), rejected,
          share);
    }
    const v1::Dialect& dialect = report_.dialect();
    if (dialect.has_runner_up() && dialect.confidence() < kSure) {
      Add(kWarning, "DIALECT_UNCERTAIN", "",
          absl::StrCat("the delimiter was taken to be '", dialect.delimiter(), "' with confidence ",
                       absl::StrFormat("%.2f", dialect.confidence()), ", and could be '",
                       dialect.runner_up().delimiter(), "'"));
    }
    if (const int64_t lines = dialect.preamble_lines(); lines > 0) {
      Add(kInfo, "LINES_BEFORE_TABLE", "",
          absl::StrCat(lines, " lines before the table are no rows; they are in the rejects file"),
          lines);
    }
  }

  void AddSchema() {
    const v1::SchemaComparison& schema = report_.schema();
    for (const std::string& column : schema.missing()) {
      Add(kError, "COLUMN_MISSING", column, "the reference has this column and the file does not");
    }
    for (const v1::TypeMismatch& mismatch : schema.type_mismatches()) {
      Add(kError, "TYPE_MISMATCH", mismatch.column(),
          absl::StrCat("is ", mismatch.actual(), ", and ", mismatch.expected(),
                       " in the reference"));
    }
    for (const v1::Rename& rename : schema.renamed()) {
      Add(kWarning, "COLUMN_RENAMED", rename.to(),
          absl::StrCat("is probably the reference's column ", rename.from()), 0, 0);
    }
    for (const std::string& column : schema.extra()) {
      Add(kInfo, "COLUMN_EXTRA", column, "the reference does not have this column");
    }
    if (schema.reordered()) {
      Add(kInfo, "COLUMNS_REORDERED", "", "the columns come in another order than the reference's");
    }
  }

  void AddColumn(const ColumnReport& column) {
    if (const double share = Share(column.missing(), rows_); column.missing() > 0) {
      const bool sparse = share >= kSparse;
      Add(sparse ? kWarning : kInfo, sparse ? "SPARSE_COLUMN" : "MISSING_VALUES", column.name(),
          absl::StrCat(Percent(share), " of the cells were missing, ",
                       Percent(Share(column.missing_after(), rows_)), " still are"),
          column.missing(), share);
    }
    for (const v1::Disguise& disguise : column.disguises()) {
      Add(kWarning, "DISGUISED_MISSING", column.name(),
          absl::StrCat("\"", disguise.value(),
                       "\" stands for a missing value: ", disguise.evidence()),
          disguise.count(), Share(disguise.count(), rows_));
    }
    AddViolations(column);
  }

  void AddViolations(const ColumnReport& column) {
    const int64_t present = rows_ - column.missing();
    const auto add = [&](const char* kind, const std::string& what, double conformity) {
      if (what.empty() || conformity >= kConform || present <= 0) return;
      const auto count =
          static_cast<int64_t>((1 - conformity) * static_cast<double>(present) + 0.5);
      if (count == 0) return;
      Add(kWarning, kind, column.name(),
          absl::StrCat(Percent(1 - conformity), " of the values are not ", what), count,
          1 - conformity);
    };
    add("TYPE_VIOLATED", column.type(), column.conformity());
    add("SEMANTIC_TYPE_VIOLATED", column.semantic_type(), column.semantic_conformity());
    add("FORMAT_VIOLATED", column.format().empty() ? "" : "written as " + column.format(),
        column.format_conformity());
  }

  void AddMissingness() {
    if (!report_.has_missingness()) return;
    const v1::Missingness& missingness = report_.missingness();
    if (const double share = missingness.sparse_rows(); share > 0) {
      Add(kWarning, "SPARSE_ROWS", "",
          absl::StrCat(Percent(share), " of the rows miss half of their cells or more"),
          static_cast<int64_t>(share * static_cast<double>(rows_) + 0.5), share);
    }
    for (const v1::MissingPair& pair : missingness.pairs()) {
      Add(kInfo, "MISSING_TOGETHER", pair.a(),
          absl::StrCat("is missing together with ", pair.b(), " in ", Percent(pair.share()),
                       " of the rows that miss one of them"),
          pair.rows(), pair.share());
    }
  }

  void AddDuplicates() {
    const bool kept = report_.has_duplicates_kept();
    const v1::DuplicatesRemoved& found =
        kept ? report_.duplicates_kept() : report_.duplicates_removed();
    const char* const fate = kept ? " rows were kept, though they are " : " rows were removed as ";
    const auto add = [&](const char* how, int64_t count) {
      if (count == 0) return;
      Add(kWarning, "DUPLICATES", "", absl::StrCat(count, fate, how), count, Share(count, rows_));
    };
    add("exact duplicates", found.exact());
    add("duplicates but for how they are written", found.normalised());
    add("probable duplicates", found.fuzzy());
  }

  const Report& report_;
  const int64_t rows_;  // That could be read.
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<v1::Finding> FindingsOf(const v1::Report& report) { return Findings(report).All(); }

}  // namespace dq
