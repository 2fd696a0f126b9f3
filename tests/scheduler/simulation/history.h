// What the database holds, followed commit by commit and judged at each: every row and event that a
// commit touched is read back and must keep the invariants of the scheduler (ARCHITECTURE: I1 to
// I18). Shares no rule with the product but the numbers of states and events: it has a state table
// of its own. Single-threaded.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/core/job_store.h"
#include "tests/scheduler/simulation/lease_signs.h"
#include "tests/scheduler/simulation/timeline.h"
#include "tests/support/fake_store.h"

namespace dq::sim {

struct HistoryBounds {
  LeaseBounds lease;
  int losses_max = 3;
  int32_t queue_running_max = kUnlimited;
};

// A job as the database shows it.
struct SeenJob {
  JobRecord row;
  std::vector<JobEventRecord> events;
  std::vector<LeaseId> leases;           // Of each attempt, the token as a row showed it, or "".
  std::vector<int64_t> granting_epochs;  // Of each attempt.
  absl::Time changed;                    // When a commit touched it last.
};

// The payload of a job that was created for no more than to be skipped.
inline constexpr char kHeldWork[] = "held";
inline bool IsHeld(const JobRecord& job) { return job.payload.grant == kHeldWork; }

// A grant as its event shows it.
struct SeenGrant {
  std::string job;
  int64_t epoch = 0;
  absl::Time wall;  // When the leader of that epoch decided it, by its clock.
};

class History {
 public:
  History(Timeline& time, FakeStore& store, const LeaseSigns& signs, const HistoryBounds& bounds,
          std::vector<std::string>& findings)
      : time_(time), store_(store), signs_(signs), bounds_(bounds), findings_(findings) {}

  // `runs` tells whether some worker that does not stand still runs an attempt.
  void SetRuns(std::function<bool(const LeaseId&)> runs) { runs_ = std::move(runs); }
  // `heard` is told every event as it is followed, with its job as it is then.
  void SetListener(std::function<void(const SeenJob&, const JobEventRecord&)> heard) {
    heard_ = std::move(heard);
  }
  // A leadership was recorded.
  void Elected(int64_t epoch);
  // The database answered a commit.
  void Committed(const WriteBatch& batch, const absl::StatusOr<BatchResult>& result);
  // The database deleted a job, whose events go on being judged under its key.
  void Deleted(const JobName& name, int64_t epoch);
  // A cancel was acknowledged with that version of the job.
  void CancelAcknowledged(const JobRecord& job, int64_t version);
  // From `time` on the database is quick: whoever waits longest for its priority runs next.
  void ExpectOrder(absl::Time time) { in_order_ = time; }
  // Compares everything followed with everything that is there now.
  void CheckWhole();

  // Returns the job of that id; null when the database has none.
  const SeenJob* Find(const std::string& job) const;
  const std::map<std::string, SeenJob>& jobs() const { return jobs_; }
  // Returns the deleted job of that key; null when there is none.
  const SeenJob* FindDeleted(JobKey key) const;
  bool WasDeleted(const JobName& name) const { return deleted_names_.contains(name.id); }
  bool WasDeletedWithUid(const std::string& uid) const { return deleted_uids_.contains(uid); }
  // Returns whether the lease is the job's live one now.
  bool IsLive(const LeaseId& lease) const;
  int64_t newest_epoch() const { return newest_epoch_; }
  // When a lease was last lost.
  absl::Time last_loss() const { return last_loss_; }

 private:
  void Follow(const JobName& name, int64_t epoch);
  void FollowCheckpoint(JobKey key, int64_t epoch);
  void CheckEvent(SeenJob& job, const JobEventRecord& event, int64_t epoch);
  void CheckGrant(SeenJob& job, const JobEventRecord& event, int64_t epoch);
  void CheckSkip(const SeenJob& job, const JobEventRecord& skip);
  void CheckEnd(const SeenJob& job, const JobEventRecord& event, int64_t epoch);
  void CheckLoss(const SeenJob& job, const JobEventRecord& event, int64_t epoch);
  void CheckRow(const SeenJob& job);
  void CheckCharges(const SeenJob& job);
  void CheckCheckpoint(const SeenJob& job, const JobCheckpoint* before);
  void CheckLimits();
  void CheckOrder(const SeenGrant& grant);
  void CheckCancel(const JobName& job, JobKey key, int64_t version);
  void Expect(bool holds, const SeenJob& job, const char* invariant);

  Timeline& time_;
  FakeStore& store_;
  const LeaseSigns& signs_;
  const HistoryBounds bounds_;
  std::vector<std::string>& findings_;
  std::function<bool(const LeaseId&)> runs_;
  std::function<void(const SeenJob&, const JobEventRecord&)> heard_;  // May be empty.
  std::map<std::string, SeenJob> jobs_;
  std::set<std::string> tokens_;
  std::set<std::string> requests_;
  struct Cancelled {
    JobName job;
    JobKey key = 0;
    int64_t version = 0;
  };
  std::vector<Cancelled> cancels_;
  std::map<JobKey, SeenJob> deleted_;
  std::set<std::string> deleted_names_;
  std::set<std::string> deleted_uids_;
  std::vector<SeenGrant> granted_;  // By the commit that is followed.
  absl::Time in_order_ = absl::InfiniteFuture();
  int64_t newest_epoch_ = 0;
  absl::Time last_loss_ = absl::InfinitePast();
};

}  // namespace dq::sim
