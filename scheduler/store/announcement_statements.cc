#include "scheduler/store/announcement_statements.h"

#include <utility>

#include "scheduler/store/embedded_sql.h"

namespace dq {
namespace {

struct EndRow {
  const JobName* name;
  JobKey key;
  WebhookEvent told_as;
  const JobEventRecord* event;
};

void AddEnds(const JobName& name, JobKey key, const std::vector<JobEventRecord>& events,
             std::vector<EndRow>& to) {
  for (const JobEventRecord& event : events) {
    const auto told_as = WebhookEventOf(event.to);
    if (told_as.has_value()) to.push_back({&name, key, *told_as, &event});
  }
}

}  // namespace

std::vector<PipelineCall> AnnouncementCalls(const WriteBatch& batch, const InsertList& inserted) {
  if (batch.announced_projects == nullptr) return {};
  const auto is_announced = [&batch](const JobName& name) {
    return batch.announced_projects->contains(name.project);
  };
  std::vector<EndRow> ends;
  for (const JobInsert* insert : inserted) {
    const JobRecord& job = insert->record;
    if (is_announced(job.name)) AddEnds(job.name, job.key, insert->events, ends);
  }
  for (const JobUpdate& update : batch.updates) {
    if (is_announced(update.name)) AddEnds(update.name, update.key, update.events, ends);
  }
  if (ends.empty()) return {};
  Parameters p;
  p.AddArray(ends, [](auto& e) { return std::string_view(e.name->project); });
  p.AddArray(ends, [](auto& e) { return e.key; });
  p.AddArray(ends, [](auto& e) { return std::string_view(e.name->id); });
  p.AddArray(ends, [](auto& e) { return static_cast<int16_t>(e.told_as); });
  p.AddArray(ends, [](auto& e) { return std::string_view(e.event->reason); });
  p.AddArray(ends, [](auto& e) { return e.event->time; });
  std::vector<PipelineCall> calls;
  calls.push_back({&sql::kInsertWebhookDeliveries, std::move(p)});
  return calls;
}

}  // namespace dq
