#include "scheduler/dqctl/chain_request.h"

#include <algorithm>
#include <vector>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/gate.h"

namespace dq::dqctl {
namespace {

using dq::v1::Stage;

absl::Status Usage(const std::string& message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "USAGE", message);
}

absl::Status SetDetection(const ChainOptions& options, dq::v1::CompleteOptions& complete) {
  if (options.detect == "none") {
    complete.set_detect(dq::v1::DETECTION_NONE);
  } else if (options.detect == "vocabulary") {
    complete.set_detect(dq::v1::DETECTION_VOCABULARY);
  } else if (options.detect == "evidence") {
    complete.set_detect(dq::v1::DETECTION_EVIDENCE);
  } else if (!options.detect.empty()) {
    return Usage("--detect " + options.detect + ": one of none, vocabulary, evidence");
  }
  complete.mutable_missing_tokens()->Assign(options.missing.begin(), options.missing.end());
  complete.mutable_not_missing_tokens()->Assign(options.not_missing.begin(),
                                                options.not_missing.end());
  return absl::OkStatus();
}

absl::Status SetStatistic(const ChainOptions& options, dq::v1::CompleteOptions& complete) {
  if (options.statistic == "median") {
    complete.set_statistic(dq::v1::STATISTIC_MEDIAN);
  } else if (options.statistic == "mean") {
    complete.set_statistic(dq::v1::STATISTIC_MEAN);
  } else if (options.statistic == "mode") {
    complete.set_statistic(dq::v1::STATISTIC_MODE);
  } else if (!options.statistic.empty()) {
    return Usage("--statistic " + options.statistic + ": one of median, mean, mode");
  }
  for (const std::string& text : options.fill_values) {
    const size_t end = text.find('=');
    if (end == std::string::npos || end == 0) {
      return Usage("--fill-value " + text + ": takes COL=VALUE");
    }
    dq::v1::FillValue& fill = *complete.add_fill_values();
    fill.set_column(text.substr(0, end));
    fill.set_value(text.substr(end + 1));
  }
  return absl::OkStatus();
}

absl::StatusOr<Stage> CompleteStage(const ChainOptions& options) {
  Stage stage;
  auto* complete = stage.mutable_complete();
  complete->mutable_key_columns()->Assign(options.key.begin(), options.key.end());
  if (options.fill == "none") {
    complete->set_fill(dq::v1::FILL_METHOD_NONE);
  } else if (options.fill == "reference") {
    complete->set_fill(dq::v1::FILL_METHOD_REFERENCE);
  } else if (options.fill == "dependency") {
    complete->set_fill(dq::v1::FILL_METHOD_DEPENDENCY);
  } else if (options.fill == "statistic") {
    complete->set_fill(dq::v1::FILL_METHOD_STATISTIC);
  } else if (!options.fill.empty()) {
    return Usage("--fill " + options.fill + ": one of none, reference, dependency, statistic");
  }
  complete->set_keep_intermediate(options.keep_intermediate);
  if (options.min_confidence.has_value()) complete->set_min_confidence(*options.min_confidence);
  DQ_RETURN_IF_ERROR(SetDetection(options, *complete));
  DQ_RETURN_IF_ERROR(SetStatistic(options, *complete));
  return stage;
}

absl::StatusOr<Stage> DedupeStage(const ChainOptions& options) {
  Stage stage;
  auto* dedupe = stage.mutable_dedupe();
  dedupe->mutable_columns()->Assign(options.dedupe_columns.begin(), options.dedupe_columns.end());
  if (options.match == "exact") {
    dedupe->set_match(dq::v1::MATCH_KIND_EXACT);
  } else if (options.match == "normalised") {
    dedupe->set_match(dq::v1::MATCH_KIND_NORMALISED);
  } else if (options.match == "fuzzy") {
    dedupe->set_match(dq::v1::MATCH_KIND_FUZZY);
  } else if (!options.match.empty()) {
    return Usage("--match " + options.match + ": one of exact, normalised, fuzzy");
  }
  const std::string newest = "newest:";
  if (options.survivor == "first") {
    dedupe->set_survivor(dq::v1::SURVIVOR_KIND_FIRST);
  } else if (options.survivor == "most_complete") {
    dedupe->set_survivor(dq::v1::SURVIVOR_KIND_MOST_COMPLETE);
  } else if (options.survivor.starts_with(newest) && options.survivor.size() > newest.size()) {
    dedupe->set_survivor(dq::v1::SURVIVOR_KIND_NEWEST);
    dedupe->set_newest_column(options.survivor.substr(newest.size()));
  } else if (!options.survivor.empty()) {
    return Usage("--survivor " + options.survivor + ": one of first, most_complete, newest:COL");
  }
  dedupe->set_merge(options.merge);
  dedupe->set_match_threshold(options.match_threshold);
  if (options.duplicates == "keep") dedupe->set_duplicates(dq::v1::DUPLICATE_HANDLING_KEEP);
  if (options.duplicates == "remove") dedupe->set_duplicates(dq::v1::DUPLICATE_HANDLING_REMOVE);
  return stage;
}

absl::StatusOr<Stage> StageNamed(const std::string& name, const ChainOptions& options) {
  if (name == "complete") return CompleteStage(options);
  if (name == "dedupe") return DedupeStage(options);
  if (name != "noop") return Usage("--chain " + name + ": one of complete, dedupe, noop");
  Stage stage;
  stage.mutable_noop()->set_duration_ms(options.noop_ms);
  return stage;
}

absl::Status CheckOptionsHaveTheirStage(const ChainOptions& options,
                                        const std::vector<std::string>& stages) {
  struct Option {
    const char* flag;
    const char* stage;
    bool is_given;
  };
  const Option of_stages[] = {
      {"--key", "complete", !options.key.empty()},
      {"--fill", "complete", !options.fill.empty()},
      {"--statistic", "complete", !options.statistic.empty()},
      {"--fill-value", "complete", !options.fill_values.empty()},
      {"--keep-intermediate", "complete", options.keep_intermediate},
      {"--min-confidence", "complete", options.min_confidence.has_value()},
      {"--detect", "complete", !options.detect.empty()},
      {"--missing", "complete", !options.missing.empty()},
      {"--not-missing", "complete", !options.not_missing.empty()},
      {"--dedupe-columns", "dedupe", !options.dedupe_columns.empty()},
      {"--match", "dedupe", !options.match.empty()},
      {"--survivor", "dedupe", !options.survivor.empty()},
      {"--merge", "dedupe", options.merge},
      {"--duplicates", "dedupe", !options.duplicates.empty()},
      {"--match-threshold", "dedupe", options.match_threshold != 0},
  };
  for (const Option& option : of_stages) {
    if (!option.is_given || std::ranges::find(stages, option.stage) != stages.end()) continue;
    return Usage(std::string(option.flag) + " needs the stage " + option.stage);
  }
  return absl::OkStatus();
}

absl::Status CheckReferenceKey(const ChainOptions& options) {
  if (options.reference_key.empty()) return absl::OkStatus();
  if (options.reference.empty()) return Usage("--reference-key needs --reference");
  if (options.reference_key.size() == options.key.size()) return absl::OkStatus();
  return Usage("--reference-key names as many columns as --key does");
}

}  // namespace

absl::StatusOr<dq::v1::JobSpec> SpecOf(const ChainOptions& options) {
  std::vector<std::string> stages = options.stages;
  if (stages.empty()) stages = {"complete", "dedupe"};
  DQ_RETURN_IF_ERROR(CheckOptionsHaveTheirStage(options, stages));
  DQ_RETURN_IF_ERROR(CheckReferenceKey(options));
  dq::v1::JobSpec spec;
  spec.set_no_reference(options.no_reference);
  spec.set_use_cached_result(options.use_cached_result);
  for (const std::string& name : stages) {
    DQ_ASSIGN_OR_RETURN(*spec.add_stages(), StageNamed(name, options));
  }
  spec.mutable_form()->insert(options.form.begin(), options.form.end());
  if (!options.gate.empty()) {
    DQ_ASSIGN_OR_RETURN(*spec.mutable_gate(), ParseGate(options.gate));
  }
  return spec;
}

void SetPlace(const CreationOptions& creation, dq::v1::JobSpec& spec) {
  spec.set_queue(creation.queue);
  spec.set_priority(creation.priority);
  if (creation.attempts_max > 0) spec.mutable_retry()->set_max_attempts(creation.attempts_max);
}

std::string RequestIdOf(const CreationOptions& creation, const std::string& prefix) {
  constexpr size_t kRandomBytes = 12;
  return creation.request_id.empty() ? prefix + RandomHex(kRandomBytes) : creation.request_id;
}

std::string ResourceName(std::string_view project, std::string_view collection,
                         std::string_view text) {
  if (text.starts_with("projects/")) return std::string(text);
  const std::string prefix = std::string(collection) + "/";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  return "projects/" + std::string(project) + "/" + prefix + std::string(text);
}

}  // namespace dq::dqctl
