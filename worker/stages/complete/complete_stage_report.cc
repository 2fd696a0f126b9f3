// What stage `complete` says in the report.
#include <algorithm>

#include "worker/stages/complete/complete_stage.h"

namespace dq {
namespace {

constexpr size_t kCategoriesTold = 4;
constexpr size_t kExplainedTold = 4;
constexpr size_t kDifferencesTold = 4;

double Percent(int64_t part, int64_t whole) {
  return whole == 0 ? 100 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

absl::Status CompleteStage::Finish(Report& report) {
  SumFillers();
  for (const ColumnFindings& findings : findings_) report.cells_filled += findings.report.filled;
  for (const RowFiller& filler : fillers_) {
    for (const FillCounts& counts : filler.counts()) report.cells_cleared += counts.cleared;
  }
  report.schema = schema_.schema;
  report.missingness = missingness_;
  AddDimensions(report);
  AddLimits(report);
  report.columns.clear();
  for (const ColumnFindings& findings : findings_) report.columns.push_back(findings.report);
  return absl::OkStatus();
}

// Adds up what the fillers of the last pass counted.
void CompleteStage::SumFillers() {
  for (size_t column = 0; column < findings_.size(); ++column) {
    ReportColumn& report = findings_[column].report;
    if (findings_[column].rule.IsNumber()) report.histogram.assign(kHistogramBins, 0);
    for (const RowFiller& filler : fillers_) {
      const FillCounts& counts = filler.counts()[column];
      report.filled += counts.filled;
      report.missing_after += counts.left_missing;
      for (size_t bin = 0; bin < report.histogram.size(); ++bin) {
        report.histogram[bin] += counts.histogram[bin];
      }
    }
  }
}

void CompleteStage::AddDimensions(Report& report) const {
  int64_t present = 0;
  int64_t missing = 0;
  int64_t conforming = 0;
  for (const ColumnFindings& findings : findings_) {
    present += findings.present;
    missing += findings.report.missing;
    conforming += findings.conforming;
  }
  const int64_t present_after = after_.cells - after_.missing;
  report.dimensions["completeness"] = {.score = Percent(present_after, after_.cells),
                                       .score_before = Percent(present, present + missing),
                                       .weight = kCompletenessWeight};
  report.dimensions["validity"] = {.score = Percent(present_after - after_.invalid, present_after),
                                   .score_before = Percent(conforming, present),
                                   .weight = kValidityWeight};
  if (schema_.schema.compared) {
    report.dimensions["schema"] = {
        .score = schema_.score, .score_before = schema_.score, .weight = kSchemaWeight};
  }
}

void CompleteStage::AddLimits(Report& report) const {
  if (sample_rows_ > 0) {
    report.sampled = true;
    report.limits.push_back(
        "Missing values by evidence, dependencies, semantic types and the places of missing cells "
        "come from a sample of " +
        std::to_string(sample_rows_) + " rows.");
  }
  const auto count = [this](bool ColumnFindings::*flag) {
    return std::count_if(findings_.begin(), findings_.end(),
                         [flag](const ColumnFindings& findings) { return findings.*flag; });
  };
  if (const auto columns = count(&ColumnFindings::counts_estimated); columns > 0) {
    report.limits.push_back("The most frequent values of " + std::to_string(columns) +
                            " columns are found by a sketch: they have many different values.");
  }
  if (const auto columns = count(&ColumnFindings::distinct_estimated); columns > 0) {
    report.limits.push_back("The numbers of different values of " + std::to_string(columns) +
                            " columns are estimates: there are too many to count.");
  }
  if (const auto columns = count(&ColumnFindings::quantiles_estimated); columns > 0) {
    report.limits.push_back("Quantiles of " + std::to_string(columns) +
                            " columns are estimates within 0.1 % of the rank.");
  }
  AddCategories(report);
  AddExplained(report);
  if (reference_ == nullptr) return;
  AddDifferences(report);
  if (const int64_t rows = reference_->rows_rejected(); rows > 0) {
    const std::vector<std::string>& told = reference_->first_bad_rows();
    const int64_t more = rows - static_cast<int64_t>(told.size());
    report.limits.push_back(std::to_string(rows) + " rows of the reference could not be read: " +
                            ListForNote(told, told.size()) +
                            (more > 0 ? " and " + std::to_string(more) + " more." : "."));
  }
}

// Tells of keys for which rows of the reference differ.
void CompleteStage::AddDifferences(Report& report) const {
  const int64_t keys = reference_->ambiguous_keys();
  if (keys == 0) return;
  std::vector<std::string> where;
  for (const auto& [name, count] : reference_->DifferingColumns()) {
    where.push_back(QuotedName(name) + " (" + std::to_string(count) + ")");
  }
  report.limits.push_back("For " + std::to_string(keys) +
                          " keys rows of the reference differ, in " +
                          ListForNote(where, kDifferencesTold) +
                          ": not filled, unless rows spelled like the file's key agree.");
}

// Tells of values far from the others that were not cleared, of the first ones.
void CompleteStage::AddExplained(Report& report) const {
  for (size_t i = 0; i < std::min(explained_.size(), kExplainedTold); ++i) {
    const auto& [value, column, by] = explained_[i];
    report.limits.push_back(
        "\"" + value + "\" stands far from the other values of " + QuotedName(columns_[column]) +
        ", but just where " + QuotedName(columns_[by]) +
        " has certain values: it was taken for data; --missing " + value + " clears it.");
  }
}

// Tells of words among numbers that were not cleared, in the first columns that have them.
void CompleteStage::AddCategories(Report& report) const {
  size_t told = 0;
  for (const ColumnFindings& findings : findings_) {
    for (const std::string& word : findings.categories) {
      if (told++ == kCategoriesTold) return;
      report.limits.push_back(
          "\"" + word + "\" stands among the numbers or codes of \"" + findings.report.name +
          "\" so often that it was taken for data; --missing " + word + " clears it.");
    }
  }
}

}  // namespace dq
