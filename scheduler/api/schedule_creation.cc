#include "scheduler/api/schedule_creation.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/api/batch_creation.h"
#include "scheduler/api/batch_template.h"
#include "scheduler/api/earlier_result.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/schedule_codec.h"
#include "scheduler/api/spec_validation.h"
#include "scheduler/api/time_codec.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr size_t kRequestIdCharactersMax = 64;
constexpr size_t kIdBytesMax = 36;  // With what a run adds it is the id of a batch.
constexpr size_t kTemplateBytesMax = 1 << 20;
constexpr size_t kUidBytes = 16;
constexpr char kDefaultZone[] = "UTC";
constexpr char kScheduleLabel[] = "schedule";

v1::CreateJobRequest JobRequest(const std::string& parent, const v1::Schedule& schedule) {
  v1::CreateJobRequest request;
  request.set_parent(parent);
  v1::Job& job = *request.mutable_job();
  job.set_display_name(schedule.job().display_name());
  *job.mutable_spec() = schedule.job().spec();
  *job.mutable_labels() = schedule.job().labels();
  return request;
}

v1::CreateBatchRequest BatchRequest(const std::string& parent, const v1::Schedule& schedule) {
  v1::CreateBatchRequest request;
  request.set_parent(parent);
  *request.mutable_batch() = AskedOf(schedule.batch());
  return request;
}

// Sets the label that every run has, in place of one of that name.
template <typename Record>
void SetScheduleLabel(const std::string& id, Record& record) {
  (*record.mutable_labels())[kScheduleLabel] = id;
}

// Adds what is wrong with a template; its fields are those of the schedule.
void AddTemplateViolations(const absl::Status& status, Violations& violations) {
  for (const FieldViolation& violation : FieldViolationsOf(status)) {
    if (violation.field != "parent") {
      violations.Require(false, "schedule." + violation.field, violation.description);
    }
  }
}

// What names one time, or jobs that will be gone, cannot hold every time.
void CheckSpecRecurs(const v1::JobSpec& spec, const std::string& field, Violations& violations) {
  constexpr char kWhy[] = "does not go with a schedule";
  violations.Require(!spec.has_not_before(), field + ".not_before", kWhy);
  violations.Require(!spec.has_start_deadline(), field + ".start_deadline", kWhy);
  violations.Require(spec.depends_on().empty(), field + ".depends_on", kWhy);
}

// Returns UNKNOWN_STAGE as it is; everything else is noted.
absl::Status CheckTemplate(const std::string& parent, const v1::Schedule& schedule,
                           Violations& violations) {
  absl::Status valid;
  size_t bytes = 0;
  if (schedule.has_job()) {
    v1::CreateJobRequest request = JobRequest(parent, schedule);
    SetScheduleLabel("s", *request.mutable_job());
    valid = ValidateCreateJob(request);
    bytes = schedule.job().ByteSizeLong();
    CheckSpecRecurs(schedule.job().spec(), "schedule.job.spec", violations);
  } else if (schedule.has_batch()) {
    v1::CreateBatchRequest request = BatchRequest(parent, schedule);
    SetScheduleLabel("s", *request.mutable_batch());
    valid = ValidateCreateBatch(request);
    bytes = schedule.batch().ByteSizeLong();
    for (int i = 0; i < schedule.batch().operations_size(); ++i) {
      CheckSpecRecurs(schedule.batch().operations(i).spec(),
                      "schedule.batch.operations[" + std::to_string(i) + "].spec", violations);
    }
    CheckSpecRecurs(schedule.batch().directory().template_(), "schedule.batch.directory.template",
                    violations);
    CheckSpecRecurs(schedule.batch().generator().template_().spec(),
                    "schedule.batch.generator.template.spec", violations);
  } else {
    violations.Require(false, "schedule.job", "a job or a batch is needed");
  }
  violations.Require(bytes <= kTemplateBytesMax,
                     schedule.has_batch() ? "schedule.batch" : "schedule.job", "at most 1 MiB");
  if (ReasonOf(valid) == "UNKNOWN_STAGE") return valid;
  AddTemplateViolations(valid, violations);
  return absl::OkStatus();
}

void CheckTimes(const v1::Schedule& schedule, Violations& violations) {
  const auto cron = CronExpression::Parse(schedule.cron());
  violations.Require(cron.ok(), "schedule.cron", MessageOf(cron.status()));
  if (!schedule.time_zone().empty()) {
    const auto zone = FindTimeZone(schedule.time_zone());
    violations.Require(zone.ok(), "schedule.time_zone", MessageOf(zone.status()));
  }
  violations.Require(v1::OverlapPolicy_IsValid(schedule.overlap_policy()),
                     "schedule.overlap_policy", "not an OverlapPolicy of this version");
  if (schedule.has_catch_up_window()) {
    const bool is_valid = IsValidProto(schedule.catch_up_window());
    const absl::Duration window =
        is_valid ? FromProto(schedule.catch_up_window()) : absl::ZeroDuration();
    violations.Require(window >= kCatchUpMin && window <= kCatchUpMax, "schedule.catch_up_window",
                       "from 1 minute to 7 days");
  }
}

// Checks what users say of a schedule.
absl::Status CheckSchedule(const std::string& parent, const v1::Schedule& schedule,
                           Violations& violations) {
  CheckTimes(schedule, violations);
  // Label and name are checked as those of a job.
  v1::CreateJobRequest head;
  head.set_parent("projects/default");
  head.mutable_job()->set_display_name(schedule.display_name());
  *head.mutable_job()->mutable_labels() = schedule.labels();
  head.mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  for (const FieldViolation& violation : FieldViolationsOf(ValidateCreateJob(head))) {
    violations.Require(false, "schedule." + violation.field.substr(violation.field.find('.') + 1),
                       violation.description);
  }
  return CheckTemplate(parent, schedule, violations);
}

// Writes what users say of a valid schedule into its record.
void SetWhatUsersChange(const std::string& parent, const v1::Schedule& schedule,
                        ScheduleRecord& record) {
  record.display_name = schedule.display_name();
  record.labels = {schedule.labels().begin(), schedule.labels().end()};
  record.cron = schedule.cron();
  record.time_zone = schedule.time_zone().empty() ? kDefaultZone : schedule.time_zone();
  record.overlap = schedule.overlap_policy() == v1::OVERLAP_POLICY_UNSPECIFIED
                       ? OverlapPolicy::kSkip
                       : static_cast<OverlapPolicy>(schedule.overlap_policy());
  record.catch_up_window =
      schedule.has_catch_up_window() ? FromProto(schedule.catch_up_window()) : kCatchUpDefault;
  record.paused = schedule.paused();
  record.kind = schedule.has_batch() ? RunKind::kBatch : RunKind::kJob;
  record.request = schedule.has_batch() ? BatchRequest(parent, schedule).SerializeAsString()
                                        : JobRequest(parent, schedule).SerializeAsString();
}

// Takes a field of `from` over.
using TakeField = void (*)(const v1::Schedule& from, v1::Schedule& to);
constexpr std::pair<std::string_view, TakeField> kFields[] = {
    {"display_name", [](const auto& from, auto& to) { to.set_display_name(from.display_name()); }},
    {"labels", [](const auto& from, auto& to) { *to.mutable_labels() = from.labels(); }},
    {"cron", [](const auto& from, auto& to) { to.set_cron(from.cron()); }},
    {"time_zone", [](const auto& from, auto& to) { to.set_time_zone(from.time_zone()); }},
    {"overlap_policy",
     [](const auto& from, auto& to) { to.set_overlap_policy(from.overlap_policy()); }},
    {"catch_up_window",
     [](const auto& from, auto& to) {
       to.clear_catch_up_window();
       if (from.has_catch_up_window()) *to.mutable_catch_up_window() = from.catch_up_window();
     }},
    {"paused", [](const auto& from, auto& to) { to.set_paused(from.paused()); }},
    {"job",
     [](const auto& from, auto& to) {
       if (from.has_job()) *to.mutable_job() = from.job();
       if (!from.has_job()) to.clear_job();
     }},
    {"batch", [](const auto& from, auto& to) {
       if (from.has_batch()) *to.mutable_batch() = from.batch();
       if (!from.has_batch()) to.clear_batch();
     }}};

// Takes what `path` of a mask names over; returns whether it names anything.
bool TakeOver(std::string_view path, const v1::Schedule& from, v1::Schedule& to) {
  bool is_known = false;
  for (const auto& [name, take] : kFields) {
    // One of the two templates is not there: clearing it must not undo the other.
    const bool absent =
        (name == "job" && !from.has_job()) || (name == "batch" && !from.has_batch());
    if (path == "*" && !absent) take(from, to);
    if (path == name) take(from, to);
    is_known = is_known || path == "*" || path == name;
  }
  if (path == "*" && from.template_case() == v1::Schedule::TEMPLATE_NOT_SET) to.clear_template();
  return is_known;
}

std::string HashOf(const v1::CreateScheduleRequest& request) {
  v1::CreateScheduleRequest body;
  body.set_parent(request.parent());
  body.set_schedule_id(request.schedule_id());
  TakeOver("*", request.schedule(), *body.mutable_schedule());
  return BodyHash(body);
}

}  // namespace

absl::Status ValidateCreateSchedule(const v1::CreateScheduleRequest& request) {
  Violations violations;
  violations.Merge(ParseProject(request.parent(), "parent").status());
  violations.Require(
      request.schedule_id().empty() ||
          (IsResourceId(request.schedule_id()) && request.schedule_id().size() <= kIdBytesMax),
      "schedule_id", "an id: 1 to 36 lower-case letters, digits and dashes, from a letter on");
  violations.Require(IsPlainText(request.request_id(), kRequestIdCharactersMax), "request_id",
                     "at most 64 characters and no control characters");
  DQ_RETURN_IF_ERROR(CheckSchedule(request.parent(), request.schedule(), violations));
  return violations.ToStatus();
}

absl::Status CheckTemplateInputs(const std::string& parent, const v1::Schedule& schedule,
                                 CatalogStore& catalog) {
  if (schedule.has_batch()) {
    return CheckBatchInputs(BatchRequest(parent, schedule), catalog);
  }
  const v1::CreateJobRequest request = JobRequest(parent, schedule);
  return NeedsCatalog(request) ? ResolveInputs(request, catalog).status() : absl::OkStatus();
}

ScheduleRecord MakeScheduleRecord(const v1::CreateScheduleRequest& request,
                                  const std::string& created_by, absl::Time now) {
  ScheduleRecord record;
  record.project = *ParseProject(request.parent(), "parent");
  record.id = request.schedule_id().empty() ? TimeOrderedId("s-", now) : request.schedule_id();
  record.uid = RandomHex(kUidBytes);
  record.request_id = request.request_id();
  if (!request.request_id().empty()) record.request_hash = HashOf(request);
  record.created_by = created_by;
  record.create_time = record.update_time = record.decided_until = record.look_time = now;
  SetWhatUsersChange(request.parent(), request.schedule(), record);
  return record;
}

absl::StatusOr<ScheduleRecord> WithChanges(const ScheduleRecord& record,
                                           const v1::UpdateScheduleRequest& request,
                                           absl::Time now) {
  const v1::Schedule& asked = request.schedule();
  if (!asked.etag().empty() && asked.etag() != std::to_string(record.revision)) {
    return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                     "the schedule was changed since it was read; read it again",
                     {{"schedule", asked.name()}});
  }
  v1::Schedule changed = ToProto(record, now);
  Violations violations;
  violations.Require(request.update_mask().paths_size() > 0, "update_mask",
                     "name the fields to change, or \"*\" for all");
  for (const std::string& path : request.update_mask().paths()) {
    violations.Require(TakeOver(path, asked, changed), "update_mask",
                       "'" + path + "' is no field that can be changed");
  }
  const std::string parent = "projects/" + record.project;
  DQ_RETURN_IF_ERROR(CheckSchedule(parent, changed, violations));
  DQ_RETURN_IF_ERROR(violations.ToStatus());
  ScheduleRecord next = record;
  SetWhatUsersChange(parent, changed, next);
  next.update_time = now;
  ++next.revision;
  // The times before are those of the schedule as it was.
  next.decided_until = std::max(record.decided_until, now);
  next.look_time = now;
  return next;
}

absl::StatusOr<std::variant<JobRecord, BatchToMake>> MakeRunRecord(const ApiPorts& ports,
                                                                   const ScheduleRecord& schedule,
                                                                   const ScheduleRun& run,
                                                                   const std::string& id) {
  const absl::Time now = ports.clock.Now();
  const std::string creator = run.is_triggered ? run.actor : schedule.created_by;
  if (schedule.kind == RunKind::kBatch) {
    v1::CreateBatchRequest request;
    request.ParseFromString(schedule.request);
    request.set_batch_id(id);
    SetScheduleLabel(schedule.id, *request.mutable_batch());
    BatchToMake batch = {MakeBatchRecord(request, creator, now), {}};
    for (const v1::CreateJobRequest& operation : OperationRequests(request)) {
      batch.requests.push_back(operation.SerializeAsString());
    }
    return batch;
  }
  v1::CreateJobRequest request;
  request.ParseFromString(schedule.request);
  request.set_job_id(id);
  SetScheduleLabel(schedule.id, *request.mutable_job());
  JobInputs inputs;
  if (NeedsCatalog(request)) {
    DQ_ASSIGN_OR_RETURN(inputs, ResolveInputs(request, ports.catalog));
  }
  JobRecord record = MakeJobRecord(request, inputs, creator, now);
  DQ_RETURN_IF_ERROR(UseEarlierResult(ports, request.job().spec(), record));
  return record;
}

}  // namespace dq
