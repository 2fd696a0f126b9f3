// The judges of what goes on beside single jobs. Plain value.
#pragma once

#include "tests/scheduler/simulation/batch_judge.h"
#include "tests/scheduler/simulation/schedule_judge.h"
#include "tests/scheduler/simulation/webhook_judge.h"

namespace dq::sim {

struct ErrandJudges {
  ScheduleJudge schedules;
  BatchJudge batches;
  WebhookJudge webhooks;
};

}  // namespace dq::sim
