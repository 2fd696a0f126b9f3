#include "scheduler/dqctl/submission.h"

#include <iterator>
#include <utility>

#include "common/base/error.h"

namespace dq::dqctl {
namespace {

using dq::v1::BatchCreateJobsResult;
using dq::v1::SubmitJobsRequest;
using dq::v1::SubmitJobsResponse;

constexpr char kQueueFull[] = "QUEUE_FULL";
constexpr char kDependencyMissing[] = "DEPENDENCY_MISSING";

}  // namespace

const SubmitJobsRequest* Submission::ToSend(size_t sent) {
  if (overload_.has_value()) return nullptr;
  if (sent < unanswered_.size()) return &unanswered_[sent];
  if (at_end_ || (sent > 0 && !source_.is_ready())) return nullptr;
  auto message = source_.next();
  at_end_ = !message.ok() || !message->has_value();
  source_error_ = message.status();
  if (at_end_) return nullptr;
  return &unanswered_.emplace_back(std::move(**message));
}

bool Submission::IsForNow(const BatchCreateJobsResult& result) const {
  if (result.error().reason() == kQueueFull) return true;
  // What it depends on may be among those that were refused for now.
  return overload_.has_value() && result.error().reason() == kDependencyMissing;
}

absl::Status Submission::Answer(const SubmitJobsResponse& response) {
  SubmitJobsRequest message = std::move(unanswered_.front());
  unanswered_.pop_front();
  if (response.results_size() != message.requests_size()) {
    return absl::InternalError("the scheduler answered another number of jobs than it was sent");
  }
  SubmitJobsRequest decided;
  SubmitJobsResponse results;
  SubmitJobsRequest again;
  again.set_parent(message.parent());
  for (int i = 0; i < response.results_size(); ++i) {
    const BatchCreateJobsResult& result = response.results(i);
    dq::v1::CreateJobRequest& request = *message.mutable_requests(i);
    if (!IsForNow(result)) {
      *decided.add_requests() = std::move(request);
      *results.add_results() = result;
      continue;
    }
    if (!overload_.has_value()) overload_ = result.error().message();
    *again.add_requests() = std::move(request);
  }
  decided_ += decided.requests_size();
  if (!again.requests().empty()) again_.push_back(std::move(again));
  answered_(decided, results);
  return absl::OkStatus();
}

absl::Status Submission::EndStream() {
  unanswered_.insert(unanswered_.begin(), std::make_move_iterator(again_.begin()),
                     std::make_move_iterator(again_.end()));
  again_.clear();
  if (!overload_.has_value()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kResourceExhausted, kQueueFull,
                   *std::exchange(overload_, std::nullopt));
}

int64_t Submission::undecided() const {
  int64_t jobs = 0;
  for (const SubmitJobsRequest& message : unanswered_) jobs += message.requests_size();
  return jobs;
}

}  // namespace dq::dqctl
