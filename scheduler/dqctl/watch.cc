#include "scheduler/dqctl/watch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/backoff.h"
#include "common/base/error.h"
#include "common/base/random_id.h"
#include "scheduler/dqctl/exit_code.h"
#include "scheduler/dqctl/job_text.h"

namespace dq::dqctl {
namespace {

using dq::v1::Job;
using dq::v1::WatchJobsResponse;

// What one broken stream means for the watch.
enum class Next { kResume, kSnapshot, kGiveUp };

Next NextAfter(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:  // The server closed it, for example to restart.
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:  // By the server: ours are told apart before.
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
      return Next::kResume;
    case absl::StatusCode::kInternal:  // A connection cut in the middle of a message.
    case absl::StatusCode::kUnknown:
      return ReasonOf(status).empty() ? Next::kResume : Next::kGiveUp;
    case absl::StatusCode::kOutOfRange:
      return Next::kSnapshot;
    default:
      return Next::kGiveUp;
  }
}

class Watch {
 public:
  Watch(Client& client, const std::string& name, const WatchOptions& options,
        const WatchObserver& observer, Interrupt& interrupt)
      : client_(client),
        options_(options),
        observer_(observer),
        interrupt_(interrupt),
        backoff_(options.retry_first, options.retry_cap, RandomUniform) {
    request_.set_parent(name.substr(0, name.find("/jobs/")));
    request_.add_names(name);
  }

  absl::StatusOr<Job> Run() {
    const absl::Time deadline = absl::Now() + options_.timeout;
    heard_ = absl::Now();
    while (true) {
      const absl::Status status = client_.WatchJobs(
          request_, deadline, [this](const auto& message) { return Take(message); });
      if (last_ && IsTerminal(last_->state())) return *std::move(last_);
      if (is_deleted_) return Deleted("the job was deleted");
      if (interrupt_.triggered()) return InterruptedError();
      if (absl::Now() >= deadline) return TimedOut();
      const Next next = NextAfter(status);
      if (next == Next::kGiveUp) return Explained(status);
      if (next == Next::kSnapshot) request_.clear_resume_token();
      if (absl::Now() - heard_ > options_.reconnect_for) return Lost(status);
      SayBroken(status);
      if (interrupt_.Sleep(std::min(backoff_.Next(), deadline - absl::Now()))) {
        return InterruptedError();
      }
    }
  }

 private:
  // Returns whether the stream should go on.
  bool Take(const WatchJobsResponse& message) {
    heard_ = absl::Now();
    backoff_.Reset();
    if (broken_) observer_.on_connection("connected again");
    broken_ = false;
    if (message.has_bookmark()) request_.set_resume_token(message.bookmark().resume_token());
    is_deleted_ = is_deleted_ || message.has_deletion();
    if (!message.has_job()) return !is_deleted_;
    last_ = message.job();
    observer_.on_job(*last_);
    return !IsTerminal(last_->state());
  }

  void SayBroken(const absl::Status& status) {
    if (broken_ || status.ok()) return;
    broken_ = true;
    observer_.on_connection("connection to " + client_.address() + " lost, trying again");
  }

  absl::Status Explained(const absl::Status& status) const {
    if (status.code() != absl::StatusCode::kNotFound) return status;
    if (MetadataOf(status).contains("delete_time")) return Deleted(MessageOf(status));
    return last_ ? Deleted("the job was deleted") : status;
  }

  static absl::Status Deleted(const std::string& message) {
    return MakeError(absl::StatusCode::kNotFound, "JOB_DELETED", message);
  }

  absl::Status TimedOut() const {
    const std::string state = last_ ? StateName(last_->state()) : "not known";
    return MakeError(absl::StatusCode::kDeadlineExceeded, "WAIT_TIMED_OUT",
                     "the job has not ended in time; its state is " + state);
  }

  absl::Status Lost(const absl::Status& status) const {
    return MakeError(absl::StatusCode::kUnavailable, "SCHEDULER_UNREACHABLE",
                     "no scheduler answers at " + client_.address() + ": " + MessageOf(status));
  }

  Client& client_;
  const WatchOptions& options_;
  const WatchObserver& observer_;
  Interrupt& interrupt_;
  dq::v1::WatchJobsRequest request_;
  Backoff backoff_;
  absl::Time heard_;
  bool broken_ = false;
  std::optional<Job> last_;
  bool is_deleted_ = false;
};

}  // namespace

absl::StatusOr<Job> WatchJob(Client& client, const std::string& name, const WatchOptions& options,
                             const WatchObserver& observer, Interrupt& interrupt) {
  return Watch(client, name, options, observer, interrupt).Run();
}

}  // namespace dq::dqctl
