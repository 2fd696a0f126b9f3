// Jobs to be created as lines of JSON, each a CreateJobRequest, gathered into messages of
// SubmitJobs. Every request has an id, so that a message may be sent twice. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "dq/v1/job_service.pb.h"

namespace dq::dqctl {

class JobLines {
 public:
  // `in` outlives this; `is_ready` tells whether the next line of it is there. `request_id` begins
  // the ids of requests that have none; the number of the line follows it.
  JobLines(std::istream& in, std::function<bool()> is_ready, std::string parent,
           std::string request_id)
      : in_(in),
        is_ready_(std::move(is_ready)),
        parent_(std::move(parent)),
        request_id_(std::move(request_id)) {}

  // Returns the next message, full or of what is there before it would have to wait for more;
  // nothing at the end. Empty lines are passed over. INVALID_ARGUMENT (BAD_LINE) names the line
  // that is no request.
  absl::StatusOr<std::optional<dq::v1::SubmitJobsRequest>> Next();

 private:
  absl::Status Add(const std::string& line, dq::v1::SubmitJobsRequest& to);

  std::istream& in_;
  const std::function<bool()> is_ready_;
  const std::string parent_;
  const std::string request_id_;
  int64_t line_ = 0;
};

}  // namespace dq::dqctl
