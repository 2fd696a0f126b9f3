#include "scheduler/api/bulk_actor.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/api/filter_parser.h"
#include "scheduler/api/job_lookup.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/stuck_codec.h"
#include "scheduler/api/violations.h"
#include "scheduler/engine/job_deletion.h"
#include "scheduler/engine/job_reopening.h"

namespace dq {
namespace {

constexpr int kPageJobs = 500;
constexpr int kShownMax = 20;
constexpr int32_t kPerSecondMax = 100'000;

absl::Status Closing() {
  return MakeError(absl::StatusCode::kUnavailable, "DRAINING",
                   "This scheduler shuts down: try again, another takes over.");
}

// Whether the action has something to do with a job in `state`.
bool Affects(v1::BulkAction action, JobState state) {
  const bool waits = state == JobState::kPending || state == JobState::kQueued;
  switch (action) {
    case v1::BULK_ACTION_CANCEL:
      return !IsTerminal(state) && state != JobState::kCancelling;
    case v1::BULK_ACTION_PAUSE:
      return waits || state == JobState::kProcessing;
    case v1::BULK_ACTION_RESUME:
      return state == JobState::kPaused;
    case v1::BULK_ACTION_RETRY:
      return IsTerminal(state) && state != JobState::kCompleted;
    case v1::BULK_ACTION_DELETE:
      return IsTerminal(state);
    default:
      return false;
  }
}

// Whether the same may be taken later.
bool IsForNow(const absl::Status& status) {
  return absl::IsUnavailable(status) || ReasonOf(status) == "QUEUE_FULL";
}

// Whether the job has ended since it was listed: there is nothing left to do.
bool HasEnded(const absl::Status& status) { return ReasonOf(status) == "NOT_LIVE"; }

std::string IdentityOf(const v1::BulkActOnJobsRequest& request) {
  return "BulkActOnJobs " + request.parent() + " " + v1::BulkAction_Name(request.action()) + " " +
         request.filter();
}

}  // namespace

absl::StatusOr<BulkQuery> ParseBulk(const v1::BulkActOnJobsRequest& request) {
  BulkQuery query;
  query.action = request.action();
  query.force = request.force();
  query.per_second_max = request.per_second_max();
  query.word.reason = request.reason();
  query.identity = IdentityOf(request);
  Violations violations;
  auto project = ParseProject(request.parent(), "parent");
  violations.Merge(project.status());
  violations.Require(!request.filter().empty(), "filter", "which jobs are meant");
  const bool is_action =
      v1::BulkAction_IsValid(request.action()) && request.action() != v1::BULK_ACTION_UNSPECIFIED;
  violations.Require(is_action, "action", "what to do with the jobs");
  violations.Require(query.per_second_max >= 0 && query.per_second_max <= kPerSecondMax,
                     "per_second_max", "1 to 100,000, or 0 for no limit");
  violations.RequireReason(request.reason());
  DQ_RETURN_IF_ERROR(violations.ToStatus());
  query.project = *std::move(project);
  DQ_ASSIGN_OR_RETURN(query.filter, ParseFilter(request.filter()));
  DQ_ASSIGN_OR_RETURN(query.before, ReadNumberToken(query.identity, request.page_token()));
  return query;
}

void BulkActor::Start(const std::shared_ptr<UnaryCall>& call, BulkQuery query,
                      v1::BulkActOnJobsResponse& response) {
  const auto work = [this, call, query = std::move(query), &response]() mutable {
    call->Finish(Work(query, response));
  };
  if (!threads_.Submit(work)) call->Finish(TooMuchWaits());
}

void BulkActor::Close() {
  abandonment_->Abandon();
  MutexLock lock(mutex_);
  closed_ = true;
  closed_changed_.NotifyAll();
}

bool BulkActor::AwaitTurn(absl::Time due) {
  MutexLock lock(mutex_);
  while (!closed_) {
    const absl::Duration left = due - ports_.clock.Boot();
    if (left <= absl::ZeroDuration()) return true;
    closed_changed_.WaitFor(mutex_, absl::ToChronoNanoseconds(left));
  }
  return false;
}

absl::Status BulkActor::Work(BulkQuery& query, v1::BulkActOnJobsResponse& response) {
  if (query.force) {
    const std::string action = absl::AsciiStrToLower(v1::BulkAction_Name(query.action));
    DQ_RETURN_IF_ERROR(operators_.AddEvent(
        {action, "projects/" + query.project, {{"query", query.identity}}}, query.word));
  }
  const bool is_limited = query.force && query.per_second_max > 0;
  const int page_jobs = is_limited ? std::min(kPageJobs, query.per_second_max) : kPageJobs;
  absl::Time turn = ports_.clock.Boot();
  while (true) {
    const auto page = ports_.jobs.ListJobs(query.project, query.filter, query.before, page_jobs);
    if (!page.ok()) return page.status();
    std::vector<JobName> names;
    for (const JobRecord& job : *page) {
      if (Affects(query.action, job.status.state)) names.push_back(job.name);
    }
    if (query.is_abandoned()) return absl::CancelledError("The caller is gone.");
    if (query.force && !names.empty()) {
      if (!AwaitTurn(turn)) return Closing();
      if (is_limited) {
        turn = std::max(turn, ports_.clock.Boot()) +
               absl::Seconds(static_cast<double>(names.size()) / query.per_second_max);
      }
      DQ_ASSIGN_OR_RETURN(const bool goes_on, ActOnPage(query, names, response));
      if (!goes_on) break;
    }
    response.set_matched(response.matched() + std::ssize(names));
    response.set_unaffected(response.unaffected() + std::ssize(*page) - std::ssize(names));
    for (const JobName& name : names) {
      if (response.sample_size() < kShownMax) response.add_sample(JobText(name));
    }
    if (std::ssize(*page) < page_jobs) return absl::OkStatus();
    query.before = page->back().key;
    if (std::max(turn, ports_.clock.Boot()) >= query.deadline) break;
  }
  response.set_next_page_token(MakePageToken(query.identity, std::to_string(query.before)));
  return absl::OkStatus();
}

absl::StatusOr<bool> BulkActor::ActOnPage(const BulkQuery& query, const std::vector<JobName>& names,
                                          v1::BulkActOnJobsResponse& response) {
  const auto outcomes = ActOn(query, names);
  if (!outcomes) return Closing();
  const auto for_now = std::ranges::find_if(*outcomes, IsForNow);
  if (for_now != outcomes->end()) {
    // The page is done again by the next call; what has been done of it is then done already.
    if (response.matched() == 0) return *for_now;
    return false;
  }
  int64_t ended = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const absl::Status& outcome = (*outcomes)[i];
    if (outcome.ok()) {
      response.set_done(response.done() + 1);
      continue;
    }
    if (HasEnded(outcome)) {
      ++ended;
      continue;
    }
    response.set_refused(response.refused() + 1);
    if (response.refusals_size() < kShownMax) {
      *response.add_refusals() = JobRefusalToProto(names[i], outcome);
    }
  }
  response.set_matched(response.matched() - ended);  // The caller counts them all.
  response.set_unaffected(response.unaffected() + ended);
  return true;
}

std::optional<std::vector<absl::Status>> BulkActor::ActOn(const BulkQuery& query,
                                                          const std::vector<JobName>& names) {
  Scheduler& scheduler = ports_.scheduler;
  const OperatorWord& word = query.word;
  if (query.action == v1::BULK_ACTION_RETRY) {
    const auto read = [&](const std::vector<JobName>& wanted) {
      std::vector<std::string> ids;
      for (const JobName& name : wanted) ids.push_back(name.id);
      return ports_.jobs.BatchGetJobs(query.project, ids);
    };
    return ReopenJobs(scheduler, names, read, {word.reason, word.actor}, abandonment_);
  }
  if (query.action == v1::BULK_ACTION_DELETE) {
    const OperatorWord now = {word.actor, word.reason, ports_.clock.Now()};
    return DeleteJobs(scheduler, ports_.deletions, names, {now}, abandonment_);
  }
  Answers<absl::StatusOr<JobView>> answers(names.size(), abandonment_);
  for (size_t i = 0; i < names.size(); ++i) {
    if (query.action == v1::BULK_ACTION_CANCEL) {
      scheduler.Cancel(names[i], word.reason, word.actor, answers.Take(i));
    } else if (query.action == v1::BULK_ACTION_PAUSE) {
      scheduler.Pause(names[i], word.reason, word.actor, answers.Take(i));
    } else {
      scheduler.Resume(names[i], word.reason, word.actor, answers.Take(i));
    }
  }
  const auto answered = answers.Wait();
  if (!answered) return std::nullopt;
  std::vector<absl::Status> outcomes;
  for (const auto& answer : *answered) outcomes.push_back(answer.status());
  LookAtAbsent(query, names, outcomes);
  return outcomes;
}

void BulkActor::LookAtAbsent(const BulkQuery& query, const std::vector<JobName>& names,
                             std::vector<absl::Status>& outcomes) {
  std::map<std::string, absl::Status*> absent;
  for (size_t i = 0; i < names.size(); ++i) {
    if (HasEnded(outcomes[i])) absent.emplace(names[i].id, &outcomes[i]);
  }
  if (absent.empty()) return;
  std::vector<std::string> ids;
  for (const auto& [id, outcome] : absent) ids.push_back(id);
  const auto records = ports_.jobs.BatchGetJobs(query.project, ids);
  if (!records.ok()) {
    for (const auto& [id, outcome] : absent) *outcome = records.status();
    return;
  }
  for (const JobRecord& job : *records) {
    if (!IsTerminal(job.status.state)) *absent.at(job.name.id) = NotLoadedYet(job.name);
  }
}

}  // namespace dq
