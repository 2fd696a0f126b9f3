// A scheduler process of the simulation: the product's Cell, with run loop, writer and election as
// happenings instead of threads, in the same order and with the same rules as
// scheduler/engine/{scheduler,commit_writer,leader_election}.cc. Single-threaded.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/backoff.h"
#include "scheduler/engine/cell.h"
#include "tests/scheduler/simulation/background.h"
#include "tests/scheduler/simulation/database.h"
#include "tests/scheduler/simulation/stream.h"
#include "tests/scheduler/simulation/witness.h"

namespace dq::sim {

// What all replicas share.
struct Surroundings {
  Timeline& time;
  Database& database;
  LeaseSigns& signs;
  Witness& witness;
  const SchedulerOptions& options;
  Errands* errands = nullptr;  // Null: there are none.
};

class Replica {
 public:
  Replica(const Surroundings& surroundings, const std::string& name);
  ~Replica();

  Process& process() { return process_; }
  bool IsLeading() const { return cell_ != nullptr && cell_->IsLeading(); }
  // Valid while it lives.
  Cell& cell() const { return *cell_; }
  // Whether it waits to hear what became of a deletion: until then it counts the job.
  bool IsDeleting() const { return deletions_ > 0; }

  void Start();
  void Die();
  // Its wall clock is set ahead, or back.
  void SetClock(absl::Duration step);
  // SIGTERM: hands everything over, then dies.
  void Terminate();

  // Carries out a request, from within the process.
  using Act = std::function<void(Cell&, const Instant&)>;
  void Do(const Act& act);
  // Makes an ended job live again: reserves it, reads its record, hands it over.
  void Reopen(const JobName& name, const std::string& reason, Cell::ViewDone done);
  // Deletes an ended job as the API does: reserves it, has it deleted, says so.
  void Delete(const JobName& name, std::function<void(const absl::Status&)> done);

  // The scheduler's end of a worker's stream, from within the process.
  SessionId OpenSession(std::shared_ptr<Stream> stream, WorkerHello hello,
                        std::shared_ptr<WorkerSink> sink);
  void HandleReport(SessionId session, const WorkerReport& report);
  void CloseSession(SessionId session);
  // The cell ended it by itself.
  void SessionEnded(SessionId session) { worker_of_.erase(session); }
  // Tells the witness what the sinks of workers are told.
  void Welcomed(const WorkerWelcome& welcome) { around_.witness.Welcomed(epoch_, welcome); }
  void Turned(const WorkerTurn& turn) { around_.witness.Turned(epoch_, turn); }

 private:
  using Batch = std::shared_ptr<const WriteBatch>;
  // A batch on its way to the database, or decided and waiting to be told of.
  struct Writing {
    Batch batch;
    std::optional<absl::StatusOr<BatchResult>> result;
    Backoff backoff;
    bool failed = false;
    bool out_of_order = false;
    bool was_first = false;  // When it was sent last.
  };

  Instant Now() const;
  void NoteStandstill();
  CellSources Sources();

  // The run loop.
  void PlanPass(absl::Time due);
  void Pass();
  void LoadRecords(const Instant& now);
  void StepDown(const absl::Status& why);
  void WatchAgain();
  void StartBackground();

  // The commit writer.
  void Write(Batch batch);
  void Try(const Batch& batch);
  void Answered(const Batch& batch, absl::StatusOr<BatchResult> result);
  void TellDecided();
  Writing* Find(const Batch& batch);

  // Has a reserved job deleted from the record, again as long as the answer is lost.
  void DeleteRecord(const DeletionReservation& reservation, const DeletionOrder& order,
                    const std::function<void(const absl::Status&)>& done);

  // The election.
  void Compete();
  void Load(int64_t epoch);
  struct Taken;
  void Lead(int64_t epoch, Taken taken);
  void Hold(int64_t epoch);
  // The leader stepped down by itself.
  void Resign(int64_t epoch);
  void GiveBack(int64_t epoch);
  void Renewed(int64_t epoch, const absl::Status& status);
  void CompeteLater(const absl::Status& why = absl::OkStatus());
  void HandOver();

  const Surroundings around_;
  Process process_;
  absl::Duration skew_;  // Of its wall clock.
  int names_ = 0;
  SessionId sessions_ = 0;
  std::vector<std::weak_ptr<Stream>> streams_;

  // Of this life.
  std::unique_ptr<Background> background_;  // Null without errands.
  std::unique_ptr<WatchHub> watches_;
  std::unique_ptr<Cell> cell_;
  int deletions_ = 0;  // Of which it has not heard.
  int64_t epoch_ = 0;  // Of the newest leadership.
  int64_t resigned_ = 0;
  std::deque<Writing> writing_;
  absl::Time next_pass_ = absl::InfiniteFuture();
  std::map<SessionId, std::string> worker_of_;  // Those the cell knows.
  bool terminating_ = false;
  absl::Time flush_deadline_;
};

}  // namespace dq::sim
