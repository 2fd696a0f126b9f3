// Webhooks and what they are told.
#include <algorithm>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "tests/support/fake_store.h"

namespace dq {
namespace {

absl::Status NotFound(const std::string& webhook) {
  return MakeError(absl::StatusCode::kNotFound, "WEBHOOK_NOT_FOUND",
                   "There is no webhook " + webhook);
}

}  // namespace

FakeStore::WebhookRow* FakeStore::FindWebhookLocked(const std::string& project,
                                                    const std::string& id) {
  for (auto& [key, row] : webhooks_) {
    if (!row.is_deleted && row.record.project == project && row.record.id == id) return &row;
  }
  return nullptr;
}

bool FakeStore::IsToldLocked(const WebhookRow& webhook) const {
  return !webhook.is_deleted && webhook.record.disable_time == absl::InfinitePast();
}

void FakeStore::AbandonLocked(WebhookKey webhook) {
  for (auto& [key, row] : deliveries_) {
    if (row.webhook != webhook || row.delivery.state != DeliveryState::kWaiting) continue;
    row.delivery.state = DeliveryState::kAbandoned;
    row.delivery.due = absl::InfinitePast();
  }
}

void FakeStore::AnnounceLocked(const std::string& project, const WebhookDelivery& end) {
  for (const auto& [key, row] : webhooks_) {
    const bool wants = (row.record.events & WebhookEventBit(end.event)) != 0;
    if (row.record.project != project || !wants || !IsToldLocked(row)) continue;
    DeliveryRow& added = deliveries_[next_delivery_];
    added = {key, end};
    added.delivery.key = next_delivery_++;
    added.delivery.due = end.time;
  }
}

void FakeStore::AnnounceEndsLocked(const WriteBatch& batch, const JobName& name, JobKey key,
                                   const std::vector<JobEventRecord>& events) {
  const bool is_announced =
      batch.announced_projects != nullptr && batch.announced_projects->contains(name.project);
  if (!is_announced) return;
  for (const JobEventRecord& event : events) {
    const auto told_as = WebhookEventOf(event.to);
    if (!told_as.has_value()) continue;
    WebhookDelivery end;
    end.event = *told_as;
    end.subject = key;
    end.subject_id = name.id;
    end.reason = event.reason;
    end.time = event.time;
    AnnounceLocked(name.project, end);
  }
}

absl::StatusOr<std::vector<WebhookPlace>> FakeStore::LoadWebhooks() {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<WebhookPlace> places;
  for (const auto& [key, row] : webhooks_) {
    if (!row.is_deleted) places.push_back({row.record.project, key});
  }
  return places;
}

absl::StatusOr<Created<WebhookRecord>> FakeStore::CreateWebhook(const WebhookRecord& webhook,
                                                                int64_t epoch) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  DQ_RETURN_IF_ERROR(CheckEpochLocked(epoch));
  int of_project = 0;
  bool is_taken = false;
  for (const auto& [key, row] : webhooks_) {
    const WebhookRecord& earlier = row.record;
    if (row.is_deleted || earlier.project != webhook.project) continue;
    ++of_project;
    if (earlier.uid == webhook.uid) return Created<WebhookRecord>{earlier, false};
    if (!webhook.request_id.empty() && earlier.request_id == webhook.request_id) {
      if (earlier.request_hash == webhook.request_hash) {
        return Created<WebhookRecord>{earlier, true};
      }
      return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                       "The request id was used with another body.");
    }
    is_taken = is_taken || earlier.id == webhook.id;
  }
  if (is_taken) {
    return MakeError(absl::StatusCode::kAlreadyExists, "ID_TAKEN", webhook.id + " exists already.");
  }
  if (of_project >= kWebhooksPerProjectMax) {
    return MakeError(absl::StatusCode::kResourceExhausted, "QUOTA", "There are too many.");
  }
  WebhookRecord& record = webhooks_[next_webhook_].record;
  record = webhook;
  record.key = next_webhook_++;
  return Created<WebhookRecord>{record, false};
}

absl::StatusOr<WebhookRecord> FakeStore::GetWebhook(const std::string& project,
                                                    const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const WebhookRow* const row = FindWebhookLocked(project, id);
  if (row == nullptr) return NotFound(id);
  return row->record;
}

absl::StatusOr<std::vector<WebhookRecord>> FakeStore::ListWebhooks(const std::string& project) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<WebhookRecord> found;
  for (const auto& [key, row] : webhooks_) {
    if (!row.is_deleted && row.record.project == project) found.push_back(row.record);
  }
  return found;
}

absl::StatusOr<WebhookRecord> FakeStore::EnableWebhook(const std::string& project,
                                                       const std::string& id) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  WebhookRow* const row = FindWebhookLocked(project, id);
  if (row == nullptr) return NotFound(id);
  if (!IsToldLocked(*row)) AbandonLocked(row->record.key);
  row->record.disable_time = absl::InfinitePast();
  row->record.disabling = WebhookDisabling::kNone;
  row->record.failing_since = absl::InfinitePast();
  return row->record;
}

absl::StatusOr<WebhookKey> FakeStore::DeleteWebhook(const std::string& project,
                                                    const std::string& id, absl::Time) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  WebhookRow* const row = FindWebhookLocked(project, id);
  if (row == nullptr) return WebhookKey{0};
  row->is_deleted = true;
  return row->record.key;
}

absl::StatusOr<std::vector<WebhookDelivery>> FakeStore::ListDeliveries(WebhookKey webhook,
                                                                       DeliveryKey before,
                                                                       int limit) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<WebhookDelivery> found;
  for (auto row = deliveries_.rbegin(); row != deliveries_.rend(); ++row) {
    if (row->second.webhook != webhook || (before != 0 && row->first >= before)) continue;
    if (std::ssize(found) < limit) found.push_back(row->second.delivery);
  }
  return found;
}

absl::StatusOr<WebhookDelivery> FakeStore::ResendDelivery(WebhookKey webhook, DeliveryKey delivery,
                                                          absl::Time now) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  const auto row = deliveries_.find(delivery);
  if (row == deliveries_.end() || row->second.webhook != webhook ||
      !IsToldLocked(webhooks_.at(webhook))) {
    return MakeError(absl::StatusCode::kNotFound, "DELIVERY_NOT_FOUND", "There is no such one.");
  }
  row->second.delivery.state = DeliveryState::kWaiting;
  row->second.delivery.due = now;
  row->second.delivery.tries = 0;
  return row->second.delivery;
}

bool FakeStore::MayBeSentLocked(DeliveryKey key, const DeliveryRow& row, absl::Time now) const {
  const WebhookDelivery& delivery = row.delivery;
  const bool is_due = delivery.state == DeliveryState::kWaiting && delivery.due <= now;
  if (!is_due || !IsToldLocked(webhooks_.at(row.webhook))) return false;
  return std::ranges::none_of(deliveries_, [&](const auto& other) {
    const WebhookDelivery& earlier = other.second.delivery;
    return other.first < key && other.second.webhook == row.webhook &&
           earlier.subject == delivery.subject &&
           IsOfBatch(earlier.event) == IsOfBatch(delivery.event) &&
           earlier.state == DeliveryState::kWaiting;
  });
}

std::optional<DeliverySubject> FakeStore::SubjectLocked(const WebhookDelivery& delivery) const {
  DeliverySubject subject;
  if (IsOfBatch(delivery.event)) {
    if (!batches_.contains(delivery.subject)) return std::nullopt;  // It was deleted.
    const BatchRecord& batch = batches_.at(delivery.subject).record;
    subject.uid = batch.uid;
    subject.labels = batch.labels;
    subject.operations = batch.operations;
    return subject;
  }
  if (!jobs_.contains(delivery.subject)) return std::nullopt;
  const JobRecord& job = jobs_.at(delivery.subject);
  subject.uid = job.uid;
  subject.labels = job.labels;
  subject.batch = job.batch.id;
  subject.index = job.batch.index;
  if (job.result.has_value() && delivery.event == WebhookEvent::kJobCompleted) {
    subject.verdict = job.result->verdict;
    subject.quality_score = job.result->quality_score;
  }
  return subject;
}

absl::StatusOr<std::vector<DueDelivery>> FakeStore::LoadDueDeliveries(
    absl::Time now, const std::vector<DeliveryKey>& except, DueLimits limits) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::vector<DueDelivery> due;
  for (const auto& [key, row] : deliveries_) {
    if (!MayBeSentLocked(key, row, now) || std::ranges::count(except, key) > 0) continue;
    WebhookRecord webhook;
    const WebhookRecord& recorded = webhooks_.at(row.webhook).record;
    webhook.key = recorded.key;
    webhook.project = recorded.project;
    webhook.id = recorded.id;
    webhook.uid = recorded.uid;
    webhook.url = recorded.url;
    webhook.secret = recorded.secret;
    webhook.failing_since = recorded.failing_since;
    due.push_back({row.delivery, webhook, SubjectLocked(row.delivery)});
  }
  const auto is_failing = [](const DueDelivery& d) {
    return d.webhook.failing_since != absl::InfinitePast();
  };
  std::ranges::stable_sort(
      due, {}, [&](const DueDelivery& d) { return std::pair(is_failing(d), d.delivery.due); });
  std::map<WebhookKey, int> taken;
  std::erase_if(due, [&](const DueDelivery& d) {
    return ++taken[d.webhook.key] > (is_failing(d) ? 1 : limits.of_webhook);
  });
  if (std::ssize(due) > limits.all) due.resize(static_cast<size_t>(limits.all));
  return due;
}

absl::StatusOr<absl::Time> FakeStore::NextDelivery(absl::Time now) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [key, row] : deliveries_) {
    const WebhookDelivery& delivery = row.delivery;
    const bool waits = delivery.state == DeliveryState::kWaiting && delivery.due > now;
    if (waits && IsToldLocked(webhooks_.at(row.webhook))) next = std::min(next, delivery.due);
  }
  return next;
}

void FakeStore::RecordLocked(const DeliveryAttempt& attempt) {
  const auto row = deliveries_.find(attempt.key);
  if (row == deliveries_.end()) return;
  WebhookDelivery& delivery = row->second.delivery;
  const bool fits =
      delivery.attempts == attempt.attempts && delivery.state == DeliveryState::kWaiting;
  if (!fits) return;
  delivery.state = attempt.state;
  delivery.due = attempt.due;
  ++delivery.attempts;
  ++delivery.tries;
  delivery.last_time = attempt.time;
  delivery.last_status = attempt.answer.status;
  delivery.last_error = attempt.answer.error;
  delivery.last_latency = attempt.answer.latency;
  WebhookRecord& webhook = webhooks_.at(row->second.webhook).record;
  if (attempt.state == DeliveryState::kDelivered) {
    webhook.failing_since = absl::InfinitePast();
  } else if (webhook.failing_since == absl::InfinitePast()) {
    webhook.failing_since = attempt.time;
  }
}

absl::Status FakeStore::RecordAttempts(const std::vector<DeliveryAttempt>& attempts) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  for (const DeliveryAttempt& attempt : attempts) RecordLocked(attempt);
  for (const DeliveryAttempt& attempt : attempts) {
    if (attempt.disabling == WebhookDisabling::kNone) continue;
    WebhookRow& webhook = webhooks_.at(attempt.webhook);
    if (!IsToldLocked(webhook)) continue;
    webhook.record.disable_time = attempt.time;
    webhook.record.disabling = attempt.disabling;
    AbandonLocked(attempt.webhook);
  }
  return absl::OkStatus();
}

absl::StatusOr<OutboxDepth> FakeStore::MeasureOutbox() {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  OutboxDepth depth;
  for (const auto& [key, row] : deliveries_) {
    const bool waits = row.delivery.state == DeliveryState::kWaiting;
    if (!waits || !IsToldLocked(webhooks_.at(row.webhook))) continue;
    depth.oldest =
        depth.waiting++ == 0 ? row.delivery.time : std::min(depth.oldest, row.delivery.time);
  }
  return depth;
}

absl::StatusOr<bool> FakeStore::PurgeDeliveries(absl::Time before, absl::Time) {
  MutexLock lock(mutex_);
  DQ_RETURN_IF_ERROR(CheckAvailableLocked());
  std::erase_if(deliveries_, [&](const auto& entry) {
    const WebhookDelivery& delivery = entry.second.delivery;
    const bool is_old = delivery.state != DeliveryState::kWaiting && delivery.time < before;
    return is_old || webhooks_.at(entry.second.webhook).is_deleted;
  });
  return false;
}

}  // namespace dq
