// The leases a worker holds: which run, which have ended and wait to be recorded, which are to be
// stopped. Pure: no time, no threads, no transport. Not thread-safe.
//
// A lease goes through these phases (absent is no phase):
//
//   running ──End──▶ ended ──Close──▶ absent
//      ├─Revoke(cancel)─▶ cancelling ─End─▶ stopped ─Close─▶ absent
//      ├─Pause──────────▶ pausing ─End─▶ stopped or ended ─Close─▶ absent
//      ├─ReleaseAll─────▶ releasing ──End─▶ released or ended ─Close─▶ absent
//      └─Close, Revoke(lost), KeepOnly without it, FenceAll ─▶ discarding ─End─▶ absent
//
// What ended stays in every report until it is closed, so no message needs to arrive. A slot is
// taken until End(): a child that is being killed still uses memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "worker/lease/lease_key.h"

namespace dq {

// Why a running attempt has to stop.
enum class StopReason {
  kCancelled,  // A user cancelled the job; the stop is confirmed to the scheduler.
  kPaused,     // A user paused the job; confirmed too, unless it ended first.
  kReleased,   // The worker drains and gives the job back.
  kLost,       // The lease is not the worker's any more.
  kFenced,     // Nobody answered in time: another worker may run the job by now.
};

// What the caller has to do: stop the attempt, then call End().
struct StopOrder {
  LeaseKey lease;
  StopReason reason;
};

enum class GrantAnswer {
  kStart,        // Run it.
  kAlreadyHeld,  // A repeated message: nothing to do.
  kNoSlot,       // It was handed back: the reports say `released`.
};

enum class EndAnswer {
  kReported,   // The reports carry it until it is closed.
  kDiscarded,  // Nobody waits for it and no report named its outcome: remove its outputs.
};

// What reports say about a lease.
enum class LeaseStatus { kRunning, kEnded, kStopped, kReleased };

// One lease as a report shows it. `payload` is the progress of a running lease (empty before the
// first), the outcome of an ended one, else empty. `checkpoint` is empty before the first.
struct LeaseView {
  const LeaseKey* lease;
  LeaseStatus status;
  const std::string* payload;
  const std::string* checkpoint;
};

class LeaseSet {
 public:
  // Up to `slots` attempts run at once.
  explicit LeaseSet(int32_t slots) : slots_(slots) {}

  // Takes a grant in.
  GrantAnswer Grant(const LeaseKey& lease);
  // Hands a grant back that the worker does not want to run.
  void Refuse(const LeaseKey& lease);
  // Remembers how far a running lease is; ignored for any other. `payload` is opaque.
  void SetProgress(const LeaseKey& lease, std::string payload);
  // Remembers where another attempt could go on; it stays in the reports when the lease has ended.
  // Ignored for a lease that does not run. `checkpoint` is opaque.
  void SetCheckpoint(const LeaseKey& lease, std::string checkpoint);
  // The attempt has ended and uses nothing any more. `outcome` is opaque and is missing when the
  // attempt was stopped before its end.
  EndAnswer End(const LeaseKey& lease, std::optional<std::string> outcome);

  // Forgets what is recorded; what still runs under a closed lease has to stop.
  std::vector<StopOrder> Close(std::span<const LeaseKey> leases);
  // A user cancelled the job: it is stopped, and even an end that was not recorded yet becomes
  // `stopped`, because after an acknowledged cancel nothing completes.
  std::vector<StopOrder> Cancel(const LeaseKey& lease);
  // A user paused the job: it is stopped; an end that came first stays one.
  std::vector<StopOrder> Pause(const LeaseKey& lease);
  // The lease is not the worker's any more.
  std::vector<StopOrder> Lose(const LeaseKey& lease);
  // After a new stream: everything but `kept` is lost.
  std::vector<StopOrder> KeepOnly(std::span<const LeaseKey> kept);
  // Stops everything that runs, to be discarded. Ended leases stay: recording them is fenced by the
  // scheduler.
  std::vector<StopOrder> FenceAll();
  // Stops everything that runs, to be handed back.
  std::vector<StopOrder> ReleaseAll();

  // Slots that could take a job now.
  int32_t free_slots() const { return slots_ - taken_; }
  // Attempts that have not ended.
  int32_t running() const { return taken_; }
  // Whether the attempt runs and its result would be wanted.
  bool IsWanted(const LeaseKey& lease) const;
  // Leases in any phase: 0 when a report would name none and nothing runs.
  int64_t size() const { return static_cast<int64_t>(leases_.size()); }
  // What a report says, in the order of the keys; valid until the next change.
  std::vector<LeaseView> Report() const;
  // The keys of Report(), for a Hello.
  std::vector<LeaseKey> Held() const;

 private:
  enum class Phase {
    kRunning,
    kCancelling,
    kPausing,
    kReleasing,
    kDiscarding,
    kEnded,
    kStopped,
    kReleased
  };
  struct Entry {
    Phase phase = Phase::kRunning;
    std::string payload;
    std::string checkpoint;

    void End(Phase end, std::string outcome = "") {
      phase = end;
      payload = std::move(outcome);
    }
  };
  using Entries = std::map<LeaseKey, Entry>;

  static bool TakesSlot(Phase phase);
  static LeaseStatus StatusOf(Phase phase);
  // Drops `entry`, or marks it as to be discarded and orders the stop. Returns what follows it.
  Entries::iterator Drop(Entries::iterator entry, StopReason reason,
                         std::vector<StopOrder>& orders);

  const int32_t slots_;
  int32_t taken_ = 0;
  Entries leases_;
};

}  // namespace dq
