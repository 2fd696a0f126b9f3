// The ports of the threads that carry batches, schedules and webhooks on, as such a thread of the
// simulation has them: each call waits for the simulated database, or for the replica's cell, and
// is UNAVAILABLE when its process has died. Single-threaded.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/core/batch_store.h"
#include "scheduler/core/schedule_store.h"
#include "scheduler/core/webhook_store.h"
#include "scheduler/engine/cell.h"
#include "scheduler/engine/job_control.h"
#include "tests/scheduler/simulation/blocking_thread.h"
#include "tests/scheduler/simulation/database.h"

namespace dq::sim {

struct ErrandJudges;

// The stores; `judges` look at the database whenever a change of a schedule or batch was carried
// out.
class BlockingStores final : public BatchStore, public ScheduleStore, public WebhookStore {
 public:
  BlockingStores(BlockingThread& thread, Process& process, Database& database, ErrandJudges& judges)
      : thread_(thread), process_(process), database_(database), judges_(judges) {}

  absl::StatusOr<Created<BatchRecord>> CreateBatch(
      const BatchRecord& batch, const std::vector<std::string>& requests) override;
  absl::StatusOr<BatchView> GetBatch(const std::string& project, const std::string& id) override;
  absl::StatusOr<BatchView> GetBatchByKey(BatchKey key) override;
  absl::StatusOr<BatchView> GetBatchByRequest(const std::string& project,
                                              const std::string& request_id) override;
  absl::StatusOr<std::vector<BatchView>> ListBatches(const std::string& project, BatchKey before,
                                                     int limit) override;
  absl::StatusOr<std::vector<BatchKey>> ListOpenBatches() override;
  absl::Status UpdateBatch(const BatchRecord& batch,
                           const std::vector<BatchOperation>& refused) override;
  absl::Status EndBatch(const BatchRecord& batch, BatchState state) override;
  absl::StatusOr<std::string> GetBatchSource(BatchKey key) override;
  absl::Status ExpandBatch(const BatchRecord& batch, const ExpansionPage& page) override;
  absl::StatusOr<std::vector<BatchOperation>> LoadOperations(BatchKey key, int32_t after,
                                                             int limit) override;
  absl::StatusOr<std::vector<BatchOperation>> ListRefusedOperations(BatchKey key,
                                                                    int limit) override;
  absl::StatusOr<std::vector<OperationJob>> ListOperationJobs(BatchKey key, int32_t after,
                                                              const std::vector<JobState>& states,
                                                              int limit) override;

  absl::StatusOr<Created<ScheduleRecord>> CreateSchedule(const ScheduleRecord& schedule) override;
  absl::StatusOr<ScheduleView> GetSchedule(const std::string& project,
                                           const std::string& id) override;
  absl::StatusOr<ScheduleView> GetScheduleByKey(ScheduleKey key) override;
  absl::StatusOr<ScheduleRecord> GetScheduleByRequest(const std::string& project,
                                                      const std::string& request_id) override;
  absl::StatusOr<std::vector<ScheduleRecord>> ListSchedules(const std::string& project,
                                                            ScheduleKey before, int limit) override;
  absl::Status DeleteSchedule(const std::string& project, const std::string& id) override;
  absl::Status UpdateSchedule(const ScheduleRecord& schedule,
                              const std::vector<ScheduleRun>& runs) override;
  absl::StatusOr<std::vector<ScheduleRun>> ListRuns(ScheduleKey key, int limit) override;
  absl::StatusOr<ScheduleRun> GetRunByRequest(ScheduleKey key,
                                              const std::string& request_id) override;
  absl::StatusOr<std::vector<DueSchedule>> ListDueSchedules(int limit) override;
  absl::StatusOr<RunEnds> ListRunEnds(int limit) override;

  absl::StatusOr<Created<WebhookRecord>> CreateWebhook(const WebhookRecord& webhook,
                                                       int64_t epoch) override;
  absl::StatusOr<WebhookRecord> GetWebhook(const std::string& project,
                                           const std::string& id) override;
  absl::StatusOr<std::vector<WebhookRecord>> ListWebhooks(const std::string& project) override;
  absl::StatusOr<WebhookRecord> EnableWebhook(const std::string& project,
                                              const std::string& id) override;
  absl::StatusOr<WebhookKey> DeleteWebhook(const std::string& project, const std::string& id,
                                           absl::Time now) override;
  absl::StatusOr<std::vector<WebhookDelivery>> ListDeliveries(WebhookKey webhook,
                                                              DeliveryKey before,
                                                              int limit) override;
  absl::StatusOr<WebhookDelivery> ResendDelivery(WebhookKey webhook, DeliveryKey delivery,
                                                 absl::Time now) override;
  absl::StatusOr<std::vector<DueDelivery>> LoadDueDeliveries(absl::Time now,
                                                             const std::vector<DeliveryKey>& except,
                                                             DueLimits limits) override;
  absl::StatusOr<absl::Time> NextDelivery(absl::Time now) override;
  absl::Status RecordAttempts(const std::vector<DeliveryAttempt>& attempts) override;
  absl::StatusOr<OutboxDepth> MeasureOutbox() override;
  absl::StatusOr<bool> PurgeDeliveries(absl::Time before, absl::Time now) override;

  // For ReadJobsByName.
  absl::StatusOr<std::vector<JobRecord>> LoadJobs(const std::vector<JobName>& names);

 private:
  // `call` is a function of FakeStore& that holds copies of all it needs: it may be carried out
  // long after nobody waits for it any more.
  template <typename Call>
  auto Ask(Call call) {
    using Answer = decltype(call(std::declval<FakeStore&>()));
    std::optional<Answer> answer = thread_.Await<Answer>([&](std::function<void(Answer)> reply) {
      database_.Ask<Answer>(process_, std::move(call), std::move(reply));
    });
    return answer ? *std::move(answer) : Answer(absl::UnavailableError("the process died"));
  }

  BlockingThread& thread_;
  Process& process_;
  Database& database_;
  ErrandJudges& judges_;
};

// The cell of a replica, as one of its threads has it done what it asks for.
class BlockingJobControl final : public JobControl {
 public:
  // Carries out what is asked of the cell, from within the process.
  using Act = std::function<void(Cell&, const Instant&)>;
  using Do = std::function<void(const Act&)>;

  BlockingJobControl(BlockingThread& thread, Do act) : thread_(thread), do_(std::move(act)) {}

  void Submit(JobRecord record, std::function<void(absl::StatusOr<SubmitResult>)> done) override;
  void Cancel(const JobName& name, const std::string& reason, const std::string& actor,
              std::function<void(absl::StatusOr<JobView>)> done) override;
  void SubmitAll(std::vector<JobRecord> records, BulkDone done) override;
  void Pause(const JobName& name, const std::string& reason, const std::string& actor,
             std::function<void(absl::StatusOr<JobView>)> done) override;
  void Resume(const JobName& name, const std::string& reason, const std::string& actor,
              std::function<void(absl::StatusOr<JobView>)> done) override;
  void Skip(const JobName& name, const JobFailure& why, const std::string& actor,
            std::function<void(absl::StatusOr<JobView>)> done) override;
  void ReserveReopen(const JobName& name,
                     std::function<void(absl::StatusOr<int64_t>)> done) override;
  void Reopen(int64_t reservation, const JobName& name, absl::StatusOr<JobRecord> record,
              RetryFrom from, const std::string& reason, const std::string& actor,
              std::function<void(absl::StatusOr<JobView>)> done) override;

 private:
  // Has `call` ask the cell, waits for the reply and hands it to `done`.
  template <typename Result>
  void Ask(const std::function<void(Cell&, const Instant&, std::function<void(Result)>)>& call,
           const std::function<void(Result)>& done) {
    std::optional<Result> answer = thread_.Await<Result>([&](std::function<void(Result)> reply) {
      do_([&](Cell& cell, const Instant& now) { call(cell, now, std::move(reply)); });
    });
    done(answer ? *std::move(answer) : Result(absl::UnavailableError("the process died")));
  }

  BlockingThread& thread_;
  const Do do_;
};

}  // namespace dq::sim
