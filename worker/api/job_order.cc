#include "worker/api/job_order.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/storage/attempt_directory.h"
#include "worker/api/protocol_messages.h"
#include "worker/chain/form_settings.h"

namespace dq {
namespace {

absl::Status Misconfigured(std::string_view reason, std::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, message,
                   {{"category", "configuration"}});
}

FillMethod ReadFill(v1::FillMethod fill) {
  if (fill == v1::FILL_METHOD_NONE) return FillMethod::kNone;
  if (fill == v1::FILL_METHOD_REFERENCE) return FillMethod::kReference;
  return fill == v1::FILL_METHOD_STATISTIC ? FillMethod::kStatistic : FillMethod::kDependency;
}

Detection ReadDetection(v1::Detection detect) {
  if (detect == v1::DETECTION_NONE) return Detection::kNone;
  return detect == v1::DETECTION_VOCABULARY ? Detection::kVocabulary : Detection::kEvidence;
}

Statistic ReadStatistic(v1::Statistic statistic) {
  if (statistic == v1::STATISTIC_MEAN) return Statistic::kMean;
  return statistic == v1::STATISTIC_MODE ? Statistic::kMode : Statistic::kMedian;
}

CompleteOptions ReadComplete(const v1::CompleteOptions& message) {
  CompleteOptions options;
  options.key_columns.assign(message.key_columns().begin(), message.key_columns().end());
  options.fill = ReadFill(message.fill());
  options.missing_tokens.assign(message.missing_tokens().begin(), message.missing_tokens().end());
  options.not_missing_tokens.assign(message.not_missing_tokens().begin(),
                                    message.not_missing_tokens().end());
  options.detect = ReadDetection(message.detect());
  if (message.min_confidence() > 0) options.min_confidence = message.min_confidence();
  options.statistic = ReadStatistic(message.statistic());
  for (const v1::FillValue& fill : message.fill_values()) {
    options.fill_values.push_back({fill.column(), fill.value()});
  }
  options.keep_intermediate = message.keep_intermediate();
  return options;
}

DedupeOptions ReadDedupe(const v1::DedupeOptions& message) {
  DedupeOptions options;
  options.columns.assign(message.columns().begin(), message.columns().end());
  if (message.match() == v1::MATCH_KIND_EXACT) options.match = MatchKind::kExact;
  if (message.match() == v1::MATCH_KIND_FUZZY) options.match = MatchKind::kFuzzy;
  if (message.survivor() == v1::SURVIVOR_KIND_MOST_COMPLETE) {
    options.survivor = SurvivorKind::kMostComplete;
  }
  if (message.survivor() == v1::SURVIVOR_KIND_NEWEST) options.survivor = SurvivorKind::kNewest;
  options.newest_column = message.newest_column();
  options.merge = message.merge();
  if (message.duplicates() == v1::DUPLICATE_HANDLING_KEEP) {
    options.duplicates = DuplicateHandling::kKeep;
  }
  if (message.match_threshold() > 0) options.match_threshold = message.match_threshold();
  return options;
}

absl::StatusOr<StageSpec> ReadStage(const v1::Stage& stage) {
  switch (stage.kind_case()) {
    case v1::Stage::kComplete:
      return ReadComplete(stage.complete());
    case v1::Stage::kDedupe:
      return ReadDedupe(stage.dedupe());
    case v1::Stage::kNoop:
      return Misconfigured("BAD_FIELD", "stage noop does not mix with others: remove it");
    case v1::Stage::KIND_NOT_SET:
      break;
  }
  return Misconfigured("UNKNOWN_STAGE", "this worker does not know a stage of the chain");
}

std::optional<ChainGate> ReadGate(const v1::Gate& message) {
  ChainGate gate;
  if (message.has_min_score()) gate.min_score = message.min_score();
  if (message.has_max_duplicate_ratio()) gate.max_duplicate_ratio = message.max_duplicate_ratio();
  gate.fail_on_schema_mismatch = message.fail_on_schema_mismatch();
  const bool asks = gate.min_score || gate.max_duplicate_ratio || gate.fail_on_schema_mismatch;
  return asks ? std::optional(gate) : std::nullopt;
}

bool IsNoop(const v1::Stage& stage) { return stage.has_noop(); }

NoopOrder ReadNoop(const v1::Grant& grant) {
  NoopOrder order;
  for (const v1::Stage& stage : grant.stages()) {
    order.duration += absl::Milliseconds(stage.noop().duration_ms());
  }
  return order;
}

// The directory is another attempt's, and nothing else on the disk.
std::optional<ResumeOrder> ReadCheckpoint(const v1::Grant& grant) {
  const v1::Checkpoint& checkpoint = grant.checkpoint();
  const std::optional<int64_t> attempt = AttemptOfDirectory(checkpoint.directory());
  const bool is_earlier = attempt == checkpoint.attempt() && *attempt < grant.lease().attempt();
  if (!is_earlier || checkpoint.sequence() < 1) return std::nullopt;
  return ResumeOrder{checkpoint.directory(),
                     checkpoint.stage(),
                     {checkpoint.sequence(), checkpoint.fingerprint()}};
}

absl::StatusOr<ChainOrder> ReadChain(const v1::Grant& grant, const JobResources& resources) {
  if (!grant.has_input()) return Misconfigured("BAD_FIELD", "the job has no input file");
  ChainOrder order;
  for (const v1::Stage& stage : grant.stages()) {
    DQ_ASSIGN_OR_RETURN(StageSpec spec, ReadStage(stage));
    order.spec.stages.push_back(std::move(spec));
  }
  for (const auto& [name, text] : grant.form()) {
    DQ_RETURN_IF_ERROR(SetForm(name, text, order.spec.form));
  }
  DQ_RETURN_IF_ERROR(CheckForm(order.spec.form));
  order.spec.gate = ReadGate(grant.gate());
  order.spec.memory_limit_bytes = resources.memory_bytes;
  order.spec.threads = resources.threads;
  order.cpu_seconds = resources.cpu_seconds;
  order.spec.display_name = grant.input().display_name();
  order.spec.input_sha256 = grant.input().sha256();
  order.input = {grant.input().uri(), grant.input().size_bytes()};
  if (grant.has_reference()) {
    const v1::InputFile& reference = grant.reference();
    order.reference = {reference.uri(), reference.size_bytes()};
    order.spec.reference_sha256 = reference.sha256();
    order.spec.reference_key_columns.assign(reference.key_columns().begin(),
                                            reference.key_columns().end());
  }
  order.resume = ReadCheckpoint(grant);
  order.output_prefix = grant.output_prefix();
  order.attempt = grant.lease().attempt();
  order.output_directory = AttemptDirectory(grant.lease().attempt(), grant.lease().token());
  if (grant.has_execution_timeout()) order.timeout = DurationOf(grant.execution_timeout());
  return order;
}

}  // namespace

std::vector<std::string> OfferedStages() { return {"complete", "dedupe", "noop"}; }

absl::StatusOr<JobOrder> ReadGrant(const v1::Grant& grant, const JobResources& resources) {
  if (grant.stages().empty()) return Misconfigured("BAD_FIELD", "the chain has no stage");
  if (std::all_of(grant.stages().begin(), grant.stages().end(), IsNoop)) return ReadNoop(grant);
  return ReadChain(grant, resources);
}

}  // namespace dq
