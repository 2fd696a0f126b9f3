// Thousands of random lives of a cell: jobs, workers that die or hang, streams that break, commits
// that fail before and after they are written, leaders that step down or crash. After each, all is
// healed and drained, and the history is judged by the invariants.
// Replay one: DQ_MODEL_SEED=<seed> scheduler_model_test
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "tests/scheduler/engine/history_checker.h"
#include "tests/scheduler/engine/recording_sinks.h"
#include "tests/support/manual_clock.h"

namespace dq {
namespace {

constexpr int kSeeds = 3000;
constexpr int kSteps = 250;
constexpr int kWorkersMax = 3;
constexpr int kDrainRoundsMax = 3000;

class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed) {
    options_.commit_batch_rows_max = 1 + static_cast<int>(random_() % 6);
    options_.commit_overlap_rows_min = 1 + static_cast<int>(random_() % 3);
    options_.waiting_records_max = 1 + static_cast<int>(random_() % 4);
    if (OneIn(2)) queue_max_ = 1 + static_cast<int32_t>(random_() % 4);
    for (int i = 0; i < kWorkersMax; ++i) StartWorker(i);
    StartLeader();
  }

  void Live() {
    for (int step = 0; step < kSteps; ++step) Step();
  }

  // Heals everything and runs until every job has ended; returns whether that came to pass.
  bool Drain() {
    store_.FailNextCommits({});
    for (int round = 0; round < kDrainRoundsMax; ++round) {
      if (!cell_->IsLeading()) StartLeader();
      for (auto& worker : workers_) {
        if (!worker->IsConnected()) worker->Connect(*cell_, Now(), ++sessions_);
        for (int i = 0; i < 10; ++i) worker->Receive();
        worker->CompleteAll();
        worker->SendReport();
        while (worker->ReportsUnderway()) worker->DeliverReport(*cell_, Now());
      }
      ResumeAll();
      Decide();
      Commit();
      clock_.Advance(absl::Milliseconds(500));
      if (IsDrained()) return true;
    }
    return false;
  }

  std::vector<std::string> Judge() const {
    return CheckHistory(store_, journal_, {options_.broken_stream_ttl});
  }

 private:
  size_t Pick(size_t count) { return static_cast<size_t>(random_() % count); }
  bool OneIn(size_t count) { return Pick(count) == 0; }
  Instant Now() const { return {clock_.Now(), clock_.Boot()}; }
  ModelWorker& AnyWorker() { return *workers_[Pick(workers_.size())]; }

  void Step() {
    switch (Pick(13)) {
      case 0:
        return Submit();
      case 1:
        return OneIn(3) ? Steer() : Submit();
      case 2:
      case 3:
        return Decide();
      case 4:
      case 5:
        return Commit();
      case 6:
      case 7:
        return AnyWorker().Receive();
      case 8:
        return AnyWorker().SendReport();
      case 9:
        return AnyWorker().DeliverReport(*cell_, Now());
      case 10:
        return AnyWorker().EndOne(random_);
      case 11:
        return clock_.Advance(absl::Milliseconds(static_cast<int64_t>(Pick(900))));
      default:
        return Disturb();
    }
  }

  void Disturb() {
    switch (Pick(8)) {
      case 0:
        return KillWorker();
      case 1:
        return BreakStream(OneIn(2));
      case 2:
      case 3:
      case 4:
        return Reconnect();
      case 5:
        return store_.FailNextCommits(
            {OneIn(2) ? CommitFault::kNotWritten : CommitFault::kWrittenButNotTold,
             CommitFault::kNotWritten});
      case 6:
        if (OneIn(4)) ChangeLeader();
        return;
      default:
        if (OneIn(6)) Wait(absl::Seconds(16));
        return;
    }
  }

  void Submit() {
    JobRecord job;
    const std::string id = "j" + std::to_string(Pick(40));
    job.name = {"default", id};
    // Sometimes another request for a taken name, mostly a repetition.
    job.request_id = "request-" + id + (OneIn(10) ? "-other" : "");
    job.request_hash = "hash";
    job.created_by = "model";
    job.rules.stages = {"noop"};
    job.rules.priority = static_cast<int32_t>(Pick(3));
    job.rules.max_attempts = 1 + static_cast<int32_t>(Pick(4));
    job.rules.backoff = absl::Milliseconds(static_cast<int64_t>(Pick(2000)));
    if (OneIn(5)) job.rules.execution_timeout = absl::Seconds(8);
    if (OneIn(8)) job.rules.no_progress_timeout = absl::Seconds(6);
    if (OneIn(8)) job.rules.start_deadline = clock_.Now() + absl::Seconds(5);
    if (OneIn(5)) job.rules.not_before = clock_.Now() + absl::Seconds(2);
    if (OneIn(3)) {
      job.rules.concurrency_key = "key" + std::to_string(Pick(3));
      job.rules.concurrency_max = 1;
    }
    const std::string request_id = job.request_id;
    cell_->Submit(Now(), std::move(job), [this, request_id](absl::StatusOr<SubmitResult> result) {
      if (!result.ok()) return;
      journal_.acknowledged[request_id] = result->job.record.name.id;
      if (!store_.GetJob(result->job.record.name).ok()) {
        journal_.violations.push_back("acknowledged before it was durable: " + request_id);
      }
    });
  }

  // What users do to jobs.
  void Steer() {
    const JobName name = {"default", "j" + std::to_string(Pick(40))};
    switch (Pick(4)) {
      case 0:
        return Cancel(name);
      case 1:
        return cell_->Pause(Now(), name, "model", "model", [](const auto&) {});
      case 2:
        return cell_->Resume(Now(), name, "model", "model", [](const auto&) {});
      default:
        return Retry(name);
    }
  }

  void Retry(const JobName& name) {
    cell_->ReserveReopen(Now(), name, [this, name](const absl::StatusOr<int64_t>& place) {
      if (place.ok()) reserved_.push_back({*place, name});
    });
  }

  // The records of reserved jobs have been read.
  void Reopen() {
    for (const auto& [place, name] : std::exchange(reserved_, {})) {
      cell_->Reopen(Now(), place, name, store_.GetJob(name), RetryFrom::kCheckpoint, "model",
                    "model", [this, id = name.id](const absl::StatusOr<JobView>& view) {
                      if (view.ok()) journal_.cancelled.erase(id);
                    });
    }
  }

  void ResumeAll() {
    reserved_.clear();
    for (const auto& [key, job] : store_.Jobs()) {
      if (job.status.state != JobState::kPaused) continue;
      cell_->Resume(Now(), job.name, "model", "model", [](const auto&) {});
    }
  }

  // I16, after every commit.
  void CheckLimits() {
    int32_t running = 0;
    std::map<std::string, int> by_key;
    for (const auto& [key, job] : store_.Jobs()) {
      if (!IsLeased(job.status.state)) continue;
      ++running;
      if (!job.rules.concurrency_key.empty()) ++by_key[job.rules.concurrency_key];
    }
    if (running > queue_max_) journal_.violations.push_back("I16 the queue runs too many jobs");
    for (const auto& [key, count] : by_key) {
      if (count > 1) journal_.violations.push_back("I16 two jobs of one concurrency key run");
    }
  }

  void Cancel(const JobName& name) {
    cell_->Cancel(Now(), name, "model", "model", [this, name](absl::StatusOr<JobView> view) {
      if (!view.ok()) return;
      journal_.cancelled.insert(name.id);
      const JobState state = store_.GetJob(name)->status.state;
      if (state != JobState::kCancelling && state != JobState::kCancelled) {
        journal_.violations.push_back("cancel acknowledged before it was durable: " + name.id);
      }
    });
  }

  void Decide() {
    Reopen();
    cell_->Tick(Now());
    LoadRecords();
    while (auto batch = cell_->BatchToCommit(Now())) in_flight_.push_back(std::move(batch));
  }

  // Records are read at once and come now or after whatever happens next.
  void LoadRecords() {
    if (!records_) {
      const std::optional<RecordsRequest> request = cell_->RecordsToLoad(Now());
      if (!request) return;
      records_ = store_.LoadJobs(request->keys, request->names);
    }
    if (OneIn(2)) return;
    const absl::Status fits = cell_->RecordsLoaded(Now(), *std::exchange(records_, std::nullopt));
    if (!fits.ok()) journal_.violations.push_back("a leader was refused: " + MessageOf(fits));
    cell_->Tick(Now());
  }

  void Commit() {
    if (in_flight_.empty()) return;
    // The one behind may knock first: it is sent away, or its answer comes too early.
    if (in_flight_.size() > 1 && OneIn(3)) (void)store_.Commit(*in_flight_.back());
    absl::StatusOr<BatchResult> result = store_.Commit(*in_flight_.front());
    if (absl::IsUnavailable(result.status())) return cell_->DatabaseLost(Now());
    in_flight_.pop_front();
    if (!result.ok()) {
      journal_.violations.push_back("a leader was refused: " + MessageOf(result.status()));
      in_flight_.clear();
      return cell_->StepDown(result.status());
    }
    cell_->Committed(Now(), *std::move(result));
    CheckLimits();
  }

  void StartWorker(int index) {
    workers_.push_back(std::make_unique<ModelWorker>("w" + std::to_string(++processes_), 1 + index,
                                                     store_, journal_));
  }

  void KillWorker() {
    const size_t index = Pick(workers_.size());
    if (workers_[index]->IsConnected()) {
      const SessionId session = workers_[index]->Break();
      if (OneIn(2)) cell_->CloseSession(Now(), session);
    }
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(index));
    StartWorker(static_cast<int>(index));
  }

  void BreakStream(bool scheduler_notices) {
    ModelWorker& worker = AnyWorker();
    if (!worker.IsConnected()) return;
    const SessionId session = worker.Break();
    if (scheduler_notices) cell_->CloseSession(Now(), session);
  }

  void Reconnect() {
    for (auto& worker : workers_) {
      if (!worker->IsConnected()) worker->Connect(*cell_, Now(), ++sessions_);
    }
  }

  // Lets time pass as the run loop would see it: waking up for every timer.
  void Wait(absl::Duration step) {
    const absl::Time end = clock_.Boot() + step;
    while (clock_.Boot() < end) {
      clock_.Advance(absl::Milliseconds(500));
      Decide();
    }
  }

  void ChangeLeader() {
    if (OneIn(2)) Commit();
    const auto late = std::exchange(in_flight_, {});
    // A crash tells nobody anything.
    if (OneIn(2)) cell_->StepDown(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "Gone."));
    StartLeader();
    for (const auto& batch : late) {
      if (store_.Commit(*batch).ok()) journal_.violations.push_back("a leader of the past wrote");
    }
  }

  void StartLeader() {
    for (auto& worker : workers_) worker->Break();
    clock_.Advance(absl::Seconds(6));
    const int64_t epoch =
        store_.AcquireLeadership("s" + std::to_string(++leaders_), "", absl::Seconds(5))->epoch;
    journal_.takeovers.insert(clock_.Now());
    records_.reset();
    cell_ = std::make_unique<Cell>(options_, Sources(), metrics_, watches_);
    cell_->TakeOver(Now(), epoch, *store_.LoadLiveJobs(0, 1'000'000, {}),
                    *store_.LoadStateCounts());
    GroupLimit limit;
    limit.kind = GroupKind::kQueue;
    limit.name = "default";
    limit.running_max = queue_max_;
    (void)cell_->SetLimit(limit);
  }

  CellSources Sources() {
    return {.lease_token = [this] { return "token-" + std::to_string(++tokens_); },
            .uid = [this] { return "uid-" + std::to_string(++tokens_); },
            .job_id = [this](absl::Time) { return "j-" + std::to_string(++tokens_); },
            .file_id = [this](absl::Time) { return "f-" + std::to_string(++tokens_); }};
  }

  bool IsDrained() {
    for (const auto& [key, job] : store_.Jobs()) {
      if (!IsTerminal(job.status.state)) return false;
    }
    return !cell_->HasPendingWrites();
  }

  std::mt19937_64 random_;
  SchedulerOptions options_;
  ManualClock clock_;
  FakeStore store_{clock_};
  Journal journal_;
  RecordingMetrics metrics_;
  WatchHub watches_{100};
  std::unique_ptr<Cell> cell_;
  std::deque<std::shared_ptr<const WriteBatch>> in_flight_;
  std::vector<std::unique_ptr<ModelWorker>> workers_;
  std::vector<std::pair<int64_t, JobName>> reserved_;
  std::optional<absl::StatusOr<std::vector<JobRecord>>> records_;  // Read, and not come yet.
  int32_t queue_max_ = kUnlimited;
  SessionId sessions_ = 0;
  int processes_ = 0;
  int leaders_ = 0;
  int tokens_ = 0;
};

void LiveAndJudge(uint64_t seed) {
  SCOPED_TRACE("replay: DQ_MODEL_SEED=" + std::to_string(seed) + " scheduler_model_test");
  Model model(seed);
  model.Live();
  EXPECT_TRUE(model.Drain()) << "I11 what could run waits for ever";
  for (const std::string& wrong : model.Judge()) ADD_FAILURE() << wrong;
}

TEST(CellModel, NoRandomLifeBreaksAnInvariant) {
  SetLogLevel(LogLevel::kError);
  if (const char* const seed = std::getenv("DQ_MODEL_SEED")) {
    return LiveAndJudge(std::strtoull(seed, nullptr, 10));
  }
  for (uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) LiveAndJudge(seed);
}

}  // namespace
}  // namespace dq
