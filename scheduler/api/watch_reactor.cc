#include "scheduler/api/watch_reactor.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/api/job_codec.h"

namespace dq {
namespace {

// Returns the sequence that a resume token holds; 0 for none.
absl::StatusOr<int64_t> ParseResumeToken(const std::string& token) {
  int64_t sequence = 0;
  if (token.empty()) return sequence;
  const char* end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, sequence);
  if (error == std::errc() && stop == end && sequence > 0) return sequence;
  return FieldError("BAD_FIELD", {{"resume_token", "not a token of a bookmark"}});
}

absl::Status UnknownJob(const std::string& name) {
  return MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "there is no job '" + name + "'",
                   {{"job", name}});
}

v1::WatchJobsResponse ToProto(const WatchItem& item) {
  v1::WatchJobsResponse response;
  if (const auto* job = std::get_if<std::shared_ptr<const JobView>>(&item)) {
    *response.mutable_job() = ToProto(**job);
  } else if (const auto* bookmark = std::get_if<WatchBookmarkAt>(&item)) {
    response.mutable_bookmark()->set_resume_token(std::to_string(bookmark->sequence));
  } else if (const auto* deletion = std::get_if<WatchDeletionOf>(&item)) {
    response.mutable_deletion()->set_name(JobText(deletion->job));
  } else {
    response.mutable_resync()->set_dropped(std::get<WatchResyncOf>(item).dropped);
  }
  return response;
}

}  // namespace

WatchReactor::WatchReactor(const ApiPorts& ports, const JobLookup& lookup, WatchRegistry& registry,
                           const grpc::CallbackServerContext& context)
    : ports_(ports),
      lookup_(lookup),
      registry_(registry),
      call_(ports, context, "JobService/WatchJobs") {}

void WatchReactor::Start(const v1::WatchJobsRequest& request) {
  self_ = shared_from_this();
  if (absl::Status opened = Open(request); !opened.ok()) End(std::move(opened));
  Pump();
}

absl::Status WatchReactor::Open(const v1::WatchJobsRequest& request) {
  DQ_ASSIGN_OR_RETURN(jobs_, ParseNamedJobs(request.parent(), request.names()));
  DQ_ASSIGN_OR_RETURN(const int64_t resume_after, ParseResumeToken(request.resume_token()));
  resumed_ = resume_after != 0;
  {
    MutexLock lock(mutex_);
    queue_.emplace(jobs_.ids, resumed_ ? resume_after : ports_.scheduler.LastChange(),
                   registry_.limits(), registry_.clock().Boot());
  }
  DQ_ASSIGN_OR_RETURN(watch_, ports_.scheduler.OpenWatch(jobs_.project, resume_after, self_));
  return registry_.Add(self_);  // Last: a tick asks for the snapshot, which must not miss a change.
}

void WatchReactor::FetchSnapshot() {
  auto take = [self = shared_from_this()](absl::StatusOr<JobViews> found) {
    self->TakeSnapshot(std::move(found));
  };
  if (!jobs_.ids.empty()) return lookup_.Find(jobs_.project, jobs_.ids, std::move(take));
  // A watch of the whole project begins with what changes from now on.
  if (first_snapshot_) return take(JobViews());
  lookup_.FindLive(jobs_.project, std::move(take));
}

void WatchReactor::TakeSnapshot(absl::StatusOr<JobViews> found) {
  if (!found.ok()) return End(found.status());
  std::vector<JobName> gone;
  for (const std::string& id : jobs_.ids) {
    if (found->contains(id)) continue;
    // One that the watch began with was deleted; so may have been one that it is resumed with.
    if (first_snapshot_ && !resumed_) return EndUnknown({jobs_.project, id});
    gone.push_back({jobs_.project, id});
  }
  std::vector<JobView> views;
  for (auto& [id, view] : *found) {
    // A resumed watch gets the changes since; the end of a job it may have missed comes again.
    if (resumed_ && first_snapshot_ && !IsTerminal(view.record.status.state)) continue;
    views.push_back(std::move(view));
  }
  first_snapshot_ = false;
  {
    MutexLock lock(mutex_);
    queue_->AddSnapshot(std::move(views), gone);
  }
  Pump();
}

void WatchReactor::EndUnknown(const JobName& name) {
  const bool asked = ports_.blocking.Submit([self = shared_from_this(), name] {
    const absl::Status status = self->ports_.jobs.GetJob(name).status();
    const bool was_deleted = MetadataOf(status).contains("delete_time");
    self->End(was_deleted ? status : UnknownJob(JobText(name)));
  });
  if (!asked) End(UnknownJob(JobText(name)));
}

bool WatchReactor::MustWake() {
  // A write in progress pumps when it is done.
  return !writing_ && !finished_ && !std::exchange(woken_, true);
}

void WatchReactor::Changed(const JobChange& change) {
  {
    MutexLock lock(mutex_);
    queue_->Add(change);
    if (!MustWake()) return;
  }
  registry_.Wake(this);
}

void WatchReactor::Passed(int64_t sequence) {
  MutexLock lock(mutex_);
  queue_->Passed(sequence);
}

void WatchReactor::Lost(const absl::Status& why) {
  {
    MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = why;
    if (!MustWake()) return;
  }
  registry_.Wake(this);
}

void WatchReactor::End(absl::Status status) {
  {
    MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = std::move(status);
  }
  Pump();
}

void WatchReactor::Pump() {
  std::optional<absl::Status> end;
  std::optional<WatchItem> item;
  bool fetch = false;
  {
    MutexLock lock(mutex_);
    woken_ = false;
    if (writing_ || finished_) return;
    if (!end_.has_value() && queue_->IsDone()) end_ = absl::OkStatus();
    end = end_;
    finished_ = end.has_value();
    if (!finished_) {
      item = queue_->Next(registry_.clock().Boot());
      fetch = queue_->TakeSnapshotDue();
    }
    writing_ = item.has_value();
  }
  // Without the lock, so that the engine's thread does not wait for the transport.
  if (end.has_value()) return Finish(call_.End(*end));
  if (item.has_value()) {
    message_ = ToProto(*item);
    StartWrite(&message_);
  }
  if (fetch) FetchSnapshot();
}

void WatchReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok && !end_.has_value()) end_ = absl::CancelledError("the client is gone");
  }
  Pump();
}

void WatchReactor::OnDone() {
  registry_.Remove(this);
  if (watch_.has_value()) ports_.scheduler.CloseWatch(*watch_);
  self_.reset();  // The last use of this object by gRPC.
}

}  // namespace dq
