#include "scheduler/dqctl/job_lines.h"

#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace dq::dqctl {
namespace {

constexpr int kJobsMax = 500;
constexpr size_t kBytesMax = 1 << 20;

absl::Status BadLine(int64_t line, const std::string& why) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_LINE",
                   "line " + std::to_string(line) + " " + why);
}

}  // namespace

absl::StatusOr<std::optional<dq::v1::SubmitJobsRequest>> JobLines::Next() {
  dq::v1::SubmitJobsRequest message;
  message.set_parent(parent_);
  size_t bytes = 0;
  for (std::string line; message.requests_size() < kJobsMax && bytes < kBytesMax;) {
    if (message.requests_size() > 0 && !is_ready_()) break;
    if (!std::getline(in_, line)) break;
    ++line_;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line.size() > kBytesMax) return BadLine(line_, "has more than 1 MiB");
    DQ_RETURN_IF_ERROR(Add(line, message));
    bytes += line.size();
  }
  if (in_.bad()) return MakeError(absl::StatusCode::kUnavailable, "READ_FAILED", "cannot read on");
  if (message.requests_size() == 0) return std::nullopt;
  return message;
}

absl::Status JobLines::Add(const std::string& line, dq::v1::SubmitJobsRequest& to) {
  dq::v1::CreateJobRequest& request = *to.add_requests();
  const auto parsed = google::protobuf::util::JsonStringToMessage(line, &request);
  if (!parsed.ok()) {
    return BadLine(line_,
                   "is no JSON of a CreateJobRequest, such as "
                   R"({"job":{"spec":{"input_file":"projects/default/files/f-1"}}}: )" +
                       std::string(parsed.message()));
  }
  if (!request.parent().empty() && request.parent() != parent_) {
    return BadLine(line_, "has the parent " + request.parent() + ": all are created in " + parent_);
  }
  if (request.request_id().empty()) {
    request.set_request_id(request_id_ + "-" + std::to_string(line_));
  }
  return absl::OkStatus();
}

}  // namespace dq::dqctl
