// The messages of one SubmitJobs call over the streams that it takes: those without an answer, and
// jobs that were refused only because the scheduler was overloaded, which are sent again. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dq/v1/job_service.pb.h"

namespace dq::dqctl {

// Where messages come from.
struct MessageSource {
  // Returns the next message, nothing at the end. May wait for it.
  std::function<absl::StatusOr<std::optional<dq::v1::SubmitJobsRequest>>()> next;
  // Whether that would not wait: answers are read meanwhile.
  std::function<bool()> is_ready;
};
// Takes requests and their results, one for each.
using AnswerSink =
    std::function<void(const dq::v1::SubmitJobsRequest&, const dq::v1::SubmitJobsResponse&)>;

class Submission {
 public:
  // Both outlive the submission.
  Submission(const MessageSource& source, const AnswerSink& answered)
      : source_(source), answered_(answered) {}

  // Returns the message to send when `sent` are on this stream without an answer; null when there
  // is none, when none has come yet and there are answers to be read, or when the scheduler is
  // overloaded. It stays where it is until it is answered.
  const dq::v1::SubmitJobsRequest* ToSend(size_t sent);
  // Takes the answer of the oldest message. INTERNAL when it has not one result for each job.
  absl::Status Answer(const dq::v1::SubmitJobsResponse& response);
  // Ends a stream: the next one begins with what has no answer. Returns RESOURCE_EXHAUSTED
  // (QUEUE_FULL) when jobs were refused for that.
  absl::Status EndStream();

  // Of how many jobs it is known what became of them.
  int64_t decided() const { return decided_; }
  // How many jobs were taken from the source and are to be sent again. Call after EndStream().
  int64_t undecided() const;
  // The error of the source, when it failed.
  const absl::Status& source_error() const { return source_error_; }

 private:
  // Whether a job may be taken when it is sent again.
  bool IsForNow(const dq::v1::BatchCreateJobsResult& result) const;

  const MessageSource& source_;
  const AnswerSink& answered_;
  std::deque<dq::v1::SubmitJobsRequest> unanswered_;  // Oldest first.
  std::deque<dq::v1::SubmitJobsRequest> again_;       // Of this stream; before `unanswered_`.
  std::optional<std::string> overload_;               // Met on this stream: what was said of it.
  int64_t decided_ = 0;
  bool at_end_ = false;
  absl::Status source_error_;
};

}  // namespace dq::dqctl
