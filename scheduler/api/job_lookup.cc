#include "scheduler/api/job_lookup.h"

#include <memory>
#include <utility>

#include "common/base/error.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/rpc_call.h"

namespace dq {
namespace {

JobViews ById(absl::StatusOr<std::vector<JobView>>& live) {
  JobViews views;
  if (!live.ok()) return views;
  for (JobView& view : *live) {
    std::string id = view.record.name.id;
    views[std::move(id)] = std::move(view);
  }
  return views;
}

}  // namespace

absl::Status NotLoadedYet(const JobName& name) {
  return MakeError(absl::StatusCode::kUnavailable, "JOB_NOT_LOADED",
                   "the job was recorded just now; try again", {{"job", JobText(name)}});
}

std::function<void(JobLookup::LiveJobs)> JobLookup::TakeLater(
    std::function<void(LiveJobs&)> take) const {
  return [this, take = std::move(take)](LiveJobs live) {
    auto shared = std::make_shared<LiveJobs>(std::move(live));
    if (!replies_.Submit([take, shared] { take(*shared); })) take(*shared);
  };
}

void JobLookup::AskEngine(const std::string& project, std::vector<std::string> ids,
                          std::function<void(LiveJobs&)> take) const {
  ports_.scheduler.GetLiveJobs(project, std::move(ids), TakeLater(std::move(take)));
}

void JobLookup::Find(const std::string& project, std::vector<std::string> ids,
                     std::function<void(absl::StatusOr<JobViews>)> done) const {
  AskEngine(project, ids, [this, project, ids, done = std::move(done)](LiveJobs& live) {
    JobViews found = ById(live);
    std::vector<std::string> missing;
    for (const std::string& id : ids) {
      if (!found.contains(id)) missing.push_back(id);
    }
    if (missing.empty()) return done(std::move(found));
    FindRecorded(project, missing, std::move(found), done);
  });
}

void JobLookup::FindRecorded(const std::string& project, const std::vector<std::string>& ids,
                             JobViews found,
                             std::function<void(absl::StatusOr<JobViews>)> done) const {
  const bool accepted = ports_.blocking.Submit([this, project, ids, found, done]() mutable {
    auto records = ports_.jobs.BatchGetJobs(project, ids);
    if (!records.ok()) return done(records.status());
    Overlay(*std::move(records), [found, done](std::vector<JobView> views) mutable {
      for (JobView& view : views) {
        std::string id = view.record.name.id;
        found[std::move(id)] = std::move(view);
      }
      done(std::move(found));
    });
  });
  if (!accepted) done(TooMuchWaits());
}

void JobLookup::FindLive(const std::string& project,
                         std::function<void(absl::StatusOr<JobViews>)> done) const {
  AskEngine(project, {}, [done = std::move(done)](LiveJobs& live) {
    if (!live.ok()) return done(live.status());
    done(ById(live));
  });
}

void JobLookup::Overlay(std::vector<JobRecord> records,
                        std::function<void(std::vector<JobView>)> done) const {
  // Kept, for the case that the engine does not answer; shared, because callbacks are copied.
  auto page = std::make_shared<std::vector<JobRecord>>(records);
  ports_.scheduler.ShowRecords(std::move(records),
                               TakeLater([page, done = std::move(done)](LiveJobs& shown) {
                                 if (shown.ok()) return done(*std::move(shown));
                                 std::vector<JobView> views;
                                 for (JobRecord& record : *page)
                                   views.push_back({std::move(record), {}, 0});
                                 done(std::move(views));
                               }));
}

}  // namespace dq
