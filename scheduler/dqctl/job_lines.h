// Jobs to be created as lines of JSON, each a CreateJobRequest, gathered into messages of
// SubmitJobs. Every request has an id, so that a message may be sent twice. Not thread-safe.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "dq/v1/job_service.pb.h"

namespace dq::dqctl {

class JobLines {
 public:
  // `in` outlives this. `request_id` begins the ids of requests that have none; the number of the
  // line follows it.
  JobLines(std::istream& in, std::string parent, std::string request_id)
      : in_(in), parent_(std::move(parent)), request_id_(std::move(request_id)) {}

  // Returns the next message; nothing at the end. Empty lines are passed over. INVALID_ARGUMENT
  // (BAD_LINE) names the line that is no request.
  absl::StatusOr<std::optional<dq::v1::SubmitJobsRequest>> Next();

 private:
  absl::Status Add(const std::string& line, dq::v1::SubmitJobsRequest& to);

  std::istream& in_;
  const std::string parent_;
  const std::string request_id_;
  int64_t line_ = 0;
};

}  // namespace dq::dqctl
