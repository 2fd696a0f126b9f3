#include "scheduler/api/batch_watch_reactor.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/api/job_creation.h"
#include "scheduler/api/resource_name.h"

namespace dq {
namespace {

constexpr size_t kTokenBytes = 64;
constexpr absl::Duration kAskInterval = absl::Milliseconds(500);

bool IsToken(const std::string& text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.empty() || (text.size() == kTokenBytes && std::ranges::all_of(text, is_digit));
}

bool HasEnded(const v1::Batch& batch) {
  return batch.state() == v1::BATCH_STATE_COMPLETED ||
         batch.state() == v1::BATCH_STATE_PARTIAL_SUCCESS ||
         batch.state() == v1::BATCH_STATE_FAILED || batch.state() == v1::BATCH_STATE_CANCELLED;
}

// What has to differ for the batch to be sent again: not the time that passes.
std::string HashOf(v1::Batch batch) {
  batch.clear_estimated_time_remaining();
  return BodyHash(batch);
}

}  // namespace

BatchWatchReactor::BatchWatchReactor(const ApiPorts& ports, WatchRegistry& registry,
                                     const grpc::CallbackServerContext& context, BatchFinder find)
    : ports_(ports),
      registry_(registry),
      call_(ports, context, "BatchService/WatchBatch"),
      find_(std::move(find)) {}

void BatchWatchReactor::Start(const v1::WatchBatchRequest& request) {
  self_ = shared_from_this();
  if (absl::Status opened = Open(request); !opened.ok()) End(std::move(opened));
  Tick();
}

absl::Status BatchWatchReactor::Open(const v1::WatchBatchRequest& request) {
  DQ_RETURN_IF_ERROR(ParseResource(request.name(), kBatches, "name").status());
  if (!IsToken(request.resume_token())) {
    return FieldError("BAD_FIELD", {{"resume_token", "not a token of a bookmark"}});
  }
  name_ = request.name();
  {
    MutexLock lock(mutex_);
    told_ = request.resume_token();
    bookmark_due_ = registry_.clock().Boot() + registry_.limits().bookmark_interval;
  }
  return registry_.Add(self_);
}

void BatchWatchReactor::Tick() {
  Pump();
  {
    MutexLock lock(mutex_);
    const absl::Time now = registry_.clock().Boot();
    const bool is_busy = asking_ || writing_ || next_ || end_ || finished_;
    if (is_busy || now < ask_due_) return;
    ask_due_ = now + kAskInterval;
    asking_ = true;
  }
  const bool accepted = ports_.blocking.Submit([self = shared_from_this()] {
    self->find_(self->name_,
                [self](absl::StatusOr<v1::Batch> batch) { self->Take(std::move(batch)); });
  });
  if (accepted) return;
  MutexLock lock(mutex_);
  asking_ = false;  // Later: too much waits.
}

void BatchWatchReactor::Take(absl::StatusOr<v1::Batch> batch) {
  {
    MutexLock lock(mutex_);
    asking_ = false;
    if (!batch.ok()) {
      end_ = batch.status();
    } else {
      std::string hash = HashOf(*batch);
      const bool has_ended = HasEnded(*batch);
      if (has_ended) end_ = absl::OkStatus();
      if (has_ended || hash != told_) next_ = *std::move(batch);
      told_ = std::move(hash);
    }
  }
  Pump();
}

void BatchWatchReactor::End(absl::Status status) {
  {
    MutexLock lock(mutex_);
    end_ = std::move(status);
    next_.reset();
  }
  Pump();
}

void BatchWatchReactor::Pump() {
  std::optional<absl::Status> end;
  {
    MutexLock lock(mutex_);
    if (writing_ || finished_) return;
    const absl::Time now = registry_.clock().Boot();
    const bool is_bookmark_due = !told_.empty() && now >= bookmark_due_;
    message_.Clear();
    if (next_) {
      *message_.mutable_batch() = *std::exchange(next_, std::nullopt);
      writing_ = true;
    } else if (end_) {
      end = end_;
      finished_ = true;
    } else if (is_bookmark_due) {
      message_.mutable_bookmark()->set_resume_token(told_);
      bookmark_due_ = now + registry_.limits().bookmark_interval;
      writing_ = true;
    } else {
      return;
    }
  }
  // Without the lock, as gRPC may call back from within.
  if (end) return Finish(call_.End(*end));
  StartWrite(&message_);
}

void BatchWatchReactor::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) {
      end_ = absl::CancelledError("the client is gone");
      next_.reset();
    }
  }
  Pump();
}

void BatchWatchReactor::OnDone() {
  registry_.Remove(this);
  self_.reset();  // The last use of this object by gRPC.
}

}  // namespace dq
