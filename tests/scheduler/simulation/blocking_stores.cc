#include "tests/scheduler/simulation/blocking_stores.h"

#include "tests/scheduler/simulation/errand_judges.h"

namespace dq::sim {

absl::StatusOr<Created<BatchRecord>> BlockingStores::CreateBatch(
    const BatchRecord& batch, const std::vector<std::string>& requests) {
  return Ask([=](FakeStore& store) { return store.CreateBatch(batch, requests); });
}
absl::StatusOr<BatchView> BlockingStores::GetBatch(const std::string& project,
                                                   const std::string& id) {
  return Ask([=](FakeStore& store) { return store.GetBatch(project, id); });
}
absl::StatusOr<BatchView> BlockingStores::GetBatchByKey(BatchKey key) {
  return Ask([=](FakeStore& store) { return store.GetBatchByKey(key); });
}
absl::StatusOr<BatchView> BlockingStores::GetBatchByRequest(const std::string& project,
                                                            const std::string& request_id) {
  return Ask([=](FakeStore& store) { return store.GetBatchByRequest(project, request_id); });
}
absl::StatusOr<std::vector<BatchView>> BlockingStores::ListBatches(const std::string& project,
                                                                   BatchKey before, int limit) {
  return Ask([=](FakeStore& store) { return store.ListBatches(project, before, limit); });
}
absl::StatusOr<std::vector<BatchKey>> BlockingStores::ListOpenBatches() {
  return Ask([=](FakeStore& store) { return store.ListOpenBatches(); });
}
absl::Status BlockingStores::UpdateBatch(const BatchRecord& batch,
                                         const std::vector<BatchOperation>& refused) {
  return Ask([=](FakeStore& store) { return store.UpdateBatch(batch, refused); });
}
absl::Status BlockingStores::EndBatch(const BatchRecord& batch, BatchState state) {
  return Ask([=, &judges = judges_](FakeStore& store) {
    const absl::Status status = store.EndBatch(batch, state);
    if (status.ok()) {
      judges.batches.Ended(batch, state);
      judges.webhooks.BatchEnded(batch, state);
    }
    return status;
  });
}
absl::StatusOr<std::string> BlockingStores::GetBatchSource(BatchKey key) {
  return Ask([=](FakeStore& store) { return store.GetBatchSource(key); });
}
absl::Status BlockingStores::ExpandBatch(const BatchRecord& batch, const ExpansionPage& page) {
  return Ask([=](FakeStore& store) { return store.ExpandBatch(batch, page); });
}
absl::StatusOr<std::vector<BatchOperation>> BlockingStores::LoadOperations(BatchKey key,
                                                                           int32_t after,
                                                                           int limit) {
  return Ask([=](FakeStore& store) { return store.LoadOperations(key, after, limit); });
}
absl::StatusOr<std::vector<BatchOperation>> BlockingStores::ListRefusedOperations(BatchKey key,
                                                                                  int limit) {
  return Ask([=](FakeStore& store) { return store.ListRefusedOperations(key, limit); });
}
absl::StatusOr<std::vector<OperationJob>> BlockingStores::ListOperationJobs(
    BatchKey key, int32_t after, const std::vector<JobState>& states, int limit) {
  return Ask([=](FakeStore& store) { return store.ListOperationJobs(key, after, states, limit); });
}

absl::StatusOr<Created<ScheduleRecord>> BlockingStores::CreateSchedule(
    const ScheduleRecord& schedule) {
  return Ask([=](FakeStore& store) { return store.CreateSchedule(schedule); });
}
absl::StatusOr<ScheduleView> BlockingStores::GetSchedule(const std::string& project,
                                                         const std::string& id) {
  return Ask([=](FakeStore& store) { return store.GetSchedule(project, id); });
}
absl::StatusOr<ScheduleView> BlockingStores::GetScheduleByKey(ScheduleKey key) {
  return Ask([=](FakeStore& store) { return store.GetScheduleByKey(key); });
}
absl::StatusOr<ScheduleRecord> BlockingStores::GetScheduleByRequest(const std::string& project,
                                                                    const std::string& request_id) {
  return Ask([=](FakeStore& store) { return store.GetScheduleByRequest(project, request_id); });
}
absl::StatusOr<std::vector<ScheduleRecord>> BlockingStores::ListSchedules(
    const std::string& project, ScheduleKey before, int limit) {
  return Ask([=](FakeStore& store) { return store.ListSchedules(project, before, limit); });
}
absl::Status BlockingStores::DeleteSchedule(const std::string& project, const std::string& id) {
  return Ask([=](FakeStore& store) { return store.DeleteSchedule(project, id); });
}
absl::Status BlockingStores::UpdateSchedule(const ScheduleRecord& schedule,
                                            const std::vector<ScheduleRun>& runs) {
  return Ask([=, &judges = judges_](FakeStore& store) {
    const absl::Status status = store.UpdateSchedule(schedule, runs);
    if (status.ok()) judges.schedules.Changed(schedule.key);
    return status;
  });
}
absl::StatusOr<std::vector<ScheduleRun>> BlockingStores::ListRuns(ScheduleKey key, int limit) {
  return Ask([=](FakeStore& store) { return store.ListRuns(key, limit); });
}
absl::StatusOr<ScheduleRun> BlockingStores::GetRunByRequest(ScheduleKey key,
                                                            const std::string& request_id) {
  return Ask([=](FakeStore& store) { return store.GetRunByRequest(key, request_id); });
}
absl::StatusOr<std::vector<DueSchedule>> BlockingStores::ListDueSchedules(int limit) {
  return Ask([=](FakeStore& store) { return store.ListDueSchedules(limit); });
}
absl::StatusOr<RunEnds> BlockingStores::ListRunEnds(int limit) {
  return Ask([=](FakeStore& store) { return store.ListRunEnds(limit); });
}

absl::StatusOr<Created<WebhookRecord>> BlockingStores::CreateWebhook(const WebhookRecord& webhook,
                                                                     int64_t epoch) {
  return Ask([=](FakeStore& store) { return store.CreateWebhook(webhook, epoch); });
}
absl::StatusOr<WebhookRecord> BlockingStores::GetWebhook(const std::string& project,
                                                         const std::string& id) {
  return Ask([=](FakeStore& store) { return store.GetWebhook(project, id); });
}
absl::StatusOr<std::vector<WebhookRecord>> BlockingStores::ListWebhooks(
    const std::string& project) {
  return Ask([=](FakeStore& store) { return store.ListWebhooks(project); });
}
absl::StatusOr<WebhookRecord> BlockingStores::EnableWebhook(const std::string& project,
                                                            const std::string& id) {
  return Ask([=](FakeStore& store) { return store.EnableWebhook(project, id); });
}
absl::StatusOr<WebhookKey> BlockingStores::DeleteWebhook(const std::string& project,
                                                         const std::string& id, absl::Time now) {
  return Ask([=](FakeStore& store) { return store.DeleteWebhook(project, id, now); });
}
absl::StatusOr<std::vector<WebhookDelivery>> BlockingStores::ListDeliveries(WebhookKey webhook,
                                                                            DeliveryKey before,
                                                                            int limit) {
  return Ask([=](FakeStore& store) { return store.ListDeliveries(webhook, before, limit); });
}
absl::StatusOr<WebhookDelivery> BlockingStores::ResendDelivery(WebhookKey webhook,
                                                               DeliveryKey delivery,
                                                               absl::Time now) {
  return Ask([=](FakeStore& store) { return store.ResendDelivery(webhook, delivery, now); });
}
absl::StatusOr<std::vector<DueDelivery>> BlockingStores::LoadDueDeliveries(
    absl::Time now, const std::vector<DeliveryKey>& except, DueLimits limits) {
  return Ask([=](FakeStore& store) { return store.LoadDueDeliveries(now, except, limits); });
}
absl::StatusOr<absl::Time> BlockingStores::NextDelivery(absl::Time now) {
  return Ask([=](FakeStore& store) { return store.NextDelivery(now); });
}
absl::Status BlockingStores::RecordAttempts(const std::vector<DeliveryAttempt>& attempts) {
  return Ask([=](FakeStore& store) { return store.RecordAttempts(attempts); });
}
absl::StatusOr<OutboxDepth> BlockingStores::MeasureOutbox() {
  return Ask([=](FakeStore& store) { return store.MeasureOutbox(); });
}
absl::StatusOr<bool> BlockingStores::PurgeDeliveries(absl::Time before, absl::Time now) {
  return Ask([=](FakeStore& store) { return store.PurgeDeliveries(before, now); });
}

absl::StatusOr<std::vector<JobRecord>> BlockingStores::LoadJobs(const std::vector<JobName>& names) {
  return Ask([=](FakeStore& store) { return store.LoadJobs({}, names); });
}

void BlockingJobControl::Submit(JobRecord record,
                                std::function<void(absl::StatusOr<SubmitResult>)> done) {
  Ask<absl::StatusOr<SubmitResult>>(
      [&](Cell& cell, const Instant& now, auto reply) {
        cell.Submit(now, std::move(record), std::move(reply));
      },
      done);
}
void BlockingJobControl::SubmitAll(std::vector<JobRecord> records, BulkDone done) {
  Ask<absl::StatusOr<std::vector<BulkOutcome>>>(
      [&](Cell& cell, const Instant& now, auto reply) {
        cell.SubmitAll(now, std::move(records), std::move(reply));
      },
      done);
}
void BlockingJobControl::Cancel(const JobName& name, const std::string& reason,
                                const std::string& actor, Cell::ViewDone done) {
  Ask<absl::StatusOr<JobView>>(
      [&](Cell& cell, const Instant& now, auto reply) {
        cell.Cancel(now, name, reason, actor, std::move(reply));
      },
      done);
}
void BlockingJobControl::Pause(const JobName& name, const std::string& reason,
                               const std::string& actor, Cell::ViewDone done) {
  Ask<absl::StatusOr<JobView>>(
      [&](Cell& cell, const Instant& now, auto reply) {
        cell.Pause(now, name, reason, actor, std::move(reply));
      },
      done);
}
void BlockingJobControl::Resume(const JobName& name, const std::string& reason,
                                const std::string& actor, Cell::ViewDone done) {
  Ask<absl::StatusOr<JobView>>(
      [&](Cell& cell, const Instant& now, auto reply) {
        cell.Resume(now, name, reason, actor, std::move(reply));
      },
      done);
}
void BlockingJobControl::Skip(const JobName& name, const JobFailure& why, const std::string& actor,
                              Cell::ViewDone done) {
  Ask<absl::StatusOr<JobView>>(
      [&](Cell& cell, const Instant& now, auto reply) {
        cell.Skip(now, name, why, actor, std::move(reply));
      },
      done);
}
void BlockingJobControl::ReserveReopen(const JobName& name,
                                       std::function<void(absl::StatusOr<int64_t>)> done) {
  Ask<absl::StatusOr<int64_t>>([&](Cell& cell, const Instant& now,
                                   auto reply) { cell.ReserveReopen(now, name, std::move(reply)); },
                               done);
}
void BlockingJobControl::Reopen(int64_t reservation, const JobName& name,
                                absl::StatusOr<JobRecord> record, RetryFrom from,
                                const std::string& reason, const std::string& actor,
                                Cell::ViewDone done) {
  Ask<absl::StatusOr<JobView>>(
      [&](Cell& cell, const Instant& now, auto reply) {
        cell.Reopen(now, reservation, name, std::move(record), from, reason, actor,
                    std::move(reply));
      },
      done);
}

}  // namespace dq::sim
