// Moves files between the local disk and the scheduler: repeatable uploads, resumed and verified
// downloads. Stateless and thread-safe.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "dq/v1/file_service.pb.h"
#include "scheduler/dqctl/client.h"

namespace dq::dqctl {

// Told about bytes done of a total.
using TransferProgress = std::function<void(int64_t done, int64_t total)>;

// Whether a local file can be read: NOT_FOUND FILE_MISSING, or another code with FILE_UNREADABLE.
absl::Status CheckReadable(const std::string& path);

struct UploadRequest {
  std::string project;
  std::string path;
  std::string file_id;     // Empty: the server chooses.
  std::string request_id;  // The same one makes a repeat harmless.
};

// Uploads a local file and returns what the server made of it, its SHA-256 compared. Fails
// as CheckReadable does when it cannot be read.
absl::StatusOr<dq::v1::UploadFileResponse> UploadPath(Client& client, const UploadRequest& request,
                                                      const TransferProgress& progress);

// Downloads `file` to `path`, which appears whole, with the right SHA-256, or not at all. A broken
// stream goes on where it broke.
absl::Status DownloadToPath(Client& client, const dq::v1::File& file, const std::string& path,
                            const TransferProgress& progress);

// Downloads `file` to `out` as it comes: for a pipe. DATA_LOSS OUTPUT_DAMAGED after the last byte
// when the SHA-256 is wrong.
absl::Status DownloadToStream(Client& client, const dq::v1::File& file, std::ostream& out);

}  // namespace dq::dqctl
