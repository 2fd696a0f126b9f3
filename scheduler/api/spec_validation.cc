#include "scheduler/api/spec_validation.h"

#include <algorithm>
#include <set>
#include <string>

#include "common/base/error.h"
#include "scheduler/api/chain_defaults.h"
#include "scheduler/api/form_validation.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr size_t kConcurrencyKeyCharactersMax = 128;
constexpr size_t kDisplayNameCharactersMax = 200;
constexpr size_t kRequestIdCharactersMax = 64;
constexpr int kLabelsMax = 64;
constexpr size_t kLabelCharactersMax = 63;
constexpr int kStagesMax = 16;
constexpr int kColumnsMax = 1000;
// How likely fuzzy matches may have to be.
constexpr double kThresholdMin = 0.01;
constexpr double kThresholdMax = 0.999999;
constexpr size_t kColumnCharactersMax = 256;
constexpr int kTokensMax = 1000;
constexpr int kFillValuesMax = 1000;
constexpr int64_t kNoopDurationMsMax = 3'600'000;
constexpr size_t kSpecBytesMax = 256 * 1024;  // With fields of newer versions.
constexpr absl::Duration kNoProgressTimeoutMin = absl::Seconds(10);  // Three reports.
constexpr int kPriorityMax = 100;
constexpr int kAttemptsMax = 100;
constexpr int kDependenciesMax = 100;
constexpr double kMultiplierMax = 10;
constexpr char kSpec[] = "job.spec.";

bool IsWithin(double value, double low, double high) { return value >= low && value <= high; }

void CheckTexts(const google::protobuf::RepeatedPtrField<std::string>& texts, int count_max,
                const std::string& field, Violations& violations) {
  violations.Require(texts.size() <= count_max, field,
                     "at most " + std::to_string(count_max) + " entries");
  std::set<std::string> seen;
  for (const std::string& text : texts) {
    violations.Require(IsPlainText(text, kColumnCharactersMax), field,
                       "an entry has at most 256 characters and no control characters");
    violations.Require(seen.insert(text).second, field, "'" + text + "' is named twice");
  }
}

void CheckFillValues(const v1::CompleteOptions& options, const std::string& field,
                     Violations& violations) {
  violations.Require(options.fill_values_size() <= kFillValuesMax, field, "at most 1,000 entries");
  violations.Require(options.fill_values().empty() || options.fill() != v1::FILL_METHOD_NONE, field,
                     "do not go with FILL_METHOD_NONE");
  std::set<std::string> columns;
  for (const v1::FillValue& fill : options.fill_values()) {
    violations.Require(IsPlainText(fill.column(), kColumnCharactersMax), field,
                       "a column has at most 256 characters and no control characters");
    violations.Require(
        fill.value().find_first_not_of(' ') != std::string::npos &&
            IsPlainText(fill.value(), kColumnCharactersMax),
        field, "a value has 1 to 256 characters, not only blanks, and no control characters");
    violations.Require(columns.insert(fill.column()).second, field,
                       "'" + fill.column() + "' is named twice");
    const auto& keys = options.key_columns();
    violations.Require(std::find(keys.begin(), keys.end(), fill.column()) == keys.end(), field,
                       "'" + fill.column() + "' is a key column");
  }
}

void CheckComplete(const v1::CompleteOptions& options, const std::string& field,
                   Violations& violations) {
  CheckTexts(options.key_columns(), kColumnsMax, field + "key_columns", violations);
  CheckTexts(options.missing_tokens(), kTokensMax, field + "missing_tokens", violations);
  CheckTexts(options.not_missing_tokens(), kTokensMax, field + "not_missing_tokens", violations);
  violations.Require(v1::FillMethod_IsValid(options.fill()), field + "fill",
                     "not a FillMethod of this version");
  violations.Require(v1::Detection_IsValid(options.detect()), field + "detect",
                     "not a Detection of this version");
  violations.Require(IsWithin(options.min_confidence(), 0, 1), field + "min_confidence", "0 to 1");
  violations.Require(v1::Statistic_IsValid(options.statistic()), field + "statistic",
                     "not a Statistic of this version");
  violations.Require(options.statistic() == v1::STATISTIC_UNSPECIFIED ||
                         options.fill() == v1::FILL_METHOD_STATISTIC,
                     field + "statistic", "goes with FILL_METHOD_STATISTIC, and only with it");
  CheckFillValues(options, field + "fill_values", violations);
}

void CheckDedupe(const v1::DedupeOptions& options, const std::string& field,
                 Violations& violations) {
  CheckTexts(options.columns(), kColumnsMax, field + "columns", violations);
  violations.Require(v1::MatchKind_IsValid(options.match()), field + "match",
                     "not a MatchKind of this version");
  violations.Require(v1::SurvivorKind_IsValid(options.survivor()), field + "survivor",
                     "not a SurvivorKind of this version");
  violations.Require(
      (options.survivor() == v1::SURVIVOR_KIND_NEWEST) == !options.newest_column().empty(),
      field + "newest_column", "goes with SURVIVOR_KIND_NEWEST, and only with it");
  violations.Require(v1::DuplicateHandling_IsValid(options.duplicates()), field + "duplicates",
                     "not a DuplicateHandling of this version");
  violations.Require(!options.merge() || options.duplicates() != v1::DUPLICATE_HANDLING_KEEP,
                     field + "merge", "does not go with DUPLICATE_HANDLING_KEEP");
  violations.Require(options.match_threshold() == 0 ||
                         IsWithin(options.match_threshold(), kThresholdMin, kThresholdMax),
                     field + "match_threshold", "0.01 to 0.999999");
  violations.Require(options.match_threshold() == 0 || options.match() == v1::MATCH_KIND_FUZZY,
                     field + "match_threshold", "goes with MATCH_KIND_FUZZY, and only with it");
}

void CheckStage(const v1::Stage& stage, const std::string& field, Violations& violations) {
  switch (stage.kind_case()) {
    case v1::Stage::kComplete:
      return CheckComplete(stage.complete(), field + ".complete.", violations);
    case v1::Stage::kDedupe:
      return CheckDedupe(stage.dedupe(), field + ".dedupe.", violations);
    case v1::Stage::kNoop:
      return violations.Require(
          stage.noop().duration_ms() >= 0 && stage.noop().duration_ms() <= kNoopDurationMsMax,
          field + ".noop.duration_ms", "0 to 3,600,000");
    case v1::Stage::KIND_NOT_SET:
      return;  // Reported as UNKNOWN_STAGE.
  }
}

void CheckLabels(const v1::Job& job, Violations& violations) {
  violations.Require(static_cast<int>(job.labels().size()) <= kLabelsMax, "job.labels",
                     "at most 64 labels");
  for (const auto& [key, value] : job.labels()) {
    violations.Require(!key.empty() && IsPlainText(key, kLabelCharactersMax), "job.labels",
                       "a key has 1 to 63 characters and no control characters");
    violations.Require(IsPlainText(value, kLabelCharactersMax), "job.labels",
                       "a value has at most 63 characters and no control characters");
  }
}

void CheckWait(bool is_set, const google::protobuf::Duration& wait, const std::string& field,
               Violations& violations) {
  violations.Require(!is_set || (IsValidProto(wait) && FromProto(wait) >= absl::ZeroDuration()),
                     field, "a duration that is not negative");
}

void CheckRetry(const v1::RetryPolicy& retry, Violations& violations) {
  const std::string field = std::string(kSpec) + "retry.";
  violations.Require(retry.max_attempts() >= 0 && retry.max_attempts() <= kAttemptsMax,
                     field + "max_attempts", "1 to 100, or 0 for the default of 3");
  violations.Require(retry.multiplier() == 0 || IsWithin(retry.multiplier(), 1, kMultiplierMax),
                     field + "multiplier", "1 to 10, or 0 for the default of 2");
  CheckWait(retry.has_backoff(), retry.backoff(), field + "backoff", violations);
  CheckWait(retry.has_backoff_cap(), retry.backoff_cap(), field + "backoff_cap", violations);
}

void CheckGate(const v1::Gate& gate, Violations& violations) {
  violations.Require(!gate.has_min_score() || IsWithin(gate.min_score(), 0, 100),
                     std::string(kSpec) + "gate.min_score", "0 to 100");
  violations.Require(!gate.has_max_duplicate_ratio() || IsWithin(gate.max_duplicate_ratio(), 0, 1),
                     std::string(kSpec) + "gate.max_duplicate_ratio", "0 to 1");
}

void CheckTimeout(bool given, const google::protobuf::Duration& timeout, absl::Duration least,
                  std::string_view field, std::string_view rule, Violations& violations) {
  violations.Require(!given || (IsValidProto(timeout) && FromProto(timeout) >= least),
                     std::string(kSpec) + std::string(field), rule);
}

void CheckTimes(const v1::JobSpec& spec, Violations& violations) {
  CheckTimeout(spec.has_execution_timeout(), spec.execution_timeout(), absl::Nanoseconds(1),
               "execution_timeout", "a positive duration", violations);
  CheckTimeout(spec.has_no_progress_timeout(), spec.no_progress_timeout(), kNoProgressTimeoutMin,
               "no_progress_timeout", "at least 10 s: workers report every 3 s", violations);
  const bool is_time = !spec.has_not_before() || IsValidProto(spec.not_before());
  violations.Require(is_time, std::string(kSpec) + "not_before",
                     "a time between the years 1 and 9999");
  if (!spec.has_start_deadline()) return;
  const bool is_deadline = IsValidProto(spec.start_deadline());
  violations.Require(is_deadline, std::string(kSpec) + "start_deadline",
                     "a time between the years 1 and 9999");
  if (!is_deadline || !is_time || !spec.has_not_before()) return;
  violations.Require(FromProto(spec.start_deadline()) > FromProto(spec.not_before()),
                     std::string(kSpec) + "start_deadline", "later than not_before");
}

void CheckRules(const v1::JobSpec& spec, Violations& violations) {
  violations.Require(spec.queue().empty() || IsResourceId(spec.queue()),
                     std::string(kSpec) + "queue", "an id: lower-case letters, digits and dashes");
  violations.Require(spec.priority() >= -kPriorityMax && spec.priority() <= kPriorityMax,
                     std::string(kSpec) + "priority", "-100 to 100");
  CheckRetry(spec.retry(), violations);
  CheckTimes(spec, violations);
  CheckGate(spec.gate(), violations);
  violations.Require(IsPlainText(spec.concurrency_key(), kConcurrencyKeyCharactersMax),
                     std::string(kSpec) + "concurrency_key",
                     "at most 128 characters and no control characters");
  violations.Require(spec.concurrency_limit() >= 0 &&
                         (spec.concurrency_limit() == 0 || !spec.concurrency_key().empty()),
                     std::string(kSpec) + "concurrency_limit", "from 1, and only with a key");
}

// Checks a name below `project`; "" is for the caller to judge.
void CheckFileName(const std::string& name, std::string_view collection, const std::string& project,
                   const std::string& field, Violations& violations) {
  if (name.empty()) return;
  const auto parts = ParseResource(name, collection, field);
  violations.Merge(parts.status());
  if (parts.ok() && !project.empty()) {
    violations.Require(parts->project == project, field, "of another project than the job");
  }
}

void CheckFiles(const v1::JobSpec& spec, const std::string& project, Violations& violations) {
  const std::string input = std::string(kSpec) + "input_file";
  const std::string reference = std::string(kSpec) + "reference";
  violations.Require(!spec.input_file().empty() || IsNoopOnly(spec), input,
                     "needed by every chain but a pure noop");
  CheckFileName(spec.input_file(), kFiles, project, input, violations);
  violations.Require(spec.reference().empty() || HasComplete(spec), reference,
                     "only the stage complete uses a reference, and the chain has none");
  CheckFileName(spec.reference(), kReferences, project, reference, violations);
  violations.Require(!spec.no_reference() || spec.reference().empty(),
                     std::string(kSpec) + "no_reference", "does not go with a reference");
  violations.Require(
      spec.reference_version() >= 0 && (spec.reference_version() == 0 || !spec.reference().empty()),
      std::string(kSpec) + "reference_version", "from 1, and only with a reference");
}

// Circles cannot be: a job depends on jobs that were created before it. Of too many that alone is
// told.
void CheckDependencies(const v1::CreateJobRequest& request, const std::string& project,
                       Violations& violations) {
  const auto& names = request.job().spec().depends_on();
  const std::string field = std::string(kSpec) + "depends_on";
  violations.Require(names.size() <= kDependenciesMax, field, "at most 100 jobs");
  if (names.size() > kDependenciesMax) return;
  std::set<std::string> seen;
  for (int i = 0; i < names.size(); ++i) {
    const std::string own = field + "[" + std::to_string(i) + "]";
    const auto job = ParseResource(names[i], kJobs, own);
    violations.Merge(job.status());
    if (!job.ok()) continue;
    violations.Require(project.empty() || job->project == project, own,
                       "of another project than the job");
    violations.Require(seen.insert(names[i]).second, own, "a job that is named already");
    violations.Require(job->id != request.job_id(), own, "the job itself");
  }
}

// The report tells of one run of each stage. A call may hold stages by the ten thousand: of too
// many that alone is told.
void CheckStages(const v1::JobSpec& spec, Violations& violations) {
  const std::string field = std::string(kSpec) + "stages";
  violations.Require(spec.stages_size() <= kStagesMax, field, "at most 16 stages");
  if (spec.stages_size() > kStagesMax) return;
  std::set<v1::Stage::KindCase> seen;
  for (int i = 0; i < spec.stages_size(); ++i) {
    const v1::Stage& stage = spec.stages(i);
    const std::string own = field + "[" + std::to_string(i) + "]";
    CheckStage(stage, own, violations);
    violations.Require(!stage.complete().keep_intermediate() || i + 1 < spec.stages_size(),
                       own + ".complete.keep_intermediate", "needs a stage behind it");
    violations.Require(stage.has_noop() || seen.insert(stage.kind_case()).second, own,
                       "a stage that is in the chain already; a second job can clean the result");
  }
}

absl::Status CheckStagesAreKnown(const v1::JobSpec& spec) {
  for (int i = 0; i < spec.stages_size(); ++i) {
    if (spec.stages(i).kind_case() != v1::Stage::KIND_NOT_SET) continue;
    return FieldError("UNKNOWN_STAGE", {{std::string(kSpec) + "stages[" + std::to_string(i) + "]",
                                         "has no kind that this scheduler knows; it knows "
                                         "complete, dedupe and noop"}});
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateCreateJob(const v1::CreateJobRequest& request) {
  const v1::JobSpec& spec = request.job().spec();
  if (absl::Status known = CheckStagesAreKnown(spec); !known.ok()) return known;
  Violations violations;
  const auto project = ParseProject(request.parent(), "parent");
  violations.Merge(project.status());
  violations.Require(request.job_id().empty() || IsResourceId(request.job_id()), "job_id",
                     "an id: 1 to 63 lower-case letters, digits and dashes, from a letter on");
  violations.Require(IsPlainText(request.request_id(), kRequestIdCharactersMax), "request_id",
                     "at most 64 characters and no control characters");
  violations.Require(IsPlainText(request.job().display_name(), kDisplayNameCharactersMax),
                     "job.display_name", "at most 200 characters and no control characters");
  CheckLabels(request.job(), violations);
  violations.Require(spec.ByteSizeLong() <= kSpecBytesMax, "job.spec", "at most 256 KiB");
  CheckStages(spec, violations);
  CheckRules(spec, violations);
  CheckFileForm(spec, violations);
  CheckFiles(spec, project.ok() ? *project : "", violations);
  CheckDependencies(request, project.ok() ? *project : "", violations);
  return violations.ToStatus();
}

}  // namespace dq
