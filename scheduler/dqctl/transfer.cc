#include "scheduler/dqctl/transfer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <ostream>
#include <utility>

#include "common/base/error.h"
#include "common/base/sha256.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "scheduler/dqctl/new_file.h"

namespace dq::dqctl {
namespace {

constexpr size_t kChunkBytes = 1 << 20;

absl::StatusOr<UniqueFd> OpenRegular(const std::string& path) {
  // Without O_NONBLOCK the open of a named pipe would wait for its writer.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    return ErrnoError(errno, errno == ENOENT ? "FILE_MISSING" : "FILE_UNREADABLE",
                      "cannot read " + path);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return MakeError(absl::StatusCode::kInvalidArgument, "FILE_UNREADABLE",
                     path + " is not a regular file");
  }
  return fd;
}

absl::StatusOr<std::optional<std::string>> ReadChunk(int fd, int64_t offset,
                                                     const std::string& path) {
  std::string chunk(kChunkBytes, '\0');
  ssize_t got = 0;
  do {
    got = ::pread(fd, chunk.data(), chunk.size(), offset);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return ErrnoError(errno, "FILE_UNREADABLE", "cannot read " + path);
  if (got == 0) return std::nullopt;
  chunk.resize(static_cast<size_t>(got));
  return chunk;
}

// Downloads from where `received` stands, again and again, until the stream ends well.
absl::Status DownloadResumed(Client& client, const std::string& name, const int64_t& received,
                             const std::function<absl::Status(std::string_view)>& sink) {
  return client.Repeat([&] { return client.DownloadFile(name, received, sink); });
}

}  // namespace

absl::Status CheckReadable(const std::string& path) { return OpenRegular(path).status(); }

absl::StatusOr<dq::v1::UploadFileResponse> UploadPath(Client& client, const UploadRequest& request,
                                                      const TransferProgress& progress) {
  DQ_ASSIGN_OR_RETURN(const UniqueFd fd, OpenRegular(request.path));
  dq::v1::UploadHeader header;
  header.set_parent("projects/" + request.project);
  header.set_file_id(request.file_id);
  header.set_request_id(request.request_id);
  header.set_display_name(std::filesystem::path(request.path).filename().string());
  DQ_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFd(fd.get()));
  header.set_sha256(sha256);
  const int64_t total = ::lseek(fd.get(), 0, SEEK_END);
  header.set_size_bytes(total);

  dq::v1::UploadFileResponse response;
  DQ_RETURN_IF_ERROR(client.Repeat([&]() -> absl::Status {
    int64_t offset = 0;
    auto uploaded = client.UploadFile(header, [&]() -> absl::StatusOr<std::optional<std::string>> {
      DQ_ASSIGN_OR_RETURN(auto chunk, ReadChunk(fd.get(), offset, request.path));
      if (chunk) offset += static_cast<int64_t>(chunk->size());
      progress(offset, total);
      return chunk;
    });
    if (uploaded.ok()) response = *std::move(uploaded);
    return uploaded.status();
  }));
  if (response.file().sha256() != sha256) {
    return MakeError(absl::StatusCode::kDataLoss, "UPLOAD_DAMAGED",
                     "the scheduler stored other bytes than those of " + request.path);
  }
  return response;
}

absl::Status DownloadToPath(Client& client, const dq::v1::File& file, const std::string& path,
                            const TransferProgress& progress) {
  DQ_ASSIGN_OR_RETURN(NewFile output, NewFile::Create(path));
  int64_t received = 0;
  DQ_RETURN_IF_ERROR(DownloadResumed(client, file.name(), received, [&](std::string_view bytes) {
    received += static_cast<int64_t>(bytes.size());
    progress(received, file.size_bytes());
    return output.Append(bytes);
  }));
  return output.Commit(file.sha256());
}

absl::Status DownloadToStream(Client& client, const dq::v1::File& file, std::ostream& out) {
  Sha256 hash;
  int64_t received = 0;
  DQ_RETURN_IF_ERROR(DownloadResumed(client, file.name(), received, [&](std::string_view bytes) {
    received += static_cast<int64_t>(bytes.size());
    hash.Update(bytes);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return out ? absl::OkStatus()
               : MakeError(absl::StatusCode::kUnknown, "OUTPUT_FAILED", "cannot write to stdout");
  }));
  out.flush();
  if (hash.Finish() != file.sha256()) {
    return MakeError(absl::StatusCode::kDataLoss, "OUTPUT_DAMAGED",
                     "the bytes received are not those of " + file.name());
  }
  return absl::OkStatus();
}

}  // namespace dq::dqctl
