#include "scheduler/api/worker_view_codec.h"

#include "scheduler/api/resource_name.h"
#include "scheduler/api/time_codec.h"

namespace dq {

v1::Worker WorkerToProto(const WorkerView& view) {
  v1::Worker worker;
  worker.set_name("workers/" + view.instance);
  worker.mutable_stages()->Add(view.stages.begin(), view.stages.end());
  worker.set_slots(view.slots);
  worker.set_slots_busy(static_cast<int32_t>(view.jobs.size()));
  const bool draining = view.draining || view.drain.has_value();
  worker.set_draining(draining);
  worker.set_state(draining ? v1::WORKER_STATE_DRAINING : v1::WORKER_STATE_READY);
  if (view.drain.has_value()) {
    *worker.mutable_drain()->mutable_time() = ToProto(view.drain->time);
    worker.mutable_drain()->set_actor(view.drain->actor);
    worker.mutable_drain()->set_reason(view.drain->reason);
  }
  if (view.is_connected) {
    *worker.mutable_connect_time() = ToProto(view.connect_time);
    *worker.mutable_last_report_time() = ToProto(view.last_report_time);
  }
  for (const JobName& job : view.jobs) worker.add_jobs(JobText(job));
  worker.set_version(view.version);
  worker.mutable_labels()->insert(view.labels.begin(), view.labels.end());
  return worker;
}

}  // namespace dq
