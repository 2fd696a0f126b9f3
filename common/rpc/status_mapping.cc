#include "common/rpc/status_mapping.h"

#include <utility>

#include "absl/strings/cord.h"
#include "common/base/error.h"
#include "common/rpc/utf8.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace dq {
namespace {

constexpr char kDomain[] = "dq";
constexpr char kBadRequestUrl[] = "dq/bad_request";
constexpr char kRetryInfoUrl[] = "dq/retry_info";
constexpr size_t kReasonBytesMax = 64;
constexpr size_t kMetadataTextBytesMax = 256;
constexpr size_t kErrorInfoBytesMax = 1536;
constexpr size_t kViolationFieldBytesMax = 128;
constexpr size_t kViolationTextBytesMax = 256;
constexpr int kRetryDelaySeconds = 1;

template <typename Message>
std::optional<Message> PayloadAs(const absl::Status& status, const char* url) {
  const auto payload = status.GetPayload(url);
  Message message;
  if (!payload.has_value() || !message.ParseFromString(std::string(*payload))) return std::nullopt;
  return message;
}

void SetPayload(absl::Status& status, const char* url, const google::protobuf::Message& message) {
  status.SetPayload(url, absl::Cord(message.SerializeAsString()));
}

google::rpc::ErrorInfo MakeErrorInfo(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  info.set_reason(ValidUtf8(ReasonOf(status), kReasonBytesMax));
  info.set_domain(kDomain);
  for (const auto& [key, value] : MetadataOf(status)) {
    const std::string name = ValidUtf8(key, kReasonBytesMax);
    (*info.mutable_metadata())[name] = ValidUtf8(value, kMetadataTextBytesMax);
    if (info.ByteSizeLong() <= kErrorInfoBytesMax) continue;
    info.mutable_metadata()->erase(name);
    break;
  }
  return info;
}

// Adds violations to the last detail as long as `wire` stays within the limit.
void AddBadRequest(const google::rpc::BadRequest& all, google::rpc::Status& wire) {
  google::rpc::BadRequest fitting;
  auto& detail = *wire.add_details();
  for (const auto& violation : all.field_violations()) {
    google::rpc::BadRequest next = fitting;
    *next.add_field_violations() = violation;
    google::protobuf::Any packed;
    packed.PackFrom(next);
    std::swap(detail, packed);
    if (wire.ByteSizeLong() > kErrorDetailsBytesMax) {
      std::swap(detail, packed);
      return;
    }
    fitting = std::move(next);
  }
}

google::rpc::Status MakeDetails(const absl::Status& status, const std::string& message) {
  google::rpc::Status wire;
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(message);
  if (!ReasonOf(status).empty()) wire.add_details()->PackFrom(MakeErrorInfo(status));
  if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(kRetryDelaySeconds);
    wire.add_details()->PackFrom(retry);
  }
  if (auto bad = PayloadAs<google::rpc::BadRequest>(status, kBadRequestUrl)) {
    AddBadRequest(*bad, wire);
  }
  return wire;
}

absl::Status MakeFromDetails(absl::StatusCode code, const std::string& message,
                             const google::rpc::Status& wire) {
  absl::Status status(code, message);
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  google::rpc::RetryInfo retry;
  for (const auto& detail : wire.details()) {
    if (detail.UnpackTo(&info) && info.domain() == kDomain) {
      status = MakeError(code, info.reason(), message,
                         ErrorMetadata(info.metadata().begin(), info.metadata().end()));
    }
  }
  for (const auto& detail : wire.details()) {
    if (detail.UnpackTo(&bad)) SetPayload(status, kBadRequestUrl, bad);
    if (detail.UnpackTo(&retry)) SetPayload(status, kRetryInfoUrl, retry);
  }
  return status;
}

}  // namespace

absl::Status FieldError(std::string_view reason, const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest bad;
  for (const FieldViolation& violation : violations) {
    if (bad.field_violations_size() == kFieldViolationsMax) break;
    auto& added = *bad.add_field_violations();
    added.set_field(ValidUtf8(violation.field, kViolationFieldBytesMax));
    added.set_description(ValidUtf8(violation.description, kViolationTextBytesMax));
  }
  const FieldViolation& first = violations.front();
  std::string message = first.field + ": " + first.description;
  if (violations.size() > 1) {
    message += " (and " + std::to_string(violations.size() - 1) + " more wrong fields)";
  }
  absl::Status status =
      MakeError(absl::StatusCode::kInvalidArgument, reason, message, {{"field", first.field}});
  SetPayload(status, kBadRequestUrl, bad);
  return status;
}

std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  if (const auto bad = PayloadAs<google::rpc::BadRequest>(status, kBadRequestUrl)) {
    for (const auto& violation : bad->field_violations()) {
      violations.push_back({violation.field(), violation.description()});
    }
  }
  return violations;
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  const auto retry = PayloadAs<google::rpc::RetryInfo>(status, kRetryInfoUrl);
  if (!retry.has_value()) return std::nullopt;
  return absl::Seconds(retry->retry_delay().seconds()) +
         absl::Nanoseconds(retry->retry_delay().nanos());
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message = ValidUtf8(MessageOf(status), kErrorMessageBytesMax);
  const google::rpc::Status wire = MakeDetails(status, message);
  if (wire.details_size() == 0) return grpc::Status(code, message);
  return grpc::Status(code, message, wire.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status wire;
  if (!wire.ParseFromString(status.error_details())) wire.Clear();
  return MakeFromDetails(code, status.error_message(), wire);
}

}  // namespace dq
