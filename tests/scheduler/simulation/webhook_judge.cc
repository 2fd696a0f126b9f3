#include "tests/scheduler/simulation/webhook_judge.h"

#include <algorithm>

#include "scheduler/core/webhook_message.h"

namespace dq::sim {
namespace {

constexpr int kAll = 1'000'000;

}  // namespace

void WebhookJudge::Found(const std::string& name, const char* invariant) {
  findings_.push_back(name + ": " + invariant);
}

void WebhookJudge::Heard(const SeenJob& job, const JobEventRecord& event) {
  const bool is_end = IsTerminal(event.to) && event.event != JobEvent::kDelete;
  if (webhook_.key == 0 || !is_end) return;
  Owe(*WebhookEventOf(event.to), {false, job.row.key}, job.row.name.id, event.time);
}

void WebhookJudge::BatchEnded(const BatchRecord& batch, BatchState state) {
  if (webhook_.key == 0) return;
  Owe(*WebhookEventOf(state), {true, batch.key}, batch.id, batch.end_time);
}

void WebhookJudge::Owe(WebhookEvent event, const Subject& subject, const std::string& id,
                       absl::Time time) {
  if ((webhook_.events & WebhookEventBit(event)) == 0) return;
  const auto recorded = store_.ListDeliveries(webhook_.key, 0, kAll);
  for (const WebhookDelivery& delivery : *recorded) {
    const bool is_it = delivery.event == event && delivery.subject == subject.second &&
                       delivery.time == time && delivery.state == DeliveryState::kWaiting;
    if (!is_it || owed_.contains(delivery.key)) continue;
    const std::string collection = subject.first ? "/batches/" : "/jobs/";
    owed_[delivery.key] = {subject, webhook_.project + collection + id,
                           std::string(WebhookEventName(event))};
    return;
  }
  Found(id, "I22 an end was recorded and nobody is to be told of it");
}

void WebhookJudge::Accepted(const std::string& message_id, const std::string& body) {
  const DeliveryKey key = std::stoll(message_id.substr(message_id.rfind('-') + 1));
  const auto owed = owed_.find(key);
  if (owed == owed_.end()) return Found(message_id, "I22 something was told that never happened");
  const bool is_it = body.find("projects/" + owed->second.name + "\"") != std::string::npos &&
                     body.find("\"" + owed->second.type + "\"") != std::string::npos;
  if (!is_it) Found(owed->second.name, "I22 a message tells of something else");
  for (const auto& [earlier, other] : owed_) {
    if (earlier >= key) break;
    if (other.subject == owed->second.subject && !accepted_.contains(earlier)) {
      Found(owed->second.name, "I22 ends were told out of their order");
    }
  }
  accepted_.insert(key);
}

void WebhookJudge::CheckRest() {
  if (webhook_.key == 0) return;
  for (const auto& [key, owed] : owed_) {
    if (!accepted_.contains(key)) Found(owed.name, "I22 an end was never told");
  }
  if (store_.MeasureOutbox()->waiting != 0) Found(webhook_.id, "I22 the outbox is not empty");
}

}  // namespace dq::sim
