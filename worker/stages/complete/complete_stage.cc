#include "worker/stages/complete/complete_stage.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "worker/stages/complete/missing/explained_values.h"
#include "worker/stages/complete/missing/missing_pattern.h"
#include "worker/stages/complete/profile/semantic_type.h"
#include "worker/stages/complete/profile/value_format.h"
#include "worker/stages/complete/reference/column_traits.h"

namespace dq {
namespace {

// A batch is filled in so many ranges of rows at most, of so many cells at least.
constexpr size_t kRangesMax = 16;
constexpr size_t kRangeCellsMin = 2048;

// Whether no cell of a sample is so long that the sample may know only its beginning.
bool HoldsWholeCells(const std::vector<EncodedColumn>& sampled) {
  return std::all_of(sampled.begin(), sampled.end(), [](const EncodedColumn& column) {
    return std::all_of(column.values.begin(), column.values.end(),
                       [](std::string_view value) { return value.size() < kSampleCellBytesMax; });
  });
}

}  // namespace

CompleteStage::CompleteStage(CompleteOptions options, ReferenceSpec reference, bool merges,
                             StageContext context)
    : options_(std::move(options)),
      reference_spec_(std::move(reference)),
      merges_(merges),
      context_(std::move(context)),
      tokens_(options_.detect == Detection::kNone ? MissingTokens::Vocabulary::kNotUsed
                                                  : MissingTokens::Vocabulary::kUsed,
              options_.missing_tokens, options_.not_missing_tokens),
      profile_bytes_(context_.memory, "learning what the columns hold") {}

absl::Status CompleteStage::Begin(Pass pass, const std::vector<std::string>& columns) {
  if (columns_.empty()) DQ_RETURN_IF_ERROR(Prepare(columns));
  if (pass == Pass::kLearn) {
    const ProfileLimits limits = ProfileLimits::ForColumns(columns_.size());
    profiles_.clear();
    profiles_.reserve(columns_.size());
    for (size_t i = 0; i < columns_.size(); ++i) profiles_.emplace_back(limits, tokens_);
    std::vector<size_t> all(columns_.size());
    std::iota(all.begin(), all.end(), 0);
    learners_ = all;
    learn_seconds_.assign(columns_.size(), 0);
    sample_ = std::make_unique<RowSample>(std::move(all), context_.memory);
    return absl::OkStatus();
  }
  after_ = {};
  rules_.emplace(FillRules{.options = options_,
                           .tokens = tokens_,
                           .columns = {},
                           .key = {reference_.get(), key_columns_},
                           .dependencies = dependencies_,
                           .tells_changes = context_.changes != nullptr});
  for (const ColumnFindings& findings : findings_) rules_->columns.push_back(&findings.rule);
  fillers_.clear();
  for (size_t i = 0; i < kRangesMax; ++i) fillers_.emplace_back(*rules_);
  return absl::OkStatus();
}

absl::Status CompleteStage::Prepare(const std::vector<std::string>& columns) {
  columns_ = columns;
  const std::vector<std::string>& names =
      options_.key_columns.empty() ? reference_spec_.keys : options_.key_columns;
  for (const std::string& name : names) {
    DQ_ASSIGN_OR_RETURN(const size_t index, FindColumn(columns, name, "the key"));
    key_columns_.push_back(index);
  }
  DQ_RETURN_IF_ERROR(PlaceFillValues());
  if (!reference_spec_.keys.empty() && reference_spec_.keys.size() != names.size()) {
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

absl::Status CompleteStage::PlaceFillValues() {
  const auto refuse = [](const FillValue& fill, std::string_view why) {
    return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                     "column \"" + fill.column + "\" cannot be filled with \"" + fill.value +
                         "\": " + std::string(why),
                     {{"category", "configuration"}, {"field", "fill_values"}});
  };
  for (const FillValue& fill : options_.fill_values) {
    DQ_ASSIGN_OR_RETURN(const size_t column,
                        FindColumn(columns_, fill.column, "option fill_values of complete"));
    if (std::find(key_columns_.begin(), key_columns_.end(), column) != key_columns_.end()) {
      return refuse(fill, "rows are told apart by it, it is a key");
    }
    if (tokens_.Contains(TrimSpace(fill.value))) {
      return refuse(fill, "it is a word for \"no value\"; --not-missing makes it data");
    }
    fill_values_.emplace_back(column, fill.value);
  }
  return absl::OkStatus();
}

absl::Status CompleteStage::LoadReference() {
  ReferenceOptions options{.fd = context_.reference_fd,
                           .sha256 = reference_spec_.sha256,
                           .key_columns = reference_spec_.keys,
                           .file_columns = columns_,
                           .stop = context_.stop,
                           .sample = options_.fill >= FillMethod::kDependency,
                           .read = context_.reference_read};
  if (reference_spec_.on_bad_row == BadRowPolicy::kFail) options.on_bad_row = BadRowPolicy::kFail;
  if (options.key_columns.empty()) options.key_columns = options_.key_columns;
  if (options_.fill == FillMethod::kNone) options.key_columns.clear();
  DQ_ASSIGN_OR_RETURN(reference_, ReferenceTable::Load(options, tokens_, context_));
  return absl::OkStatus();
}

absl::Status CompleteStage::Learn(const RowBatch& batch) {
  // Those that took longest first: threads that share them end at about the same time.
  std::sort(learners_.begin(), learners_.end(),
            [this](size_t a, size_t b) { return learn_seconds_[a] > learn_seconds_[b]; });
  DQ_RETURN_IF_ERROR(context_.pool.ParallelFor(profiles_.size() + 1, [&](size_t i) -> absl::Status {
    if (i == 0) return sample_->Add(batch);
    LearnFromColumn(batch, learners_[i - 1]);
    return absl::OkStatus();
  }));
  return TakeProfileMemory();
}

void CompleteStage::LearnFromColumn(const RowBatch& batch, size_t column) {
  const auto start = std::chrono::steady_clock::now();
  profiles_[column].Learn(batch, column);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  learn_seconds_[column] = taken.count();
}

// Accounts for what the profiles have grown by.
absl::Status CompleteStage::TakeProfileMemory() {
  int64_t bytes = 0;
  for (const ColumnProfile& profile : profiles_) bytes += profile.memory_bytes();
  return profile_bytes_.Resize(static_cast<size_t>(bytes));
}

// Works on all columns at the same time; CANCELLED once a stop is asked for.
absl::Status CompleteStage::ForEachColumn(absl::FunctionRef<void(size_t)> work) {
  return context_.pool.ParallelFor(columns_.size(), [&](size_t i) {
    absl::Status go_on = CheckStop(context_.stop);
    if (go_on.ok()) work(i);
    return go_on;
  });
}

absl::Status CompleteStage::EndLearn() {
  findings_ = std::vector<ColumnFindings>(columns_.size());
  std::vector<EncodedColumn> sampled(columns_.size());
  DQ_ASSIGN_OR_RETURN(std::vector<DisguiseFindings> found, FindEvidence(sampled));
  DQ_RETURN_IF_ERROR(ForEachColumn([&](size_t i) {
    const size_t column = learners_[i];
    LearnColumn(column, std::move(found[column]), sampled[column]);
  }));
  profiles_.clear();
  profile_bytes_.Clear();
  ChooseStatistics();
  missingness_ = DescribeMissingness(sampled, columns_);
  sample_rows_ = sample_->complete() ? 0 : sample_->row_count();
  if (reference_ != nullptr) DQ_RETURN_IF_ERROR(CompareWithReference(sampled));
  DQ_RETURN_IF_ERROR(LearnDependent(std::move(sampled)));
  sample_.reset();
  return absl::OkStatus();
}

// A key is what rows are told apart by: no statistic can know it.
void CompleteStage::ChooseStatistics() {
  for (const size_t key : key_columns_) findings_[key].rule.statistic.reset();
  for (const auto& [column, value] : fill_values_) {
    findings_[column].rule.statistic = {value, kConstant, 1};
  }
  for (ColumnFindings& findings : findings_) {
    if (!findings.rule.statistic.has_value()) continue;
    findings.report.statistic = findings.rule.statistic->method;
  }
}

// Encodes the sample and finds the values that stand for "no value" and that no other column
// explains.
absl::StatusOr<std::vector<DisguiseFindings>> CompleteStage::FindEvidence(
    std::vector<EncodedColumn>& sampled) {
  std::vector<DisguiseFindings> found(columns_.size());
  DQ_RETURN_IF_ERROR(ForEachColumn([&](size_t i) {
    const size_t column = learners_[i];
    sampled[column] = EncodeColumn(sample_->column(column));
    if (options_.detect == Detection::kEvidence) {
      found[column] = FindDisguises(sampled[column], tokens_);
    }
  }));
  std::vector<std::optional<size_t>> explaining(columns_.size());
  const Explanations explanations({sampled, found, tokens_});
  DQ_RETURN_IF_ERROR(
      ForEachColumn([&](size_t column) { explaining[column] = explanations.Find(column); }));
  for (size_t column = 0; column < columns_.size(); ++column) {
    if (!explaining[column].has_value()) continue;
    std::erase_if(found[column].disguises, [&](const Disguise& disguise) {
      const bool explained = CouldBeExplained(disguise);
      if (explained) explained_.push_back({disguise.value, column, *explaining[column]});
      return explained;
    });
  }
  return found;
}

// Decides about one column and takes the missing cells out of its sample.
void CompleteStage::LearnColumn(size_t column, DisguiseFindings disguises, EncodedColumn& sampled) {
  ColumnFindings& findings = findings_[column];
  const ColumnRule* const reference = reference_ == nullptr ? nullptr : reference_->RuleOf(column);
  findings = profiles_[column].Decide(columns_[column], std::move(disguises.disguises), reference);
  findings.categories = std::move(disguises.categories);
  if (options_.fill == FillMethod::kStatistic) {
    profiles_[column].OfferStatistic(options_.statistic, findings);
  }
  BlankOut(sampled,
           [&](std::string_view value) { return findings.rule.IsMissing(value, tokens_); });
  const SemanticFinding semantic = FindSemanticType(columns_[column], sampled);
  findings.report.semantic_type = semantic.type;
  findings.report.semantic_conformity = semantic.conformity;
  FormatFinding format = FindFormat(sampled, findings.rule.type);
  findings.report.format = std::move(format.format);
  findings.report.format_conformity = format.conformity;
  findings.report.missing_by_bin = MissingByBin(sampled);
}

// Learns how missing cells can be known from the others of their row.
absl::Status CompleteStage::LearnDependent(std::vector<EncodedColumn> sampled) {
  dependencies_.clear();
  if (options_.fill < FillMethod::kDependency) return absl::OkStatus();
  std::vector<const ColumnRule*> rules;
  for (const ColumnFindings& findings : findings_) rules.push_back(&findings.rule);
  SampleFilling sample(std::move(sampled), std::move(rules), tokens_, context_.memory);
  DQ_RETURN_IF_ERROR(sample.FillByKey({reference_.get(), key_columns_}));
  std::vector<EncodedColumn> reference;
  if (reference_ != nullptr) reference = reference_->Sample();
  const DependencyScope scope{
      .names = columns_,
      .findings = findings_,
      .key_columns = key_columns_,
      .reference = reference,
      .whole = sample_->complete() && HoldsWholeCells(sample.columns()),
      .confidence_min = std::max(options_.min_confidence, kDependencyConfidenceMin),
      .stop = context_.stop};
  DQ_ASSIGN_OR_RETURN(dependencies_,
                      LearnDependencies(scope, sample, context_.pool, context_.memory));
  if (reference_ != nullptr) reference_->ForgetSample();
  return absl::OkStatus();
}

absl::Status CompleteStage::CompareWithReference(const std::vector<EncodedColumn>& sampled) {
  std::vector<TypedColumn> file;
  for (size_t i = 0; i < columns_.size(); ++i) {
    file.push_back({columns_[i], findings_[i].rule.type});
  }
  std::vector<TypedColumn> reference;
  for (size_t i = 0; i < reference_->columns().size(); ++i) {
    reference.push_back({reference_->columns()[i], reference_->type(i)});
  }
  // The user has said which columns of the reference the key's are.
  for (size_t i = 0; i < reference_spec_.keys.size(); ++i) {
    const auto key = std::find(reference_->columns().begin(), reference_->columns().end(),
                               reference_spec_.keys[i]);
    if (key == reference_->columns().end()) continue;
    reference[static_cast<size_t>(key - reference_->columns().begin())].name =
        columns_[key_columns_[i]];
  }
  // Of the columns that may be renamed.
  absl::flat_hash_map<size_t, ColumnTraits> of_file;
  absl::flat_hash_map<size_t, ColumnTraits> of_reference;
  const auto traits_of = [&](size_t column) {
    const auto& [name, type] = reference[column];
    if (!reference_->has_sample()) return ColumnTraits(name, type, nullptr);
    const EncodedColumn values = reference_->SampleOf(column);
    return ColumnTraits(name, type, &values);
  };
  absl::Status go_on;
  schema_ = CompareSchemas(file, reference, [&](size_t to, size_t from) {
    if (go_on.ok()) go_on = CheckStop(context_.stop);
    if (!go_on.ok()) return 0.0;
    const auto here = of_file.try_emplace(to, file[to].name, file[to].type, &sampled[to]).first;
    auto there = of_reference.find(from);
    if (there == of_reference.end()) there = of_reference.emplace(from, traits_of(from)).first;
    return here->second.RenameConfidence(there->second);
  });
  return go_on;
}

absl::Status CompleteStage::Apply(RowBatch& batch) {
  const size_t rows = batch.row_count();
  rows_.missing.assign(rows, 0);
  rows_.invalid.assign(rows, 0);
  const size_t ranges = std::clamp<size_t>(rows * columns_.size() / kRangeCellsMin, 1, kRangesMax);
  DQ_RETURN_IF_ERROR(context_.pool.ParallelFor(ranges, [&](size_t i) {
    return fillers_[i].Fill(batch, rows * i / ranges, rows * (i + 1) / ranges, rows_);
  }));
  if (context_.changes == nullptr) return absl::OkStatus();
  for (size_t i = 0; i < ranges; ++i) DQ_RETURN_IF_ERROR(WriteChanges(batch, fillers_[i]));
  return absl::OkStatus();
}

absl::Status CompleteStage::WriteChanges(const RowBatch& batch, const RowFiller& filler) {
  for (const RowFiller::Change& change : filler.changes()) {
    const std::string row = std::to_string(batch.row(change.row).number);
    const std::array<std::string_view, 6> cells = {row,           columns_[change.column],
                                                   change.before, change.after,
                                                   change.method, change.confidence};
    DQ_RETURN_IF_ERROR(context_.changes->Add(cells));
  }
  return absl::OkStatus();
}

CompleteStage::CellCounts CompleteStage::CountCells(const RowBatch& batch, size_t row) const {
  CellCounts counts;
  for (size_t column = 0; column < columns_.size(); ++column) {
    const ColumnRule& rule = *rules_->columns[column];
    const std::string_view value = TrimSpace(batch.cell(row, column));
    if (rule.IsMissing(value, tokens_)) {
      ++counts.missing;
    } else if (!Conforms(TypeOf(value), rule.judged_type)) {
      ++counts.invalid;
    }
  }
  return counts;
}

void CompleteStage::Settle(const RowBatch& batch) {
  for (size_t row = 0; row < batch.row_count(); ++row) {
    if (batch.row(row).dropped) continue;
    after_.cells += static_cast<int64_t>(columns_.size());
    // Some of the cells that were missing may hold what another row held.
    const bool merged = merges_ && rows_.missing[row] > 0;
    const CellCounts counts =
        merged ? CountCells(batch, row)
               : CellCounts{.missing = rows_.missing[row], .invalid = rows_.invalid[row]};
    after_.missing += counts.missing;
    after_.invalid += counts.invalid;
  }
}

// What is filled comes from the column itself, from the reference or from the user.
std::vector<bool> CompleteStage::number_columns() const {
  std::vector<bool> numbers;
  for (size_t column = 0; column < findings_.size(); ++column) {
    const ColumnFindings& findings = findings_[column];
    const ColumnRule* const reference =
        reference_ == nullptr ? nullptr : reference_->RuleOf(column);
    const auto& statistic = findings.rule.statistic;
    if (statistic.has_value() && !IsSafeNumber(statistic->value, TypeOf(statistic->value))) {
      numbers.push_back(false);
      continue;
    }
    numbers.push_back(options_.fill == FillMethod::kNone
                          ? findings.only_numbers
                          : findings.only_numbers_when_cleared && findings.rule.IsNumber() &&
                                (reference == nullptr || !reference->has_unsafe_number));
  }
  return numbers;
}

}  // namespace dq
