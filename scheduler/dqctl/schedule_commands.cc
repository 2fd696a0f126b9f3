#include <functional>
#include <map>
#include <utility>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/inputs.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"
#include "scheduler/dqctl/schedule_text.h"

namespace dq::dqctl {
namespace {

using dq::v1::Schedule;

constexpr size_t kUploadCharacters = 32;
constexpr size_t kRequestIdBytes = 16;

std::string ScheduleName(const Session& session, const std::string& text) {
  return ResourceName(session.connection.project, "schedules", text);
}

void PrintSchedule(const Session& session, OutputFormat format, const Schedule& schedule) {
  PrintRecord(session.console, format, schedule, ScheduleDetails(schedule));
}

dq::v1::OverlapPolicy OverlapOf(const std::string& text) {
  const std::map<std::string, dq::v1::OverlapPolicy> policies = {
      {"", dq::v1::OVERLAP_POLICY_UNSPECIFIED},
      {"skip", dq::v1::OVERLAP_POLICY_SKIP},
      {"queue", dq::v1::OVERLAP_POLICY_QUEUE},
      {"cancel", dq::v1::OVERLAP_POLICY_CANCEL_RUNNING}};
  return policies.at(text);
}

// Sets what was given of when it runs; returns the names of these fields.
std::vector<std::string> SetTimes(const ScheduleTimes& times, Schedule& schedule) {
  std::vector<std::string> fields;
  if (!times.cron.empty()) {
    schedule.set_cron(times.cron);
    fields.push_back("cron");
  }
  if (!times.time_zone.empty()) {
    schedule.set_time_zone(times.time_zone);
    fields.push_back("time_zone");
  }
  if (!times.overlap.empty()) {
    schedule.set_overlap_policy(OverlapOf(times.overlap));
    fields.push_back("overlap_policy");
  }
  if (times.catch_up > absl::ZeroDuration()) {
    *schedule.mutable_catch_up_window() = google::protobuf::util::TimeUtil::MillisecondsToDuration(
        absl::ToInt64Milliseconds(times.catch_up));
    fields.push_back("catch_up_window");
  }
  return fields;
}

// Turns what a user named into a resource name, in one of two ways: as it is going to be, or as it
// is once everything is uploaded.
using NameFile = std::function<absl::StatusOr<std::string>(size_t index)>;

// Sets the job of one file or none, or the batch of several. `spec` is what every file gets.
absl::Status SetTemplate(const ScheduleCreateCommand& command, const dq::v1::JobSpec& spec,
                         const NameFile& name_file, Schedule& schedule) {
  schedule.clear_template();
  if (command.files.size() <= 1) {
    *schedule.mutable_job()->mutable_spec() = spec;
  } else {
    schedule.mutable_batch()->set_mode(command.sequential ? dq::v1::BATCH_MODE_SEQUENTIAL
                                                          : dq::v1::BATCH_MODE_PARALLEL);
    schedule.mutable_batch()->set_max_parallel(command.max_parallel);
    schedule.mutable_batch()->set_stop_on_error(command.stop_on_error);
  }
  for (size_t i = 0; i < command.files.size(); ++i) {
    DQ_ASSIGN_OR_RETURN(const std::string file, name_file(i));
    if (schedule.has_job()) {
      schedule.mutable_job()->mutable_spec()->set_input_file(file);
      continue;
    }
    dq::v1::BatchOperation& operation = *schedule.mutable_batch()->add_operations();
    *operation.mutable_spec() = spec;
    operation.mutable_spec()->set_input_file(file);
  }
  return absl::OkStatus();
}

// Has the scheduler check the request before anything is uploaded for it: names stand for what is
// still to come. Nothing is asked when nothing would be uploaded.
absl::Status CheckBeforeUploads(Client& client, const Session& session,
                                const ScheduleCreateCommand& command, dq::v1::JobSpec spec,
                                dq::v1::CreateScheduleRequest request) {
  const std::string& project = session.connection.project;
  bool uploads = false;
  const auto name_of = [&](const char* collection, const std::string& text) {
    const bool is_path = IsLocalPath(text, collection);
    uploads = uploads || is_path;
    return ResourceName(project, collection, is_path ? "upload" : text);
  };
  if (!command.chain.reference.empty()) {
    spec.set_reference(name_of("references", command.chain.reference));
  }
  const NameFile name_file = [&](size_t i) { return name_of("files", command.files[i]); };
  DQ_RETURN_IF_ERROR(SetTemplate(command, spec, name_file, *request.mutable_schedule()));
  if (!uploads) return absl::OkStatus();
  request.set_validate_only(true);
  return client.CreateSchedule(request).status();
}

// Uploads what has to be there first and creates the schedule.
absl::StatusOr<dq::v1::CreateScheduleResponse> Create(Client& client,
                                                      const ScheduleCreateCommand& command,
                                                      dq::v1::JobSpec spec, Inputs& inputs,
                                                      dq::v1::CreateScheduleRequest& request) {
  // The same for a repetition, and with what is added to it short enough for a request id.
  const std::string uploads =
      "schedule-" + Sha256Of(request.request_id()).substr(0, kUploadCharacters);
  DQ_RETURN_IF_ERROR(inputs.SetReference(command.chain, uploads + "-ref", spec));
  const NameFile name_file = [&](size_t i) {
    return inputs.ResolveFile(command.files[i], uploads + "-" + std::to_string(i + 1));
  };
  DQ_RETURN_IF_ERROR(SetTemplate(command, spec, name_file, *request.mutable_schedule()));
  return client.CreateSchedule(request);
}

dq::v1::CreateScheduleRequest RequestOf(const ScheduleCreateCommand& command,
                                        const Session& session) {
  dq::v1::CreateScheduleRequest request;
  request.set_parent("projects/" + session.connection.project);
  request.set_schedule_id(command.schedule_id);
  request.set_request_id(RequestIdOf(command.creation, "schedule-"));
  Schedule& schedule = *request.mutable_schedule();
  schedule.set_display_name(command.creation.display_name);
  schedule.mutable_labels()->insert(command.creation.labels.begin(), command.creation.labels.end());
  schedule.set_paused(command.paused);
  SetTimes(command.times, schedule);
  return request;
}

absl::StatusOr<ExitCode> SetPaused(const ScheduleActionCommand& command, Client& client,
                                   const Session& session) {
  dq::v1::UpdateScheduleRequest request;
  request.mutable_schedule()->set_name(ScheduleName(session, command.name));
  request.mutable_schedule()->set_paused(command.kind == ScheduleActionCommand::Kind::kPause);
  request.mutable_update_mask()->add_paths("paused");
  DQ_ASSIGN_OR_RETURN(const Schedule schedule, client.UpdateSchedule(request));
  PrintSchedule(session, command.format, schedule);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Trigger(const ScheduleActionCommand& command, Client& client,
                                 const Session& session) {
  dq::v1::TriggerScheduleRequest request;
  request.set_name(ScheduleName(session, command.name));
  request.set_request_id("trigger-" + RandomHex(kRequestIdBytes));
  DQ_ASSIGN_OR_RETURN(const auto response, client.TriggerSchedule(request));
  PrintRecord(session.console, command.format, response.run(), RunDetails(response.run()));
  return ExitCode::kOk;
}

}  // namespace

absl::StatusOr<ExitCode> Run(const ScheduleCreateCommand& command, Session& session) {
  const bool is_one = command.files.size() <= 1;
  if (is_one && (command.sequential || command.max_parallel > 0 || command.stop_on_error)) {
    return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                     "--sequential, --max-parallel and --stop-on-error are for several files");
  }
  dq::v1::CreateScheduleRequest request = RequestOf(command, session);
  DQ_ASSIGN_OR_RETURN(dq::v1::JobSpec spec, SpecOf(command.chain));
  SetPlace(command.creation, spec);
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_RETURN_IF_ERROR(CheckBeforeUploads(*client, session, command, spec, request));
  Inputs inputs(*client, session);
  const auto response = Create(*client, command, std::move(spec), inputs, request);
  if (!response.ok()) return inputs.DropAfter(response.status());
  if (response->existed()) session.console.err << "the schedule existed already\n";
  PrintSchedule(session, command.format, response->schedule());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ScheduleGetCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const Schedule schedule,
                      client->GetSchedule(ScheduleName(session, command.name)));
  PrintSchedule(session, command.format, schedule);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ScheduleListCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::ListSchedulesRequest request;
  request.set_parent("projects/" + session.connection.project);
  DQ_ASSIGN_OR_RETURN(
      const std::vector<Schedule> schedules,
      (ListUpTo<Schedule>(
          command.limit, request, [&](const auto& page) { return client->ListSchedules(page); },
          [](const auto& response) { return response.schedules(); })));
  PrintRecords(session.console, command.format, schedules, SchedulesTable(schedules));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ScheduleUpdateCommand& command, Session& session) {
  dq::v1::UpdateScheduleRequest request;
  request.mutable_schedule()->set_name(ScheduleName(session, command.name));
  for (const std::string& field : SetTimes(command.times, *request.mutable_schedule())) {
    request.mutable_update_mask()->add_paths(field);
  }
  if (request.update_mask().paths().empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                     "say what is to change: --cron, --time-zone, --overlap or --catch-up");
  }
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const Schedule schedule, client->UpdateSchedule(request));
  PrintSchedule(session, command.format, schedule);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ScheduleActionCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  switch (command.kind) {
    case ScheduleActionCommand::Kind::kPause:
    case ScheduleActionCommand::Kind::kResume:
      return SetPaused(command, *client, session);
    case ScheduleActionCommand::Kind::kTrigger:
      return Trigger(command, *client, session);
    case ScheduleActionCommand::Kind::kDelete:
      break;
  }
  DQ_RETURN_IF_ERROR(client->DeleteSchedule(ScheduleName(session, command.name)));
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
