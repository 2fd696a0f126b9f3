#include "worker/api/outcome_messages.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "common/base/error.h"
#include "common/rpc/status_mapping.h"
#include "common/rpc/utf8.h"
#include "dq/v1/worker_service.pb.h"

namespace dq {
namespace {

constexpr size_t kMetadataValueBytesMax = 1024;

// The work is larger than a limit of its own. (A machine that runs out of memory kills: CRASHED.)
constexpr std::string_view kLimitReasons[] = {"OUT_OF_MEMORY", "CPU_LIMIT", "REPORT_TOO_LONG"};

v1::OutputKind ToMessage(OutputKind kind) {
  switch (kind) {
    case OutputKind::kCleaned:
      return v1::OUTPUT_KIND_CLEANED;
    case OutputKind::kReport:
      return v1::OUTPUT_KIND_REPORT;
    case OutputKind::kChanges:
      return v1::OUTPUT_KIND_CHANGES;
    case OutputKind::kClusters:
      return v1::OUTPUT_KIND_CLUSTERS;
    case OutputKind::kRejects:
      return v1::OUTPUT_KIND_REJECTS;
    case OutputKind::kProfile:
      return v1::OUTPUT_KIND_PROFILE;
    case OutputKind::kIntermediate:
      return v1::OUTPUT_KIND_INTERMEDIATE;
  }
  return v1::OUTPUT_KIND_UNSPECIFIED;
}

v1::Verdict ToMessage(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNotEvaluated:
      return v1::VERDICT_NOT_EVALUATED;
    case Verdict::kPassed:
      return v1::VERDICT_PASSED;
    case Verdict::kFailed:
      return v1::VERDICT_FAILED;
  }
  return v1::VERDICT_UNSPECIFIED;
}

void AddFile(const PublishedOutput& output, v1::Completion& completion) {
  v1::ProducedFile& file = *completion.add_files();
  file.set_kind(ToMessage(output.kind));
  file.set_uri(ValidUtf8(output.object.uri, output.object.uri.size()));
  file.set_size_bytes(output.object.size_bytes);
  file.set_sha256(output.object.sha256);
  file.set_display_name(ValidUtf8(output.name, output.name.size()));
}

std::string CategoryOf(const absl::Status& error) {
  const ErrorMetadata metadata = MetadataOf(error);
  const auto found = metadata.find("category");
  return found == metadata.end() ? "system" : found->second;
}

}  // namespace

std::string PublicNameOf(OutputKind kind) { return v1::OutputKind_Name(ToMessage(kind)); }

std::string CompletedOutcome(const ChainResult& result, const WrittenObject& manifest,
                             const std::vector<PublishedOutput>& outputs) {
  v1::Outcome outcome;
  v1::Completion& completion = *outcome.mutable_completion();
  completion.set_manifest_uri(ValidUtf8(manifest.uri, manifest.uri.size()));
  completion.set_manifest_sha256(manifest.sha256);
  for (const PublishedOutput& output : outputs) AddFile(output, completion);
  completion.set_report_json(ValidUtf8(result.report_json, result.report_json.size()));
  if (result.score.has_value()) completion.set_quality_score(*result.score);
  completion.set_verdict(ToMessage(result.verdict));
  for (const ChainStageTotals& stage : result.totals) {
    v1::StageTotals& totals = *completion.add_totals();
    totals.set_stage(stage.stage);
    totals.set_rows(stage.rows);
    totals.set_bytes(stage.bytes);
    totals.set_seconds(stage.seconds);
  }
  return outcome.SerializeAsString();
}

std::string CompletedNoopOutcome() {
  v1::Outcome outcome;
  outcome.mutable_completion()->set_verdict(v1::VERDICT_NOT_EVALUATED);
  return outcome.SerializeAsString();
}

bool IsRetryable(const absl::Status& error) {
  if (std::ranges::find(kLimitReasons, ReasonOf(error)) != std::end(kLimitReasons)) return false;
  const std::string category = CategoryOf(error);
  return category != "file" && category != "configuration";
}

std::string FailedOutcome(const absl::Status& error) {
  v1::Outcome outcome;
  v1::Failure& failure = *outcome.mutable_failure();
  failure.set_retryable(IsRetryable(error));
  v1::JobError& job_error = *failure.mutable_error();
  const std::string reason = ReasonOf(error);
  job_error.set_reason(reason.empty() ? "CRASHED" : ValidUtf8(reason, kMetadataValueBytesMax));
  job_error.set_message(ValidUtf8(MessageOf(error), kErrorMessageBytesMax));
  for (const auto& [key, value] : MetadataOf(error)) {
    (*job_error.mutable_metadata())[ValidUtf8(key, kMetadataValueBytesMax)] =
        ValidUtf8(value, kMetadataValueBytesMax);
  }
  (*job_error.mutable_metadata())["category"] = CategoryOf(error);
  return outcome.SerializeAsString();
}

}  // namespace dq
