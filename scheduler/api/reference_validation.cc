#include "scheduler/api/reference_validation.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "dq/v1/job_service.pb.h"
#include "dq/v1/report.pb.h"
#include "google/protobuf/util/json_util.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/api/resource_name.h"

namespace dq {
namespace {

JobFailure Refusal(std::string reason, std::string message,
                   std::map<std::string, std::string> metadata) {
  metadata["category"] = "file";
  return {std::move(reason), std::move(message), std::move(metadata)};
}

// Returns what speaks against a file that could be read; no reason: nothing does.
JobFailure Judge(const v1::Report& report, bool has_key) {
  if (report.rows_out() == 0) {
    return Refusal("NO_ROWS",
                   "no row of the file can be read as a row of a table: give one with rows",
                   {{"rows", std::to_string(report.rows_in())}});
  }
  const int64_t repeated = report.duplicates_kept().exact();
  if (!has_key || repeated == 0) return {};
  return Refusal("KEY_NOT_UNIQUE",
                 std::to_string(repeated) +
                     " rows have a key that an earlier row has: remove them, or name columns that "
                     "tell all rows apart; the clusters file of the validation job lists them",
                 {{"rows", std::to_string(repeated)}});
}

}  // namespace

absl::StatusOr<JobRecord> MakeValidationRecord(const ValidatingReference& reference,
                                               CatalogStore& catalog, absl::Time now) {
  const ReferenceVersion& version = reference.version;
  JobInputs inputs;
  DQ_ASSIGN_OR_RETURN(inputs.input, catalog.GetFile(reference.project, version.file_id));
  v1::CreateJobRequest request;
  request.set_parent("projects/" + reference.project);
  request.set_job_id(version.validation_job);
  request.set_request_id("validation-" + version.validation_job);
  request.mutable_job()->set_display_name("validation of reference " + reference.id + ", version " +
                                          std::to_string(version.version));
  v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  spec.set_input_file(ResourceText(reference.project, kFiles, version.file_id));
  v1::DedupeOptions& dedupe = *spec.add_stages()->mutable_dedupe();
  dedupe.mutable_columns()->Add(version.key_columns.begin(), version.key_columns.end());
  dedupe.set_match(v1::MATCH_KIND_EXACT);
  dedupe.set_duplicates(v1::DUPLICATE_HANDLING_KEEP);
  return MakeJobRecord(request, inputs, version.created_by, now);
}

ReferenceVersion JudgeValidation(ReferenceVersion version, const JobRecord& ended,
                                 const std::string& report_json) {
  version.state = ReferenceState::kRefused;
  if (ended.status.state != JobState::kCompleted) {
    version.error = ended.status.error;
    if (version.error.reason.empty()) {
      version.error = Refusal("VALIDATION_STOPPED",
                              "the job that was to read the file was stopped: update the reference",
                              {{"job", JobText(ended.name)}});
    }
    return version;
  }
  v1::Report report;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto parsed = google::protobuf::util::JsonStringToMessage(report_json, &report, options);
  if (!parsed.ok()) {
    version.error = Refusal("REPORT_UNREADABLE", "the report of the validation cannot be read",
                            {{"job", JobText(ended.name)}});
    return version;
  }
  version.error = Judge(report, !version.key_columns.empty());
  if (version.error.reason.empty()) version.state = ReferenceState::kReady;
  return version;
}

absl::Status DeleteValidationCopy(const JobRecord& ended, CatalogStore& catalog) {
  if (!ended.result.has_value()) return absl::OkStatus();
  for (const JobOutput& output : ended.result->outputs) {
    if (output.kind != v1::OUTPUT_KIND_CLEANED) continue;
    const absl::Status deleted = catalog.DeleteFile(ended.name.project, output.file_id);
    // Somebody has found a use for it.
    if (!deleted.ok() && ReasonOf(deleted) != "IN_USE") return deleted;
  }
  return absl::OkStatus();
}

ReferenceValidation MakeReferenceValidation(CatalogStore& catalog, const Clock& clock) {
  return {.make =
              [&catalog, &clock](const ValidatingReference& reference) {
                return MakeValidationRecord(reference, catalog, clock.Now());
              },
          .judge = JudgeValidation,
          .clear_up =
              [&catalog](const JobRecord& ended) { return DeleteValidationCopy(ended, catalog); }};
}

}  // namespace dq
