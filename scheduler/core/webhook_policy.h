// Decides what an answer of a webhook makes of a delivery: done, once more and when, or given up;
// and whether the webhook is told anything more. The schedule is that of the Standard Webhooks
// specification (standardwebhooks.com). Pure and thread-safe.
#pragma once

#include "absl/time/time.h"
#include "scheduler/core/webhook.h"

namespace dq {

// How often a delivery is tried before it has failed.
int DeliveryTriesMax();

// Returns the wait after the try number `tries` (from 1) has failed: 5 s at first, a day at last,
// up to a tenth longer. `random` is uniform in [0, 1).
absl::Duration DeliveryBackoff(int tries, double random);

// Judges `answer` to the next try of `delivery`. `failing_since` is the webhook's. A webhook is
// disabled when it answers 410, and when a try fails while nothing has reached the webhook for
// three days.
DeliveryAttempt JudgeAnswer(const WebhookDelivery& delivery, WebhookAnswer answer,
                            absl::Time failing_since, absl::Time now, double random);

}  // namespace dq
