#include "tests/scheduler/engine/history_checker.h"

#include "scheduler/core/state_table.h"

namespace dq {
namespace {

// Checks one job; appends to `wrong`.
class JobChecker {
 public:
  JobChecker(const JobRecord& job, const std::vector<JobEventRecord>& events,
             const Journal& journal, const LeaseBounds& bounds, std::vector<std::string>& wrong)
      : job_(job), events_(events), journal_(journal), bounds_(bounds), wrong_(wrong) {}

  void Check() {
    CheckChain();
    CheckAttempts();
    CheckCharges();
    CheckReaping();
    CheckEnd();
  }

 private:
  void Expect(bool holds, const std::string& invariant) {
    if (!holds) wrong_.push_back(job_.name.id + ": " + invariant);
  }
  int64_t Count(JobEvent kind) const {
    return std::ranges::count(events_, kind, &JobEventRecord::event);
  }

  void CheckChain() {
    Expect(!events_.empty() && events_[0].event == JobEvent::kCreate && !events_[0].from,
           "I7 the history begins with the creation");
    for (size_t i = 0; i < events_.size(); ++i) {
      const JobEventRecord& event = events_[i];
      Expect(event.sequence == static_cast<int64_t>(i) + 1, "I7 the sequence has no gap");
      if (i == 0) continue;
      Expect(event.from == events_[i - 1].to, "I7 every event begins where the last one ended");
      Expect(NextState(*event.from, event.event) == event.to, "I7 every transition is legal");
    }
    Expect(events_.back().to == job_.status.state, "I7 the row has the last event's state");
    Expect(events_.back().sequence == job_.status.version, "I7 the row has the last version");
  }

  void CheckAttempts() {
    int32_t attempt = 0;
    for (const JobEventRecord& event : events_) {
      if (event.event == JobEvent::kClaim) ++attempt;
      Expect(event.attempt == attempt, "I5 attempts count grants, one by one");
    }
    Expect(job_.status.attempt == attempt, "I5 the row counts every grant");
  }

  void CheckCharges() {
    int64_t charged = 0;
    for (const JobEventRecord& event : events_) {
      const bool charges = event.event == JobEvent::kRetry || event.event == JobEvent::kGiveUp ||
                           event.event == JobEvent::kLose;
      charged = event.event == JobEvent::kReopen ? 0 : charged + (charges ? 1 : 0);
      const bool told = journal_.granted.contains({job_.name.id, event.attempt});
      Expect(!charges || told || WasInherited(event),
             "I6 only an attempt that a worker was told of is charged");
    }
    Expect(job_.status.charges == charged,
           "I6 charges are the failures and losses since the job was opened");
    Expect(job_.status.charges <= job_.rules.max_attempts, "I6 charges stay within the budget");
  }

  // A new leader cannot know whether the one before it told of its last grants.
  bool WasInherited(const JobEventRecord& end) const {
    const auto claim = std::ranges::find_if(events_, [&](const JobEventRecord& event) {
      return event.event == JobEvent::kClaim && event.attempt == end.attempt;
    });
    const auto takeover = journal_.takeovers.lower_bound(claim->time);
    return takeover != journal_.takeovers.end() && *takeover <= end.time;
  }

  void CheckReaping() {
    for (const JobEventRecord& event : events_) {
      if (event.reason != "WORKER_LOST" && event.reason != "POISON") continue;
      const auto heard = journal_.heard.find({job_.name.id, event.attempt});
      if (heard == journal_.heard.end()) continue;
      const auto after = heard->second.lower_bound(event.time);
      if (after == heard->second.begin()) continue;
      Expect(event.time >= *std::prev(after) + bounds_.broken_stream_ttl,
             "I10 a lease is reaped only after its time");
    }
  }

  // Until the job is opened again, which may have happened though its caller never heard of it.
  bool CancelHolds() const {
    for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
      if (event->event == JobEvent::kReopen) return true;
      if (event->event == JobEvent::kCancel || event->event == JobEvent::kRequestCancel) break;
    }
    return job_.status.state == JobState::kCancelled;
  }

  void CheckEnd() {
    Expect(IsTerminal(job_.status.state), "I1 every job ends");
    Expect(job_.status.lease_token.empty(), "I8 an ended job has no lease");
    int64_t ends = 0;
    for (const JobEventRecord& event : events_) ends += IsTerminal(event.to) ? 1 : 0;
    Expect(ends == 1 + Count(JobEvent::kReopen), "I3 a job ends once for each opening");
    if (journal_.cancelled.contains(job_.name.id)) {
      Expect(CancelHolds(), "I14 an acknowledged cancel holds");
    }
    if (job_.status.state != JobState::kCompleted) return;
    const auto granted = journal_.granted.find({job_.name.id, job_.status.attempt});
    Expect(granted != journal_.granted.end() && job_.result &&
               job_.result->manifest_uri ==
                   std::to_string(job_.status.attempt) + "/" + granted->second,
           "I4 the accepted result is the newest grant's");
  }

  const JobRecord& job_;
  const std::vector<JobEventRecord>& events_;
  const Journal& journal_;
  const LeaseBounds& bounds_;
  std::vector<std::string>& wrong_;
};

}  // namespace

std::vector<std::string> CheckHistory(const FakeStore& store, const Journal& journal,
                                      const LeaseBounds& bounds) {
  std::vector<std::string> wrong = journal.violations;
  const auto events = store.Events();
  std::map<std::string, std::string> job_of_request;
  for (const auto& [key, job] : store.Jobs()) {
    JobChecker(job, events.at(key), journal, bounds, wrong).Check();
    const bool first = job_of_request.try_emplace(job.request_id, job.name.id).second;
    if (!first) wrong.push_back(job.name.id + ": I2 one job per request id");
  }
  for (const auto& [request, job] : journal.acknowledged) {
    const auto found = job_of_request.find(request);
    const bool is_there = found != job_of_request.end() && found->second == job;
    if (!is_there) wrong.push_back(job + ": I1 an acknowledged submit has its job");
  }
  return wrong;
}

}  // namespace dq
