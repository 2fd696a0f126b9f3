// What operators do to many jobs: recover those that are stuck, act on all that a filter fits.
#include <algorithm>
#include <string>
#include <vector>

#include "common/base/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "scheduler/dqctl/admin_text.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

constexpr int kPageMax = 1000;
constexpr int kShownMax = 20;

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return text;
}

// Fills in which stuck jobs are meant; names of enums were checked with the command line.
template <typename Request>
void SetStuck(const StuckOptions& stuck, const Session& session, Request& request) {
  using google::protobuf::util::TimeUtil;
  if (!stuck.all_projects) request.set_parent("projects/" + session.connection.project);
  dq::v1::StuckDiagnosis diagnosis = dq::v1::STUCK_DIAGNOSIS_UNSPECIFIED;
  if (!stuck.diagnosis.empty()) {
    (void)dq::v1::StuckDiagnosis_Parse("STUCK_DIAGNOSIS_" + Upper(stuck.diagnosis), &diagnosis);
  }
  request.set_diagnosis(diagnosis);
  if (stuck.no_progress_for > absl::ZeroDuration()) {
    *request.mutable_no_progress_for() =
        TimeUtil::MillisecondsToDuration(absl::ToInt64Milliseconds(stuck.no_progress_for));
  }
  if (stuck.waiting_for > absl::ZeroDuration()) {
    *request.mutable_waiting_for() =
        TimeUtil::MillisecondsToDuration(absl::ToInt64Milliseconds(stuck.waiting_for));
  }
}

template <typename Refusals>
void PrintRefusals(const Console& console, const Refusals& refusals) {
  if (refusals.empty()) return;
  const std::vector<dq::v1::JobRefusal> list(refusals.begin(), refusals.end());
  RefusalsTable(list).Print(console.err);
}

// Adds the answer of a call that went on with the same request.
void Add(const dq::v1::BulkActOnJobsResponse& more, dq::v1::BulkActOnJobsResponse& all) {
  all.set_matched(all.matched() + more.matched());
  all.set_unaffected(all.unaffected() + more.unaffected());
  all.set_done(all.done() + more.done());
  all.set_refused(all.refused() + more.refused());
  for (const std::string& name : more.sample()) {
    if (all.sample_size() < kShownMax) all.add_sample(name);
  }
  for (const dq::v1::JobRefusal& refusal : more.refusals()) {
    if (all.refusals_size() < kShownMax) *all.add_refusals() = refusal;
  }
  all.set_next_page_token(more.next_page_token());
}

std::string LineOf(const dq::v1::BulkActOnJobsResponse& answer, bool force) {
  const std::string rest = ", " + WithThousands(answer.unaffected()) +
                           " others fit, in whose state there is nothing to do";
  if (!force) {
    return WithThousands(answer.matched()) + " jobs would be acted on" + rest + "; --force does it";
  }
  return WithThousands(answer.done()) + " of " + WithThousands(answer.matched()) + " jobs done, " +
         WithThousands(answer.refused()) + " refused" + rest;
}

}  // namespace

absl::StatusOr<ExitCode> Run(const AdminStuckCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::ListStuckJobsRequest request;
  SetStuck(command.stuck, session, request);
  std::vector<dq::v1::StuckJob> jobs;
  dq::v1::ListStuckJobsResponse page;
  do {
    const int left = command.limit - static_cast<int>(jobs.size());
    request.set_page_size(std::min(left, kPageMax));
    request.set_page_token(page.next_page_token());
    DQ_ASSIGN_OR_RETURN(page, client->ListStuckJobs(request));
    jobs.insert(jobs.end(), page.stuck_jobs().begin(), page.stuck_jobs().end());
  } while (!page.next_page_token().empty() && static_cast<int>(jobs.size()) < command.limit);
  PrintRecords(session.console, command.format, jobs, StuckJobsTable(jobs));
  session.console.err << WithThousands(page.total_size()) << " stuck jobs";
  if (page.unlisted() > 0) {
    session.console.err << ", and " << WithThousands(page.unlisted())
                        << " more far back wait for workers that are not there";
  }
  session.console.err << "\n";
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const AdminRecoverCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::RecoverJobsRequest request;
  SetStuck(command.stuck, session, request);
  dq::v1::RecoverAction action = dq::v1::RECOVER_ACTION_UNSPECIFIED;
  (void)dq::v1::RecoverAction_Parse("RECOVER_ACTION_" + Upper(command.action), &action);
  request.set_action(action);
  request.set_reason(command.reason);
  request.set_force(command.force);
  for (const std::string& name : command.names) {
    request.add_names(ResourceName(session.connection.project, "jobs", name));
  }
  DQ_ASSIGN_OR_RETURN(const auto response, client->RecoverJobs(request));
  const std::vector<dq::v1::StuckJob> sample(response.sample().begin(), response.sample().end());
  PrintRecord(session.console, command.format, response, StuckJobsTable(sample));
  PrintRefusals(session.console, response.refusals());
  session.console.err << (command.force ? WithThousands(response.recovered()) + " of " : "")
                      << WithThousands(response.matched()) << " stuck jobs "
                      << (command.force ? "recovered" : "would be recovered; --force does it")
                      << "\n";
  return response.refusals().empty() ? ExitCode::kOk : ExitCode::kError;
}

absl::StatusOr<ExitCode> Run(const AdminBulkCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::BulkActOnJobsRequest request;
  request.set_parent("projects/" + session.connection.project);
  request.set_filter(command.filter);
  dq::v1::BulkAction action = dq::v1::BULK_ACTION_UNSPECIFIED;
  (void)dq::v1::BulkAction_Parse("BULK_ACTION_" + Upper(command.action), &action);
  request.set_action(action);
  request.set_reason(command.reason);
  request.set_force(command.force);
  request.set_per_second_max(command.per_second_max);
  dq::v1::BulkActOnJobsResponse all;
  do {
    request.set_page_token(all.next_page_token());
    DQ_ASSIGN_OR_RETURN(const auto answer, client->BulkActOnJobs(request));
    Add(answer, all);
    session.console.err << LineOf(all, command.force) << "\n";
  } while (!all.next_page_token().empty());
  Table sample({{command.force ? "ACTED ON, FOR EXAMPLE" : "WOULD BE ACTED ON, FOR EXAMPLE"}});
  for (const std::string& name : all.sample()) sample.AddRow({name});
  PrintRecord(session.console, command.format, all, sample);
  PrintRefusals(session.console, all.refusals());
  return all.refused() == 0 ? ExitCode::kOk : ExitCode::kError;
}

}  // namespace dq::dqctl
