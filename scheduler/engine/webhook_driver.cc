#include "scheduler/engine/webhook_driver.h"

#include <algorithm>
#include <utility>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/random_id.h"
#include "scheduler/core/webhook_policy.h"

namespace dq {
namespace {

constexpr size_t kTestIdBytes = 8;

std::string_view OutcomeOf(DeliveryState state) {
  if (state == DeliveryState::kDelivered) return "delivered";
  return state == DeliveryState::kWaiting ? "to_be_retried" : "failed";
}

bool IsFailing(const WebhookRecord& webhook) {
  return webhook.failing_since != absl::InfinitePast();
}

void LogFailure(const char* what, const absl::Status& why) {
  Log(LogLevel::kWarning, what, {{"message", MessageOf(why)}});
}

void LogAttempt(const DueDelivery& sent, const DeliveryAttempt& attempt) {
  const bool is_delivered = attempt.state == DeliveryState::kDelivered;
  Log(is_delivered ? LogLevel::kDebug : LogLevel::kInfo, "webhook attempt",
      {{"project", sent.webhook.project},
       {"webhook", sent.webhook.id},
       {"delivery", sent.delivery.key},
       {"attempt", attempt.attempts + 1},
       {"outcome", OutcomeOf(attempt.state)},
       {"status", attempt.answer.status},
       {"message", attempt.answer.error}});
  if (attempt.disabling == WebhookDisabling::kNone) return;
  Log(LogLevel::kWarning, "webhook disabled",
      {{"project", sent.webhook.project},
       {"webhook", sent.webhook.id},
       {"reason", attempt.disabling == WebhookDisabling::kGone ? "GONE" : "FAILING"}});
}

}  // namespace

absl::Status WebhookDriver::Test(const WebhookRecord& webhook, WebhookTransport::Done done) const {
  if (tests_->fetch_add(1) >= options_.tests_max) {
    tests_->fetch_sub(1);
    return MakeError(absl::StatusCode::kResourceExhausted, "QUOTA",
                     "other tests of webhooks are under way; try again in some seconds");
  }
  const std::string id = "msg_test-" + RandomHex(kTestIdBytes);
  ports_.transport.Post(Signed(webhook, id, WebhookTestBody(webhook, ports_.clock.Now())),
                        [tests = tests_, done = std::move(done)](WebhookAnswer answer) {
                          tests->fetch_sub(1);
                          done(std::move(answer));
                        });
  return absl::OkStatus();
}

bool WebhookDriver::Settle() {
  TakeAnswers();
  return RecordAnswers() && !in_flight_.empty();
}

absl::Time WebhookDriver::Pass(bool leads) {
  TakeAnswers();
  if (!RecordAnswers()) return ports_.clock.Boot() + options_.later;
  if (!leads) {
    measure_due_ = purge_due_ = absl::InfinitePast();
    ports_.metrics.WebhookOutbox(0, absl::ZeroDuration());  // The leader shows it.
    return ports_.clock.Boot() + options_.standby_interval;
  }
  KeepHouse();
  return std::min(SendDue(), std::min(measure_due_, purge_due_));
}

void WebhookDriver::TakeAnswers() {
  std::vector<AnsweredDelivery> answered = inbox_->Take();
  const absl::Time now = ports_.clock.Now();
  for (AnsweredDelivery& each : answered) {
    DeliveryAttempt attempt = JudgeAnswer(each.sent.delivery, std::move(each.answer),
                                          each.sent.webhook.failing_since, now, ports_.random());
    attempt.webhook = each.sent.webhook.key;
    if (attempt.state == DeliveryState::kWaiting) {
      attempt.due = now + (attempt.due - now) * options_.retry_scale;
    }
    LogAttempt(each.sent, attempt);
    ports_.metrics.WebhookAnswered(OutcomeOf(attempt.state));
    unrecorded_.push_back(std::move(attempt));
  }
}

bool WebhookDriver::RecordAnswers() {
  if (unrecorded_.empty()) return true;
  if (const absl::Status recorded = ports_.store.RecordAttempts(unrecorded_); !recorded.ok()) {
    LogFailure("webhook attempts not recorded", recorded);
    return false;
  }
  for (const DeliveryAttempt& attempt : unrecorded_) in_flight_.erase(attempt.key);
  unrecorded_.clear();
  return true;
}

absl::Time WebhookDriver::SendDue() {
  const absl::Time look_again = ports_.clock.Boot() + options_.look_interval;
  if (in_flight_.size() >= options_.in_flight_max) return look_again;  // An answer wakes.
  std::vector<DeliveryKey> except;
  for (const auto& [key, posted] : in_flight_) except.push_back(key);
  const absl::Time now = ports_.clock.Now();
  auto due = ports_.store.LoadDueDeliveries(now, except,
                                            {.of_webhook = options_.in_flight_webhook_max,
                                             .all = static_cast<int>(2 * options_.in_flight_max)});
  if (!due.ok()) {
    LogFailure("due webhook deliveries not read", due.status());
    return ports_.clock.Boot() + options_.later;
  }
  for (DueDelivery& delivery : *due) {
    if (MaySend(delivery)) Send(std::move(delivery));
  }
  if (!due->empty()) return look_again;  // The answers wake.
  const absl::StatusOr<absl::Time> next = ports_.store.NextDelivery(now);
  if (!next.ok()) {
    LogFailure("next webhook delivery not read", next.status());
    return ports_.clock.Boot() + options_.later;
  }
  return std::min(look_again, ports_.clock.Boot() + (*next - now));
}

bool WebhookDriver::MaySend(const DueDelivery& due) const {
  if (in_flight_.size() >= options_.in_flight_max) return false;
  size_t to_it = 0;
  size_t to_failing = 0;
  for (const auto& [key, posted] : in_flight_) {
    to_it += posted.webhook == due.webhook.key ? 1 : 0;
    to_failing += posted.is_failing ? 1 : 0;
  }
  if (!IsFailing(due.webhook)) return to_it < static_cast<size_t>(options_.in_flight_webhook_max);
  return to_it == 0 && to_failing < options_.in_flight_max / 2;
}

void WebhookDriver::Send(DueDelivery due) {
  in_flight_[due.delivery.key] = {due.webhook.key, IsFailing(due.webhook)};
  measure_due_ = std::min(measure_due_, ports_.clock.Boot() + options_.measure_interval);
  WebhookRequest request = Signed(due.webhook, WebhookMessageId(due.webhook, due.delivery.key),
                                  WebhookBody(due.delivery, due.webhook.project, due.subject));
  ports_.transport.Post(std::move(request),
                        [inbox = inbox_, due = std::move(due)](WebhookAnswer answer) {
                          inbox->Add({due, std::move(answer)});
                        });
}

WebhookRequest WebhookDriver::Signed(const WebhookRecord& webhook, const std::string& id,
                                     const std::string& body) const {
  // A secret was checked when it was recorded; a webhook that is being deleted has none.
  const std::string key = WebhookSecretKey(webhook.secret).value_or("");
  return {webhook.url, SignedHeaders(id, ports_.clock.Now(), body, key), body, options_.timeout};
}

void WebhookDriver::KeepHouse() {
  const absl::Time now = ports_.clock.Boot();
  if (now >= measure_due_) {
    measure_due_ = now + options_.measure_interval;
    if (const auto depth = ports_.store.MeasureOutbox(); depth.ok()) {
      const bool is_empty = depth->waiting == 0;
      ports_.metrics.WebhookOutbox(
          depth->waiting, is_empty ? absl::ZeroDuration() : ports_.clock.Now() - depth->oldest);
      if (is_empty) measure_due_ = absl::InfiniteFuture();  // Until something is sent.
    } else {
      LogFailure("webhook outbox not measured", depth.status());
    }
  }
  if (now < purge_due_) return;
  const absl::Time wall = ports_.clock.Now();
  const auto more = ports_.store.PurgeDeliveries(wall - options_.kept, wall);
  if (!more.ok()) LogFailure("old webhook deliveries not removed", more.status());
  purge_due_ = now + (more.ok() && *more ? options_.later : options_.purge_interval);
}

}  // namespace dq
