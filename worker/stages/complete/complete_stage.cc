#include "worker/stages/complete/complete_stage.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kHistogramBins = 10;
constexpr int64_t kProfileShare = 3;  // Of the memory: the profiles get one third at most.

double Percent(int64_t part, int64_t whole) {
  return whole == 0 ? 100 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

size_t BinOf(double number, const ColumnRule& rule) {
  if (!(rule.max > rule.min)) return 0;
  const double share = (number - rule.min) / (rule.max - rule.min);
  return std::min(kHistogramBins - 1, static_cast<size_t>(share * kHistogramBins));
}

}  // namespace

CompleteStage::CompleteStage(CompleteOptions options, std::vector<std::string> reference_keys,
                             std::string reference_sha256, StageContext context)
    : options_(std::move(options)),
      reference_key_names_(std::move(reference_keys)),
      reference_sha256_(std::move(reference_sha256)),
      context_(std::move(context)),
      tokens_(options_.missing_tokens, options_.not_missing_tokens) {}

absl::Status CompleteStage::Begin(Pass pass, const std::vector<std::string>& columns) {
  if (columns_.empty()) DQ_RETURN_IF_ERROR(Prepare(columns));
  if (pass == Pass::kLearn) {
    const ProfileLimits limits = ProfileLimits::ForColumns(
        columns_.size(), context_.memory.available_bytes() / kProfileShare);
    const int64_t bytes = limits.BytesInAll(columns_.size());
    DQ_RETURN_IF_ERROR(context_.memory.Take(bytes, "learning what the columns hold"));
    profile_bytes_ = bytes;
    profiles_.clear();
    profiles_.reserve(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) profiles_.emplace_back(limits, tokens_);
    return absl::OkStatus();
  }
  filled_ = 0;
  after_ = {};
  for (ColumnFindings& findings : findings_) {
    findings.report.filled = 0;
    findings.report.missing_after = 0;
    findings.report.histogram.assign(findings.rule.IsNumber() ? kHistogramBins : 0, 0);
  }
  return absl::OkStatus();
}

absl::Status CompleteStage::Prepare(const std::vector<std::string>& columns) {
  columns_ = columns;
  const std::vector<std::string>& names =
      options_.key_columns.empty() ? reference_key_names_ : options_.key_columns;
  for (const std::string& name : names) {
    DQ_ASSIGN_OR_RETURN(const size_t index, FindColumn(columns, name, "the key"));
    key_columns_.push_back(index);
  }
  if (!reference_key_names_.empty() && reference_key_names_.size() != names.size()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                     "the file's key and the reference's key have different numbers of columns",
                     {{"category", "configuration"}, {"field", "key_columns"}});
  }
  if (context_.reference_fd >= 0) return LoadReference();
  if (names.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "REFERENCE_MISSING",
                   "the key \"" + names.front() + "\" needs a reference; give one, or no key",
                   {{"category", "configuration"}, {"column", names.front()}});
}

absl::Status CompleteStage::LoadReference() {
  ReferenceOptions options{.fd = context_.reference_fd,
                           .sha256 = reference_sha256_,
                           .key_columns = reference_key_names_,
                           .file_columns = columns_,
                           .stop = context_.stop};
  if (options.key_columns.empty()) options.key_columns = options_.key_columns;
  if (options_.fill == FillMethod::kNone) options.key_columns.clear();
  DQ_ASSIGN_OR_RETURN(reference_, ReferenceTable::Load(options, tokens_, context_.memory));
  return absl::OkStatus();
}

absl::Status CompleteStage::Learn(const RowBatch& batch) {
  for (size_t i = 0; i < profiles_.size(); ++i) profiles_[i].Learn(batch, i);
  return absl::OkStatus();
}

absl::Status CompleteStage::EndLearn() {
  findings_.clear();
  std::vector<TypedColumn> file;
  for (size_t i = 0; i < profiles_.size(); ++i) {
    findings_.push_back(profiles_[i].Decide(columns_[i]));
    file.push_back({columns_[i], findings_.back().rule.type});
  }
  profiles_.clear();
  context_.memory.Release(std::exchange(profile_bytes_, 0));
  // A key is what rows are told apart by: no statistic can know it.
  for (const size_t key : key_columns_) findings_[key].rule.statistic.reset();
  if (reference_ == nullptr) return absl::OkStatus();
  std::vector<TypedColumn> reference;
  for (size_t i = 0; i < reference_->columns().size(); ++i) {
    reference.push_back({reference_->columns()[i], reference_->type(i)});
  }
  schema_ = CompareSchemas(file, reference);
  return absl::OkStatus();
}

absl::Status CompleteStage::Apply(RowBatch& batch) {
  missing_.clear();
  missing_by_row_.assign(batch.row_count(), 0);
  invalid_by_row_.assign(batch.row_count(), 0);
  looked_up_row_ = SIZE_MAX;
  for (size_t column = 0; column < columns_.size(); ++column) ScanColumn(batch, column);
  return FillCells(batch);
}

void CompleteStage::ScanColumn(const RowBatch& batch, size_t column) {
  ColumnFindings& findings = findings_[column];
  const ColumnRule& rule = findings.rule;
  const std::vector<std::string_view>& cells = batch.column(column);
  for (size_t row = 0; row < cells.size(); ++row) {
    if (batch.dropped_count() > 0 && batch.row(row).dropped) continue;
    const std::string_view value = TrimSpace(cells[row]);
    if (rule.IsMissing(value, tokens_)) {
      missing_.push_back({static_cast<uint32_t>(row), static_cast<uint32_t>(column)});
      continue;
    }
    if (rule.type == ValueType::kText) continue;
    const ValueType type = TypeOf(value);
    if (!Conforms(type, rule.type)) {
      ++invalid_by_row_[row];
    } else if (rule.IsNumber()) {
      ++findings.report.histogram[BinOf(NumberOf(value), rule)];
    }
  }
}

absl::Status CompleteStage::FillCells(RowBatch& batch) {
  std::sort(missing_.begin(), missing_.end());
  for (const MissingCell& cell : missing_) DQ_RETURN_IF_ERROR(FillCell(batch, cell));
  return absl::OkStatus();
}

absl::Status CompleteStage::FillCell(RowBatch& batch, const MissingCell& cell) {
  ReportColumn& report = findings_[cell.column].report;
  const Fill fill = FindFill(batch, cell);
  if (fill.value.empty()) {
    ++report.missing_after;
    ++missing_by_row_[cell.row];
    // A word for "no value" is cleared, so that the next program need not know it.
    if (options_.fill == FillMethod::kNone || batch.cell(cell.row, cell.column).empty()) {
      return absl::OkStatus();
    }
  } else {
    ++report.filled;
    ++filled_;
  }
  DQ_RETURN_IF_ERROR(WriteChange(batch, cell, fill));
  batch.SetCell(cell.row, cell.column, fill.value);
  return absl::OkStatus();
}

CompleteStage::Fill CompleteStage::FindFill(const RowBatch& batch, const MissingCell& cell) {
  const Fill none{.value = "", .method = "clear", .confidence = "1"};
  if (options_.fill == FillMethod::kNone) return none;
  const ColumnRule& rule = findings_[cell.column].rule;
  if (const auto row = FindReferenceRow(batch, cell.row); row != nullptr) {
    const std::string_view value = reference_->Value(row, cell.column);
    if (!rule.IsMissing(value, tokens_) && Conforms(TypeOf(value), rule.type)) {
      return {.value = value, .method = "reference", .confidence = "1"};
    }
  }
  if (options_.fill != FillMethod::kStatistic || !rule.statistic.has_value()) return none;
  if (options_.min_confidence > kStatisticConfidence) return none;
  return {.value = rule.statistic->value, .method = rule.statistic->method, .confidence = "0.5"};
}

ReferenceTable::Row CompleteStage::FindReferenceRow(const RowBatch& batch, size_t row) {
  if (reference_ == nullptr || key_columns_.empty()) return nullptr;
  if (looked_up_row_ == row) return reference_row_;
  looked_up_row_ = row;
  reference_row_ = nullptr;
  key_.clear();
  for (const size_t column : key_columns_) {
    const std::string_view value = TrimSpace(batch.cell(row, column));
    if (findings_[column].rule.IsMissing(value, tokens_)) return nullptr;
    ReferenceTable::AppendKey(key_, value);
  }
  reference_row_ = reference_->Find(key_);
  return reference_row_;
}

absl::Status CompleteStage::WriteChange(const RowBatch& batch, const MissingCell& cell,
                                        const Fill& fill) {
  if (context_.changes == nullptr) return absl::OkStatus();
  const std::string row = std::to_string(batch.row(cell.row).number);
  const std::array<std::string_view, 6> cells = {
      row,        columns_[cell.column], batch.cell(cell.row, cell.column),
      fill.value, fill.method,           fill.confidence};
  return context_.changes->Add(cells);
}

void CompleteStage::Settle(const RowBatch& batch) {
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (batch.row(row).dropped) continue;
    after_.cells += static_cast<int64_t>(columns_.size());
    after_.missing += missing_by_row_[row];
    after_.invalid += invalid_by_row_[row];
  }
}

absl::Status CompleteStage::Finish(Report& report) {
  report.cells_filled += filled_;
  report.schema = schema_.schema;
  AddDimensions(report);
  AddLimits(report);
  report.columns.clear();
  for (const ColumnFindings& findings : findings_) report.columns.push_back(findings.report);
  return absl::OkStatus();
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
  const auto count = [this](bool ColumnFindings::*flag) {
    return std::count_if(findings_.begin(), findings_.end(),
                         [flag](const ColumnFindings& findings) { return findings.*flag; });
  };
  if (const auto columns = count(&ColumnFindings::counts_estimated); columns > 0) {
    report.limits.push_back("Distinct and most frequent values of " + std::to_string(columns) +
                            " columns are estimates: they have too many different values.");
  }
  if (const auto columns = count(&ColumnFindings::quantiles_estimated); columns > 0) {
    report.limits.push_back("Quantiles of " + std::to_string(columns) +
                            " columns are estimates within 0.1 % of the rank.");
  }
  if (reference_ == nullptr) return;
  if (const int64_t keys = reference_->ambiguous_keys(); keys > 0) {
    report.limits.push_back(std::to_string(keys) +
                            " keys occur more than once in the reference and were not used.");
  }
  if (const int64_t rows = reference_->rows_rejected(); rows > 0) {
    report.limits.push_back(std::to_string(rows) + " rows of the reference could not be read.");
  }
}

}  // namespace dq
