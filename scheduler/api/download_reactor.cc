#include "scheduler/api/download_reactor.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/api/resource_name.h"

namespace dq {
namespace {

constexpr int64_t kChunkBytes = 256 * 1024;

}  // namespace

void DownloadReactor::Start() {
  self_ = shared_from_this();
  SubmitStep();
}

void DownloadReactor::SubmitStep() {
  if (!ports_.blocking.Submit([self = shared_from_this()] { self->Step(); })) {
    Finish(call_.End(TooMuchWaits()));
  }
}

void DownloadReactor::Step() {
  absl::Status status = fd_ ? absl::OkStatus() : Open();
  if (status.ok()) status = ReadChunk();
  if (!status.ok() || message_.chunk().empty()) {
    Finish(call_.End(status));
  } else {
    StartWrite(&message_);
  }
}

absl::Status DownloadReactor::Open() {
  DQ_ASSIGN_OR_RETURN(const ProjectResource name, ParseResource(request_.name(), kFiles, "name"));
  DQ_ASSIGN_OR_RETURN(const FileRecord file, ports_.catalog.GetFile(name.project, name.id));
  if (request_.offset() < 0 || request_.offset() > file.size_bytes) {
    return MakeError(absl::StatusCode::kOutOfRange, "OFFSET_MISMATCH",
                     "offset " + std::to_string(request_.offset()) + " is outside of the file's " +
                         std::to_string(file.size_bytes) + " bytes",
                     {{"size_bytes", std::to_string(file.size_bytes)}});
  }
  DQ_ASSIGN_OR_RETURN(fd_, ports_.objects.OpenRead(file.uri));
  offset_ = request_.offset();
  size_bytes_ = file.size_bytes;
  return absl::OkStatus();
}

absl::Status DownloadReactor::ReadChunk() {
  std::string& chunk = *message_.mutable_chunk();
  chunk.resize(static_cast<size_t>(std::min(kChunkBytes, size_bytes_ - offset_)));
  if (chunk.empty()) return absl::OkStatus();
  ssize_t got = 0;
  do {
    got = pread(fd_.get(), chunk.data(), chunk.size(), offset_);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return ErrnoError(errno, "IO_ERROR", "cannot read " + request_.name());
  if (got == 0) {
    return MakeError(absl::StatusCode::kDataLoss, "INPUT_CHANGED",
                     request_.name() + " is shorter than it was when it was recorded");
  }
  chunk.resize(static_cast<size_t>(got));
  offset_ += got;
  return absl::OkStatus();
}

void DownloadReactor::OnWriteDone(bool ok) {
  if (ok) return SubmitStep();
  Finish(call_.End(absl::CancelledError("the client is gone")));
}

}  // namespace dq
