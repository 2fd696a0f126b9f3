#include "scheduler/api/upload_reactor.h"

#include <utility>

#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_mapping.h"
#include "common/storage/object_uri.h"
#include "scheduler/api/file_codec.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr size_t kChunkBytesMax = 1 << 20;
constexpr size_t kDisplayNameBytesMax = 255;
constexpr size_t kRequestIdCharactersMax = 64;
constexpr size_t kSha256Digits = 64;
constexpr size_t kUniqueBytes = 8;

absl::Status BadField(const std::string& field, const std::string& description) {
  return FieldError("BAD_FIELD", {{field, description}});
}

bool IsSha256(const std::string& text) {
  return text.size() == kSha256Digits &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

absl::Status CheckHeader(const v1::UploadHeader& header) {
  Violations violations;
  violations.Merge(ParseProject(header.parent(), "header.parent").status());
  violations.Require(header.file_id().empty() || IsResourceId(header.file_id()), "header.file_id",
                     "an id: lower-case letters, digits and dashes, from a letter on");
  violations.Require(header.display_name().size() <= kDisplayNameBytesMax &&
                         IsPlainText(header.display_name(), kDisplayNameBytesMax) &&
                         header.display_name().find('/') == std::string::npos,
                     "header.display_name", "at most 255 bytes, no slash, no control characters");
  violations.Require(IsPlainText(header.request_id(), kRequestIdCharactersMax), "header.request_id",
                     "at most 64 characters and no control characters");
  violations.Require(header.size_bytes() >= 0, "header.size_bytes", "not negative");
  violations.Require(header.sha256().empty() || IsSha256(header.sha256()), "header.sha256",
                     "64 lower-case hex digits");
  return violations.ToStatus();
}

}  // namespace

void UploadReactor::Start() {
  self_ = shared_from_this();
  StartRead(&message_);
}

void UploadReactor::OnReadDone(bool ok) {
  SubmitStep(ok ? &UploadReactor::TakeMessage : &UploadReactor::Complete, !ok);
}

void UploadReactor::SubmitStep(absl::Status (UploadReactor::*step)(), bool last) {
  const bool accepted = ports_.blocking.Submit([self = shared_from_this(), step, last] {
    const absl::Status status = ((*self).*step)();
    if (status.ok() && !last) return self->StartRead(&self->message_);
    self->writer_.reset();  // Leaves nothing of an upload that failed, before the answer.
    self->Finish(self->call_.End(status));
  });
  if (!accepted) Finish(call_.End(TooMuchWaits()));
}

absl::Status UploadReactor::TakeMessage() {
  DQ_RETURN_IF_ERROR(CheckNotCancelled());
  switch (message_.part_case()) {
    case v1::UploadFileRequest::kHeader:
      return TakeHeader();
    case v1::UploadFileRequest::kChunk:
      return TakeChunk();
    case v1::UploadFileRequest::PART_NOT_SET:
      break;
  }
  return BadField("part", "set the header in the first message and a chunk in all others");
}

absl::Status UploadReactor::TakeHeader() {
  if (writer_ != nullptr) return BadField("header", "only in the first message");
  header_ = message_.header();
  DQ_RETURN_IF_ERROR(CheckHeader(header_));
  record_.create_time = ports_.clock.Now();
  record_.project = *ParseProject(header_.parent(), "header.parent");
  record_.id =
      header_.file_id().empty() ? TimeOrderedId("f-", record_.create_time) : header_.file_id();
  record_.display_name = header_.display_name();
  record_.request_id =
      header_.request_id().empty() ? "auto-" + RandomHex(2 * kUniqueBytes) : header_.request_id();
  record_.created_by = call_.caller();
  call_.set_subject(ResourceText(record_.project, kFiles, record_.id));
  // The key is new even when the id is taken: an upload never replaces another's bytes.
  record_.uri =
      FileUri(ResourceText(record_.project, kFiles, record_.id) + "-" + RandomHex(kUniqueBytes));
  DQ_ASSIGN_OR_RETURN(writer_, ports_.objects.Create(record_.uri));
  return absl::OkStatus();
}

absl::Status UploadReactor::TakeChunk() {
  if (writer_ == nullptr) return BadField("header", "the first message must be the header");
  if (message_.chunk().size() > kChunkBytesMax) return BadField("chunk", "at most 1 MiB");
  if (header_.size_bytes() != 0 &&
      writer_->size_bytes() + static_cast<int64_t>(message_.chunk().size()) >
          header_.size_bytes()) {
    return BadField("header.size_bytes", "more bytes came than were announced");
  }
  return writer_->Append(message_.chunk());
}

absl::Status UploadReactor::Complete() {
  DQ_RETURN_IF_ERROR(CheckNotCancelled());
  if (writer_ == nullptr) return BadField("header", "the first message must be the header");
  if (header_.size_bytes() != 0 && writer_->size_bytes() != header_.size_bytes()) {
    return BadField("header.size_bytes", "fewer bytes came than were announced");
  }
  DQ_ASSIGN_OR_RETURN(const WrittenObject object, writer_->Commit());
  absl::Status status = CheckTotals(object);
  if (status.ok()) status = CheckNotCancelled();
  if (status.ok()) status = Record(object);
  // Only a recorded file keeps its bytes; an earlier upload of the same request has its own. When
  // the database did not say, they stay: a record without bytes would be worse.
  const bool recorded =
      status.ok() ? response_.file().uri() == object.uri : absl::IsUnavailable(status);
  if (!recorded) (void)ports_.objects.Remove(object.uri);
  return status;
}

absl::Status UploadReactor::CheckTotals(const WrittenObject& object) const {
  if (header_.sha256().empty() || header_.sha256() == object.sha256) return absl::OkStatus();
  return BadField("header.sha256", "the bytes that came have the SHA-256 " + object.sha256);
}

absl::Status UploadReactor::CheckNotCancelled() const {
  if (!context_.IsCancelled()) return absl::OkStatus();
  return absl::CancelledError("the client is gone");
}

absl::Status UploadReactor::Record(const WrittenObject& object) {
  record_.size_bytes = object.size_bytes;
  record_.sha256 = object.sha256;
  DQ_ASSIGN_OR_RETURN(const Created<FileRecord> created, ports_.catalog.CreateFile(record_));
  *response_.mutable_file() = ToProto(created.record);
  response_.set_existed(created.existed);
  return absl::OkStatus();
}

}  // namespace dq
