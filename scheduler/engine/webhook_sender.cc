#include "scheduler/engine/webhook_sender.h"

#include <algorithm>
#include <chrono>

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

WebhookSender::WebhookSender(WebhookStore& store, WebhookTransport& transport, const Clock& clock,
                             EngineMetrics& metrics, WebhookSenderOptions options)
    : store_(store), transport_(transport), clock_(clock), metrics_(metrics), options_(options) {}

void WebhookSender::Start(std::function<bool()> leads) {
  leads_ = std::move(leads);
  thread_ = std::thread([this] { Run(); });
}

void WebhookSender::Stop() {
  {
    MutexLock lock(inbox_->mutex);
    inbox_->stopping = true;
    inbox_->changed.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void WebhookSender::Wake() {
  MutexLock lock(inbox_->mutex);
  inbox_->woken = true;
  inbox_->changed.NotifyAll();
}

void WebhookSender::Test(const WebhookRecord& webhook, WebhookTransport::Done done) {
  const std::string id = "msg_test-" + RandomHex(kTestIdBytes);
  transport_.Post(Signed(webhook, id, WebhookTestBody(webhook, clock_.Now())), std::move(done));
}

bool WebhookSender::IsStopping() const {
  MutexLock lock(inbox_->mutex);
  return inbox_->stopping;
}

void WebhookSender::Run() {
  while (!IsStopping()) WaitUntil(Pass());
  using SteadyClock = std::chrono::steady_clock;
  const auto end = SteadyClock::now() + absl::ToChronoNanoseconds(options_.stop_grace);
  TakeAnswers();
  while (RecordAnswers() && !in_flight_.empty() && SteadyClock::now() < end) {
    {
      MutexLock lock(inbox_->mutex);
      if (inbox_->answered.empty()) {
        inbox_->changed.WaitFor(inbox_->mutex, end - SteadyClock::now());
      }
    }
    TakeAnswers();
  }
}

void WebhookSender::WaitUntil(absl::Time due) {
  const absl::Duration wait = due - clock_.Boot();
  MutexLock lock(inbox_->mutex);
  const bool has_news = inbox_->woken || !inbox_->answered.empty() || inbox_->stopping;
  if (!has_news && wait > absl::ZeroDuration()) {
    inbox_->changed.WaitFor(inbox_->mutex, absl::ToChronoNanoseconds(wait));
  }
  inbox_->woken = false;
}

absl::Time WebhookSender::Pass() {
  TakeAnswers();
  if (!RecordAnswers()) return clock_.Boot() + options_.later;
  if (!leads_()) {
    measure_due_ = purge_due_ = absl::InfinitePast();
    metrics_.WebhookOutbox(0, absl::ZeroDuration());  // The leader shows it.
    return clock_.Boot() + options_.standby_interval;
  }
  KeepHouse();
  return std::min(SendDue(), std::min(measure_due_, purge_due_));
}

void WebhookSender::TakeAnswers() {
  std::vector<Answered> answered;
  {
    MutexLock lock(inbox_->mutex);
    answered.swap(inbox_->answered);
  }
  const absl::Time now = clock_.Now();
  for (Answered& each : answered) {
    DeliveryAttempt attempt = JudgeAnswer(each.sent.delivery, std::move(each.answer),
                                          each.sent.webhook.failing_since, now, RandomUniform());
    attempt.webhook = each.sent.webhook.key;
    if (attempt.state == DeliveryState::kWaiting) {
      attempt.due = now + (attempt.due - now) * options_.retry_scale;
    }
    LogAttempt(each.sent, attempt);
    metrics_.WebhookAnswered(OutcomeOf(attempt.state));
    unrecorded_.push_back(std::move(attempt));
  }
}

bool WebhookSender::RecordAnswers() {
  if (unrecorded_.empty()) return true;
  if (const absl::Status recorded = store_.RecordAttempts(unrecorded_); !recorded.ok()) {
    Log(LogLevel::kWarning, "webhook attempts not recorded", {{"message", MessageOf(recorded)}});
    return false;
  }
  for (const DeliveryAttempt& attempt : unrecorded_) in_flight_.erase(attempt.key);
  unrecorded_.clear();
  return true;
}

absl::Time WebhookSender::SendDue() {
  const absl::Time look_again = clock_.Boot() + options_.look_interval;
  if (in_flight_.size() >= options_.in_flight_max) return look_again;  // An answer wakes.
  std::vector<DeliveryKey> except;
  for (const auto& [key, webhook] : in_flight_) except.push_back(key);
  const absl::Time now = clock_.Now();
  auto due = store_.LoadDueDeliveries(now, except, options_.in_flight_webhook_max);
  if (!due.ok()) return clock_.Boot() + options_.later;
  for (DueDelivery& delivery : *due) {
    if (MaySend(delivery)) Send(std::move(delivery));
  }
  if (!due->empty()) return look_again;  // The answers wake.
  const absl::StatusOr<absl::Time> next = store_.NextDelivery(now);
  if (!next.ok()) return clock_.Boot() + options_.later;
  return std::min(look_again, clock_.Boot() + (*next - now));
}

bool WebhookSender::MaySend(const DueDelivery& due) const {
  if (in_flight_.size() >= options_.in_flight_max) return false;
  const bool is_failing = due.webhook.failing_since != absl::InfinitePast();
  const auto to_it = std::ranges::count(in_flight_, due.webhook.key,
                                        [](const auto& entry) { return entry.second; });
  return to_it < (is_failing ? 1 : options_.in_flight_webhook_max);
}

void WebhookSender::Send(DueDelivery due) {
  in_flight_[due.delivery.key] = due.webhook.key;
  measure_due_ = std::min(measure_due_, clock_.Boot() + options_.measure_interval);
  WebhookRequest request = Signed(due.webhook, WebhookMessageId(due.webhook, due.delivery.key),
                                  WebhookBody(due.delivery, due.webhook.project, due.subject));
  transport_.Post(std::move(request), [inbox = inbox_, due = std::move(due)](WebhookAnswer answer) {
    MutexLock lock(inbox->mutex);
    inbox->answered.push_back({due, std::move(answer)});
    inbox->changed.NotifyAll();
  });
}

WebhookRequest WebhookSender::Signed(const WebhookRecord& webhook, const std::string& id,
                                     const std::string& body) const {
  // A secret was checked when it was recorded; a webhook that is being deleted has none.
  const std::string key = WebhookSecretKey(webhook.secret).value_or("");
  return {webhook.url, SignedHeaders(id, clock_.Now(), body, key), body, options_.timeout};
}

void WebhookSender::KeepHouse() {
  const absl::Time now = clock_.Boot();
  if (now >= measure_due_) {
    measure_due_ = now + options_.measure_interval;
    if (const auto depth = store_.MeasureOutbox(); depth.ok()) {
      const bool is_empty = depth->waiting == 0;
      metrics_.WebhookOutbox(depth->waiting,
                             is_empty ? absl::ZeroDuration() : clock_.Now() - depth->oldest);
      if (is_empty) measure_due_ = absl::InfiniteFuture();  // Until something is sent.
    }
  }
  if (now < purge_due_) return;
  const absl::Time wall = clock_.Now();
  const auto more = store_.PurgeDeliveries(wall - options_.kept, wall);
  purge_due_ = now + (more.ok() && *more ? options_.later : options_.purge_interval);
}

}  // namespace dq
