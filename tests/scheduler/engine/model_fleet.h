// A fleet of simulated workers over streams that delay and lose what is on its way, for the random
// model test. Every message the scheduler sends is checked on arrival against what the store holds:
// nothing may be told before it is durable. Single-threaded.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "scheduler/engine/cell.h"
#include "tests/support/fake_store.h"

namespace dq {

// What the outside world did and heard: the invariants are judged by it and the store's events.
struct Journal {
  std::map<std::pair<std::string, int32_t>, std::string> granted;  // (job, attempt) → token.
  std::map<std::string, std::string> acknowledged;                 // Request id → job id.
  std::set<std::string> cancelled;                                 // Acknowledged cancels.
  std::map<std::pair<std::string, int32_t>, std::set<absl::Time>> heard;  // Signs of life.
  std::set<absl::Time> takeovers;  // When a new leader began.
  std::vector<std::string> violations;
};

// Holds the turns on their way to a worker.
class DelayedSink : public WorkerSink {
 public:
  DelayedSink(FakeStore& store, Journal& journal) : store_(store), journal_(journal) {}
  void Welcome(WorkerWelcome welcome) override { welcome_ = std::move(welcome); }
  void Turn(WorkerTurn turn) override;
  void Close(absl::Status) override { closed_ = true; }

  std::optional<WorkerWelcome> TakeWelcome() { return std::exchange(welcome_, std::nullopt); }
  std::optional<WorkerTurn> TakeTurn();
  bool closed() const { return closed_; }

 private:
  FakeStore& store_;
  Journal& journal_;
  std::optional<WorkerWelcome> welcome_;
  std::deque<WorkerTurn> turns_;
  bool closed_ = false;
};

// One worker process. Runs what it is granted until told otherwise; ends attempts at random.
class ModelWorker {
 public:
  ModelWorker(std::string instance, int slots, FakeStore& store, Journal& journal)
      : instance_(std::move(instance)), slots_(slots), store_(store), journal_(journal) {}

  bool IsConnected() const { return sink_ != nullptr; }
  void Connect(Cell& cell, const Instant& now, SessionId session);
  // The stream breaks: what is on its way is lost. The scheduler notices by CloseSession() or
  // never.
  SessionId Break();
  // Takes one message in; does nothing when none is on its way.
  void Receive();
  // Puts a report on its way.
  void SendReport();
  // Lets the oldest report on its way arrive.
  void DeliverReport(Cell& cell, const Instant& now);
  // Ends one running attempt some way.
  void EndOne(std::mt19937_64& random);
  // Ends every running attempt successfully.
  void CompleteAll();
  bool ReportsUnderway() const { return !reports_.empty(); }

 private:
  struct Run {
    std::optional<Outcome> outcome;
    bool revoked = false;
  };

  void Accept(const WorkerTurn& turn);
  Outcome CompletionOf(const LeaseId& lease) const;

  const std::string instance_;
  const int slots_;
  FakeStore& store_;
  Journal& journal_;
  std::shared_ptr<DelayedSink> sink_;
  SessionId session_ = 0;
  int64_t sequence_ = 0;
  std::map<LeaseId, Run> runs_;
  std::deque<WorkerReport> reports_;
};

}  // namespace dq
