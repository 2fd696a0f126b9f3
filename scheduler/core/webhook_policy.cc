#include "scheduler/core/webhook_policy.h"

#include <array>
#include <utility>

namespace dq {
namespace {

constexpr int kGone = 410;
constexpr double kJitter = 0.1;

const std::array<absl::Duration, 9>& Backoffs() {
  static const std::array<absl::Duration, 9> backoffs = {
      absl::Seconds(5), absl::Minutes(5), absl::Minutes(30), absl::Hours(2),  absl::Hours(5),
      absl::Hours(10),  absl::Hours(14),  absl::Hours(20),   absl::Hours(24),
  };
  return backoffs;
}

bool IsFailingForDays(absl::Time failing_since, absl::Time now) {
  return failing_since != absl::InfinitePast() && now - failing_since >= absl::Hours(72);
}

}  // namespace

int DeliveryTriesMax() { return static_cast<int>(Backoffs().size()) + 1; }

absl::Duration DeliveryBackoff(int tries, double random) {
  return Backoffs().at(static_cast<size_t>(tries - 1)) * (1 + kJitter * random);
}

DeliveryAttempt JudgeAnswer(const WebhookDelivery& delivery, WebhookAnswer answer,
                            absl::Time failing_since, absl::Time now, double random) {
  DeliveryAttempt attempt;
  attempt.key = delivery.key;
  attempt.attempts = delivery.attempts;
  attempt.time = now;
  const int tries = delivery.tries + 1;
  if (answer.status >= 200 && answer.status < 300) {
    attempt.state = DeliveryState::kDelivered;
  } else if (answer.status == kGone) {
    attempt.state = DeliveryState::kFailed;
    attempt.disabling = WebhookDisabling::kGone;
  } else if (tries < DeliveryTriesMax()) {
    attempt.due = now + DeliveryBackoff(tries, random);
  } else {
    attempt.state = DeliveryState::kFailed;
  }
  // With a backlog it may be weeks before one delivery has had all its tries.
  const bool has_failed =
      attempt.state != DeliveryState::kDelivered && attempt.disabling == WebhookDisabling::kNone;
  if (has_failed && IsFailingForDays(failing_since, now)) {
    attempt.disabling = WebhookDisabling::kFailing;
  }
  attempt.answer = std::move(answer);
  return attempt;
}

}  // namespace dq
