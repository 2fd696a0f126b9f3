#include "scheduler/api/job_lookup.h"

#include <memory>
#include <utility>

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

void JobLookup::AskEngine(const std::string& project, std::vector<std::string> ids,
                          std::function<void(LiveJobs&)> take) const {
  ports_.scheduler.GetLiveJobs(project, std::move(ids),
                               [this, take = std::move(take)](LiveJobs live) {
                                 auto shared = std::make_shared<LiveJobs>(std::move(live));
                                 if (!replies_.Submit([take, shared] { take(*shared); }))
                                   take(*shared);
                               });
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
    for (JobRecord& record : *records) {
      std::string id = record.name.id;
      found[std::move(id)].record = std::move(record);
    }
    done(std::move(found));
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

void JobLookup::Overlay(const std::string& project, std::vector<JobRecord> records,
                        std::function<void(std::vector<JobView>)> done) const {
  if (records.empty()) return done({});  // No ids would mean all jobs.
  std::vector<std::string> ids;
  for (const JobRecord& record : records) ids.push_back(record.name.id);
  // Shared, because the engine's callback is copied and a page is large.
  auto page = std::make_shared<std::vector<JobRecord>>(std::move(records));
  AskEngine(project, std::move(ids), [page, done = std::move(done)](LiveJobs& live) {
    JobViews current = ById(live);
    std::vector<JobView> views;
    for (JobRecord& record : *page) {
      const auto found = current.find(record.name.id);
      const bool newer =
          found != current.end() && found->second.record.status.version >= record.status.version;
      views.push_back(newer ? std::move(found->second) : JobView{std::move(record), {}, 0});
    }
    done(std::move(views));
  });
}

}  // namespace dq
