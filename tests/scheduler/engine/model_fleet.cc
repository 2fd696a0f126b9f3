#include "tests/scheduler/engine/model_fleet.h"

#include <utility>

namespace dq {
namespace {

bool RowHolds(const JobStatus& row, const LeaseId& lease) {
  return IsLeased(row.state) && row.attempt == lease.attempt && row.lease_token == lease.token;
}

std::string Describe(const LeaseId& lease) {
  return lease.job.id + " attempt " + std::to_string(lease.attempt);
}

}  // namespace

void DelayedSink::Turn(WorkerTurn turn) {
  if (closed_) journal_.violations.push_back("a turn after the close");
  for (const WorkerGrant& grant : turn.grants) {
    const JobStatus row = store_.GetJob(grant.lease.job)->status;
    const bool is_recorded = row.attempt > grant.lease.attempt ||
                             (row.attempt == grant.lease.attempt &&
                              (!IsLeased(row.state) || row.lease_token == grant.lease.token));
    if (!is_recorded) {
      journal_.violations.push_back("granted before it was durable: " + Describe(grant.lease));
    }
    const auto [entry, is_new] =
        journal_.granted.try_emplace({grant.lease.job.id, grant.lease.attempt}, grant.lease.token);
    if (!is_new) journal_.violations.push_back("granted twice: " + Describe(grant.lease));
  }
  for (const LeaseId& lease : turn.closed) {
    if (RowHolds(store_.GetJob(lease.job)->status, lease)) {
      journal_.violations.push_back("closed before it was durable: " + Describe(lease));
    }
  }
  for (const WorkerRevocation& revocation : turn.revoked) {
    const JobStatus row = store_.GetJob(revocation.lease.job)->status;
    const bool still_runs = row.state == JobState::kProcessing && RowHolds(row, revocation.lease);
    if (still_runs) journal_.violations.push_back("revoked early: " + Describe(revocation.lease));
  }
  turns_.push_back(std::move(turn));
}

std::optional<WorkerTurn> DelayedSink::TakeTurn() {
  if (turns_.empty()) return std::nullopt;
  WorkerTurn turn = std::move(turns_.front());
  turns_.pop_front();
  return turn;
}

void ModelWorker::Connect(Cell& cell, const Instant& now, SessionId session) {
  sink_ = std::make_shared<DelayedSink>(store_, journal_);
  session_ = session;
  sequence_ = 0;
  reports_.clear();
  WorkerHello hello;
  hello.instance = instance_;
  hello.stages = {"noop"};
  hello.slots = slots_;
  for (const auto& [lease, run] : runs_) hello.held.push_back(lease);
  cell.OpenSession(now, session, std::move(hello), sink_);
}

SessionId ModelWorker::Break() {
  sink_ = nullptr;
  reports_.clear();
  return session_;
}

void ModelWorker::Receive() {
  if (sink_ == nullptr) return;
  if (std::optional<WorkerWelcome> welcome = sink_->TakeWelcome()) {
    for (const LeaseId& lease : welcome->lost) {
      // What ended may be recorded already: its files stay until the scheduler closed the lease.
      if (!runs_[lease].outcome) runs_.erase(lease);
    }
    return;
  }
  if (const std::optional<WorkerTurn> turn = sink_->TakeTurn()) return Accept(*turn);
  if (sink_->closed()) Break();
}

void ModelWorker::Accept(const WorkerTurn& turn) {
  for (const LeaseId& lease : turn.closed) runs_.erase(lease);
  for (const WorkerRevocation& revocation : turn.revoked) {
    if (revocation.reason != RevokeReason::kCancel && revocation.reason != RevokeReason::kPause) {
      runs_.erase(revocation.lease);
    } else if (const auto run = runs_.find(revocation.lease); run != runs_.end()) {
      run->second.revoked = true;
    }
  }
  for (const WorkerGrant& grant : turn.grants) runs_[grant.lease];
  int running = 0;
  for (const auto& [lease, run] : runs_) running += run.outcome ? 0 : 1;
  if (running > slots_) journal_.violations.push_back(instance_ + " got more than its slots");
}

void ModelWorker::SendReport() {
  if (sink_ == nullptr) return;
  WorkerReport report;
  report.sequence = ++sequence_;
  report.free_slots = slots_;
  for (const auto& [lease, run] : runs_) {
    if (run.outcome) {
      report.leases.push_back({lease, *run.outcome});
    } else {
      report.leases.push_back({lease, JobProgress()});
      --report.free_slots;
    }
  }
  reports_.push_back(std::move(report));
}

void ModelWorker::DeliverReport(Cell& cell, const Instant& now) {
  if (reports_.empty()) return;
  for (const LeaseReport& report : reports_.front().leases) {
    journal_.heard[{report.lease.job.id, report.lease.attempt}].insert(now.wall);
  }
  cell.HandleReport(now, session_, reports_.front());
  reports_.pop_front();
}

Outcome ModelWorker::CompletionOf(const LeaseId& lease) const {
  CompletedOutcome completed;
  // Names the lease, so that the checker sees whose result was accepted.
  completed.result.manifest_uri = std::to_string(lease.attempt) + "/" + lease.token;
  completed.result.outputs.resize(2);
  return completed;
}

void ModelWorker::EndOne(std::mt19937_64& random) {
  for (auto& [lease, run] : runs_) {
    if (run.outcome || random() % 2 == 0) continue;
    const auto kind = random() % 8;
    if (run.revoked && kind < 4) {
      run.outcome = StoppedOutcome{};
    } else if (kind == 5) {
      run.outcome = FailedOutcome{{"DISK_FULL", "Full.", {}}, true};
    } else if (kind == 6) {
      run.outcome = FailedOutcome{{"PARSE_FAILED", "Bad.", {}}, false};
    } else if (kind == 7) {
      run.outcome = ReleasedOutcome{};
    } else {
      run.outcome = CompletionOf(lease);
    }
    return;
  }
}

void ModelWorker::CompleteAll() {
  for (auto& [lease, run] : runs_) {
    if (!run.outcome) run.outcome = CompletionOf(lease);
  }
}

}  // namespace dq
