#include "scheduler/engine/webhook_sender.h"

#include <chrono>
#include <utility>

#include "common/base/random_id.h"

namespace dq {

WebhookSender::WebhookSender(WebhookStore& store, WebhookTransport& transport, const Clock& clock,
                             EngineMetrics& metrics, WebhookSenderOptions options)
    : transport_(transport),
      clock_(clock),
      stop_grace_(options.stop_grace),
      driver_({store, transport, clock, metrics, RandomUniform}, inbox_, options.driver) {}

void WebhookSender::Start(std::function<bool()> leads) {
  leads_ = std::move(leads);
  thread_ = std::thread([this] { Run(); });
}

void WebhookSender::Stop() {
  inbox_->Stop();
  if (thread_.joinable()) thread_.join();
}

void WebhookSender::Run() {
  while (!inbox_->IsStopping()) inbox_->WaitForNews(driver_.Pass(leads_()) - clock_.Boot());
  using SteadyClock = std::chrono::steady_clock;
  const auto end = SteadyClock::now() + absl::ToChronoNanoseconds(stop_grace_);
  while (driver_.Settle() && SteadyClock::now() < end) {
    inbox_->WaitForAnswer(absl::FromChrono(end - SteadyClock::now()));
  }
}

}  // namespace dq
