#include "scheduler/api/chain_defaults.h"

#include <algorithm>

#include "scheduler/api/time_codec.h"

namespace dq {
namespace {

constexpr double kMinConfidenceDefault = 0.5;
constexpr double kMatchThresholdDefault = 0.5;

void SetDefaults(v1::CompleteOptions& options) {
  if (options.fill() == v1::FILL_METHOD_UNSPECIFIED) {
    options.set_fill(v1::FILL_METHOD_DEPENDENCY);
  }
  if (options.detect() == v1::DETECTION_UNSPECIFIED) options.set_detect(v1::DETECTION_EVIDENCE);
  if (options.fill() == v1::FILL_METHOD_STATISTIC &&
      options.statistic() == v1::STATISTIC_UNSPECIFIED) {
    options.set_statistic(v1::STATISTIC_MEDIAN);
  }
  if (options.min_confidence() == 0) options.set_min_confidence(kMinConfidenceDefault);
}

void SetDefaults(v1::DedupeOptions& options) {
  if (options.match() == v1::MATCH_KIND_UNSPECIFIED) {
    options.set_match(v1::MATCH_KIND_NORMALISED);
  }
  if (options.survivor() == v1::SURVIVOR_KIND_UNSPECIFIED) {
    options.set_survivor(v1::SURVIVOR_KIND_FIRST);
  }
  if (options.duplicates() == v1::DUPLICATE_HANDLING_UNSPECIFIED) {
    options.set_duplicates(v1::DUPLICATE_HANDLING_REMOVE);
  }
  if (options.match() == v1::MATCH_KIND_FUZZY && options.match_threshold() == 0) {
    options.set_match_threshold(kMatchThresholdDefault);
  }
}

}  // namespace

std::vector<v1::Stage> ResolveChain(const v1::JobSpec& spec) {
  std::vector<v1::Stage> chain(spec.stages().begin(), spec.stages().end());
  if (chain.empty()) {
    chain.resize(2);
    chain[0].mutable_complete();
    chain[1].mutable_dedupe();
  }
  for (v1::Stage& stage : chain) {
    if (stage.has_complete()) SetDefaults(*stage.mutable_complete());
    if (stage.has_dedupe()) SetDefaults(*stage.mutable_dedupe());
  }
  return chain;
}

std::string StageName(const v1::Stage& stage) {
  switch (stage.kind_case()) {
    case v1::Stage::kComplete:
      return "complete";
    case v1::Stage::kDedupe:
      return "dedupe";
    case v1::Stage::kNoop:
      return "noop";
    case v1::Stage::KIND_NOT_SET:
      return "";
  }
  return "";
}

bool IsNoopOnly(const v1::JobSpec& spec) {
  return spec.stages_size() > 0 &&
         std::all_of(spec.stages().begin(), spec.stages().end(),
                     [](const v1::Stage& stage) { return stage.has_noop(); });
}

bool HasComplete(const v1::JobSpec& spec) {
  return spec.stages_size() == 0 ||
         std::any_of(spec.stages().begin(), spec.stages().end(),
                     [](const v1::Stage& stage) { return stage.has_complete(); });
}

JobRules ResolveRules(const v1::JobSpec& spec) {
  JobRules rules;
  if (!spec.queue().empty()) rules.queue = spec.queue();
  rules.priority = spec.priority();
  for (const v1::Stage& stage : ResolveChain(spec)) {
    const std::string name = StageName(stage);
    if (std::find(rules.stages.begin(), rules.stages.end(), name) == rules.stages.end()) {
      rules.stages.push_back(name);
    }
  }
  const v1::RetryPolicy& retry = spec.retry();
  if (retry.max_attempts() != 0) rules.max_attempts = retry.max_attempts();
  if (retry.has_backoff()) rules.backoff = FromProto(retry.backoff());
  if (retry.multiplier() != 0) rules.backoff_multiplier = retry.multiplier();
  if (retry.has_backoff_cap()) rules.backoff_cap = FromProto(retry.backoff_cap());
  if (spec.has_execution_timeout()) rules.execution_timeout = FromProto(spec.execution_timeout());
  if (spec.has_no_progress_timeout()) {
    rules.no_progress_timeout = FromProto(spec.no_progress_timeout());
  }
  if (spec.has_start_deadline()) rules.start_deadline = FromProto(spec.start_deadline());
  if (spec.has_not_before()) rules.not_before = FromProto(spec.not_before());
  rules.concurrency_key = spec.concurrency_key();
  if (!rules.concurrency_key.empty()) {
    rules.concurrency_max = std::max(1, spec.concurrency_limit());
  }
  return rules;
}

}  // namespace dq
