#include "scheduler/api/worker_codec.h"

#include <string>
#include <utility>
#include <variant>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr int32_t kSlotsMax = 1024;
constexpr int kStagesMax = 64;
constexpr int kLabelsMax = 64;
constexpr int kLeasesMax = 2048;  // Running ones and ended ones that are not closed yet.
constexpr int kFilesMax = 16;
constexpr size_t kTokenDigits = 32;
constexpr size_t kTextCharactersMax = 4096;
constexpr size_t kReportBytesMax = 64 * 1024;
constexpr size_t kCheckpointBytesMax = 4096;
constexpr int kErrorMetadataMax = 32;
constexpr size_t kGrantBytesMax = 4 << 20;  // In one message.

absl::Status BadField(const std::string& field, const std::string& description) {
  return FieldError("BAD_FIELD", {{field, description}});
}

// Returns `text` cut to what a record may hold and free of control characters but line ends.
std::string Printable(const std::string& text) {
  std::string clean = text.substr(0, kTextCharactersMax);
  while (!clean.empty() && clean.size() < text.size() &&
         (static_cast<unsigned char>(text[clean.size()]) & 0xC0) == 0x80) {
    clean.pop_back();  // The cut is inside a character.
  }
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') c = ' ';
  }
  return clean;
}

absl::StatusOr<LeaseId> LeaseFromProto(const v1::Lease& lease) {
  LeaseId id;
  DQ_ASSIGN_OR_RETURN(id.job, ParseJobName(lease.job(), "lease.job"));
  if (lease.attempt() < 1) return BadField("lease.attempt", "from 1");
  if (lease.token().size() != kTokenDigits ||
      lease.token().find_first_not_of("0123456789abcdef") != std::string::npos) {
    return BadField("lease.token", "32 lower-case hex digits");
  }
  id.attempt = lease.attempt();
  id.token = lease.token();
  return id;
}

v1::Lease ToProto(const LeaseId& id) {
  v1::Lease lease;
  lease.set_job(JobText(id.job));
  lease.set_attempt(id.attempt);
  lease.set_token(id.token);
  return lease;
}

JobProgress ProgressFromProto(const v1::Progress& proto) {
  JobProgress progress;
  progress.percent = proto.percent() >= 0 && proto.percent() <= 100 ? proto.percent() : 0;
  progress.stage = Printable(proto.stage());
  progress.stage_index = proto.stage_index();
  progress.stage_count = proto.stage_count();
  progress.rows_done = proto.rows_done();
  progress.bytes_done = proto.bytes_done();
  progress.bytes_total = proto.bytes_total();
  progress.current_step = Printable(proto.current_step());
  if (proto.has_estimated_end_time() && IsValidProto(proto.estimated_end_time())) {
    progress.estimated_end_time = FromProto(proto.estimated_end_time());
  }
  return progress;
}

absl::StatusOr<CompletedOutcome> CompletionFromProto(const v1::Completion& completion) {
  if (completion.report_json().size() > kReportBytesMax) {
    return BadField("completion.report_json", "at most 64 KiB");
  }
  if (completion.files_size() > kFilesMax) return BadField("completion.files", "at most 16 files");
  CompletedOutcome outcome;
  JobResult& result = outcome.result;
  result.manifest_uri = completion.manifest_uri();
  result.manifest_sha256 = completion.manifest_sha256();
  result.report_json = completion.report_json();
  if (completion.has_quality_score()) result.quality_score = completion.quality_score();
  if (!v1::Verdict_IsValid(completion.verdict())) return BadField("completion.verdict", "unknown");
  result.verdict = completion.verdict() == v1::VERDICT_UNSPECIFIED
                       ? Verdict::kNotEvaluated
                       : static_cast<Verdict>(completion.verdict());
  for (const v1::ProducedFile& file : completion.files()) {
    result.outputs.push_back({static_cast<int16_t>(file.kind()), "", file.uri(),
                              Printable(file.display_name()), file.size_bytes(), file.sha256()});
  }
  return outcome;
}

FailedOutcome FailureFromProto(const v1::Failure& failure) {
  FailedOutcome outcome;
  outcome.failure.reason = Printable(failure.error().reason());
  if (outcome.failure.reason.empty()) outcome.failure.reason = "UNKNOWN";
  outcome.failure.message = Printable(failure.error().message());
  for (const auto& [key, value] : failure.error().metadata()) {
    if (outcome.failure.metadata.size() == kErrorMetadataMax) break;
    outcome.failure.metadata[Printable(key)] = Printable(value);
  }
  outcome.retryable = failure.retryable();
  return outcome;
}

absl::StatusOr<Outcome> OutcomeFromProto(const v1::Outcome& outcome) {
  switch (outcome.result_case()) {
    case v1::Outcome::kCompletion:
      return CompletionFromProto(outcome.completion());
    case v1::Outcome::kFailure:
      return FailureFromProto(outcome.failure());
    case v1::Outcome::kStopped:
      return StoppedOutcome{};
    case v1::Outcome::kReleased:
      return ReleasedOutcome{};
    case v1::Outcome::RESULT_NOT_SET:
      break;
  }
  return BadField("outcome.result", "not set, or of a newer protocol");
}

// What cannot be read ends its attempt, and no more. Were the report refused, the worker would come
// back and say the same again: with all its leases, for ever.
FailedOutcome UnreadableOutcome(const v1::Outcome& outcome, const absl::Status& why) {
  std::string what;
  for (const FieldViolation& violation : FieldViolationsOf(why)) {
    what += violation.field + ": " + violation.description;
  }
  FailedOutcome failed;
  failed.failure = {"OUTCOME_UNREADABLE",
                    "The worker's outcome cannot be read here (" + what + ").",
                    {{"category", "system"}}};
  // A worker of another release may say it in a way that can be read; the rest would come again.
  failed.retryable = outcome.result_case() == v1::Outcome::RESULT_NOT_SET;
  return failed;
}

// Returns the checkpoint to keep; null when there is none that could be used.
std::shared_ptr<const JobCheckpoint> CheckpointFromProto(const v1::LeaseReport& report) {
  if (!report.has_checkpoint()) return nullptr;
  const v1::Checkpoint& proto = report.checkpoint();
  const bool fits = proto.attempt() == report.lease().attempt() && proto.sequence() > 0 &&
                    proto.percent() >= 0 && proto.percent() <= 100 &&
                    proto.ByteSizeLong() <= kCheckpointBytesMax;
  if (!fits) return nullptr;
  auto checkpoint = std::make_shared<JobCheckpoint>();
  checkpoint->attempt = proto.attempt();
  checkpoint->sequence = proto.sequence();
  checkpoint->percent = proto.percent();
  checkpoint->stage = Printable(proto.stage());
  checkpoint->place = proto.SerializeAsString();
  return checkpoint;
}

absl::StatusOr<LeaseReport> LeaseReportFromProto(const v1::LeaseReport& proto) {
  LeaseReport report;
  DQ_ASSIGN_OR_RETURN(report.lease, LeaseFromProto(proto.lease()));
  if (proto.has_outcome()) {
    absl::StatusOr<Outcome> outcome = OutcomeFromProto(proto.outcome());
    report.status =
        outcome.ok() ? *std::move(outcome) : UnreadableOutcome(proto.outcome(), outcome.status());
  } else {
    report.status = ProgressFromProto(proto.progress());
  }
  report.checkpoint = CheckpointFromProto(proto);
  return report;
}

// One version apart they understand each other: what is new in a version can be left out.
absl::Status CheckProtocol(int32_t protocol) {
  if (protocol >= kWorkerProtocol - 1 && protocol <= kWorkerProtocol + 1) return absl::OkStatus();
  const bool is_old = protocol < kWorkerProtocol;
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   is_old ? "PROTOCOL_TOO_OLD" : "PROTOCOL_TOO_NEW",
                   "the scheduler speaks worker protocol " + std::to_string(kWorkerProtocol) +
                       ", the worker " + std::to_string(protocol) + ": bring the " +
                       (is_old ? "worker" : "scheduler") + " to a newer release",
                   {{"protocol", std::to_string(kWorkerProtocol)}});
}

absl::Status CheckHello(const v1::Hello& hello) {
  DQ_RETURN_IF_ERROR(CheckProtocol(hello.protocol()));
  Violations violations;
  violations.Require(IsResourceId(hello.instance()), "hello.instance",
                     "an id: lower-case letters, digits and dashes, from a letter on");
  violations.Require(hello.slots() >= 1 && hello.slots() <= kSlotsMax, "hello.slots", "1 to 1,024");
  violations.Require(hello.stages_size() >= 1 && hello.stages_size() <= kStagesMax, "hello.stages",
                     "1 to 64 names");
  violations.Require(static_cast<int>(hello.labels().size()) <= kLabelsMax, "hello.labels",
                     "at most 64");
  violations.Require(hello.held_size() <= kLeasesMax, "hello.held", "at most 2,048");
  return violations.ToStatus();
}

v1::WorkResponse AllButGrants(const WorkerTurn& turn) {
  v1::WorkResponse response;
  v1::Turn& proto = *response.mutable_turn();
  proto.set_answers(turn.answers);
  for (const LeaseId& lease : turn.closed) *proto.add_closed() = ToProto(lease);
  for (const WorkerRevocation& revocation : turn.revoked) {
    v1::Revocation& revoked = *proto.add_revoked();
    *revoked.mutable_lease() = ToProto(revocation.lease);
    revoked.set_reason(static_cast<v1::RevokeReason>(revocation.reason));
  }
  proto.set_degraded(turn.degraded);
  proto.set_reconnect(turn.reconnect);
  proto.set_drain(turn.drain);
  return response;
}

// Returns the message for the grants that the earlier ones have no room for.
v1::WorkResponse FollowUp(const v1::Turn& first) {
  v1::WorkResponse response;
  v1::Turn& proto = *response.mutable_turn();
  proto.set_answers(first.answers());
  proto.set_degraded(first.degraded());
  proto.set_reconnect(first.reconnect());
  proto.set_drain(first.drain());
  return response;
}

}  // namespace

absl::StatusOr<WorkerHello> FromProto(const v1::Hello& hello) {
  DQ_RETURN_IF_ERROR(CheckHello(hello));
  WorkerHello plain;
  plain.instance = hello.instance();
  plain.stages.assign(hello.stages().begin(), hello.stages().end());
  plain.labels.insert(hello.labels().begin(), hello.labels().end());
  plain.slots = hello.slots();
  plain.version = Printable(hello.version());
  for (const v1::Lease& lease : hello.held()) {
    DQ_ASSIGN_OR_RETURN(LeaseId id, LeaseFromProto(lease));
    plain.held.push_back(std::move(id));
  }
  return plain;
}

absl::StatusOr<WorkerReport> FromProto(const v1::WorkReport& report) {
  if (report.leases_size() > kLeasesMax) return BadField("report.leases", "at most 2,048");
  if (report.free_slots() < 0 || report.free_slots() > kSlotsMax) {
    return BadField("report.free_slots", "0 to 1,024");
  }
  WorkerReport plain;
  plain.sequence = report.sequence();
  plain.free_slots = report.free_slots();
  plain.draining = report.draining();
  for (const v1::LeaseReport& lease : report.leases()) {
    DQ_ASSIGN_OR_RETURN(LeaseReport translated, LeaseReportFromProto(lease));
    plain.leases.push_back(std::move(translated));
  }
  return plain;
}

v1::WorkResponse ToProto(const WorkerWelcome& welcome) {
  v1::WorkResponse response;
  v1::Welcome& proto = *response.mutable_welcome();
  *proto.mutable_report_interval() = ToProto(welcome.report_interval);
  *proto.mutable_lease_ttl() = ToProto(welcome.lease_ttl);
  for (const LeaseId& lease : welcome.kept) *proto.add_kept() = ToProto(lease);
  for (const LeaseId& lease : welcome.lost) *proto.add_lost() = ToProto(lease);
  proto.set_epoch(welcome.epoch);
  return response;
}

std::vector<v1::WorkResponse> ToProto(const WorkerTurn& turn) {
  std::vector<v1::WorkResponse> messages = {AllButGrants(turn)};
  size_t bytes = 0;
  for (const WorkerGrant& granted : turn.grants) {
    v1::Grant grant;
    if (!grant.ParseFromString(granted.grant_payload)) {
      Log(LogLevel::kError, "grant unreadable", {{"job", JobText(granted.lease.job)}});
      continue;
    }
    *grant.mutable_lease() = ToProto(granted.lease);
    if (granted.checkpoint != nullptr &&
        !grant.mutable_checkpoint()->ParseFromString(granted.checkpoint->place)) {
      grant.clear_checkpoint();
    }
    if (bytes > 0 && bytes + granted.grant_payload.size() > kGrantBytesMax) {
      messages.push_back(FollowUp(messages.front().turn()));
      bytes = 0;
    }
    bytes += granted.grant_payload.size();
    *messages.back().mutable_turn()->add_grants() = std::move(grant);
  }
  return messages;
}

}  // namespace dq
