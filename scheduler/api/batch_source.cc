#include "scheduler/api/batch_source.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "common/rpc/utf8.h"
#include "scheduler/api/batch_creation.h"
#include "scheduler/api/batch_template.h"
#include "scheduler/api/file_registration.h"
#include "scheduler/api/resource_name.h"

namespace dq {
namespace {

constexpr size_t kRequestIdBytes = 16;
constexpr size_t kShownBytesMax = 300;

// Returns what the storage says of a directory as what it means for the batch; never UNAVAILABLE,
// so that an operator hears of a broken disk.
absl::Status AsDirectoryError(const absl::Status& status, const std::string& prefix) {
  const ErrorMetadata metadata = {{"prefix", prefix}, {"category", "file"}};
  if (absl::IsNotFound(status)) {
    return MakeError(absl::StatusCode::kNotFound, "DIRECTORY_MISSING",
                     "there is no directory '" + prefix +
                         "' beneath the storage root: put it there and retry the batch",
                     metadata);
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "DIRECTORY_UNREADABLE",
                   "the directory '" + prefix + "' cannot be listed: " + MessageOf(status) +
                       "; mend that and retry the batch",
                   metadata);
}

absl::Status NothingFits(const v1::BatchDirectory& directory, const std::string& glob) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "DIRECTORY_EMPTY",
                   "no file in '" + directory.prefix() + "' fits '" + glob +
                       "': put some there and retry the batch, or create one with another glob",
                   {{"prefix", directory.prefix()}, {"glob", glob}, {"category", "file"}});
}

absl::Status TooMany(const v1::BatchDirectory& directory) {
  return MakeError(absl::StatusCode::kResourceExhausted, "DIRECTORY_TOO_LARGE",
                   "more than 100,000 files in '" + directory.prefix() +
                       "' fit: create several batches with narrower globs",
                   {{"prefix", directory.prefix()}, {"category", "configuration"}});
}

absl::Status BadName(const std::string& path) {
  return MakeError(absl::StatusCode::kInvalidArgument, "FILE_NAME_INVALID",
                   "the name of '" + ValidUtf8(path, kShownBytesMax) +
                       "' is not UTF-8: rename the file and retry the batch",
                   {{"category", "file"}});
}

std::string GlobOf(const v1::BatchDirectory& directory) {
  return directory.glob().empty() ? "*" : directory.glob();
}

std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Returns the paths of the files that fit, in order.
absl::StatusOr<std::vector<std::string>> ListFiles(const v1::BatchDirectory& directory,
                                                   ObjectStore& objects, const GoesOn& goes_on) {
  const std::string glob = GlobOf(directory);
  std::vector<std::string> paths;
  absl::Status refused;  // By what is asked for, not by the storage.
  const auto enters = [&directory](const std::string& path) {
    return directory.recursive() && NameOf(path).front() != '.';
  };
  const absl::Status listed =
      objects.VisitFiles(directory.prefix(), enters, [&](const std::string& path) {
        if (!goes_on()) return refused = absl::CancelledError("the directory is not listed");
        if (::fnmatch(glob.c_str(), NameOf(path).c_str(), FNM_PERIOD) != 0) return refused;
        if (!IsValidUtf8(path)) return refused = BadName(path);
        if (std::ssize(paths) >= kBatchOperationsMax) return refused = TooMany(directory);
        paths.push_back(path);
        return refused;
      });
  DQ_RETURN_IF_ERROR(refused);
  if (!listed.ok()) return AsDirectoryError(listed, directory.prefix());
  if (paths.empty()) return NothingFits(directory, glob);
  std::ranges::sort(paths);
  return paths;
}

class DirectorySource final : public OperationSource {
 public:
  DirectorySource(v1::CreateBatchRequest request, std::string creator,
                  std::vector<std::string> paths, ObjectStore& objects, const Clock& clock)
      : request_(std::move(request)),
        creator_(std::move(creator)),
        paths_(std::move(paths)),
        objects_(objects),
        clock_(clock) {}

  const std::vector<std::string>& items() const override { return paths_; }

  // A file that cannot be read is left as its uri: it is tried again with the operation's job.
  absl::StatusOr<SourcedOperation> Make(const std::string& path, const GoesOn& goes_on) override {
    const std::string uri = directory().prefix() + "/" + path;
    absl::StatusOr<FileRecord> file = DescribeStoredFile(uri, objects_, goes_on);
    if (absl::IsCancelled(file.status())) return file.status();
    if (!file.ok()) return SourcedOperation{RequestFor(path, uri), std::nullopt};
    file->project = *ParseProject(request_.parent(), "parent");
    file->create_time = clock_.Now();
    file->id = TimeOrderedId("f-", file->create_time);
    file->request_id = "auto-" + RandomHex(kRequestIdBytes);
    file->created_by = creator_;
    const std::string name = ResourceText(file->project, kFiles, file->id);
    return SourcedOperation{RequestFor(path, name), *std::move(file)};
  }

 private:
  const v1::BatchDirectory& directory() const { return request_.batch().directory(); }
  std::string RequestFor(const std::string& path, const std::string& input_file) const {
    return OperationRequest(request_.parent(), FileOperation(directory(), path, input_file))
        .SerializeAsString();
  }

  const v1::CreateBatchRequest request_;
  const std::string creator_;
  const std::vector<std::string> paths_;
  ObjectStore& objects_;
  const Clock& clock_;
};

// Its items are the numbers, with zeros in front, so that they are in order.
class GeneratorSource final : public OperationSource {
 public:
  explicit GeneratorSource(v1::CreateBatchRequest request) : request_(std::move(request)) {
    for (int32_t i = 1; i <= request_.batch().generator().count(); ++i) {
      numbers_.push_back(absl::StrFormat("%06d", i));
    }
  }

  const std::vector<std::string>& items() const override { return numbers_; }

  absl::StatusOr<SourcedOperation> Make(const std::string& number, const GoesOn&) override {
    int32_t index = 0;
    std::from_chars(number.data(), number.data() + number.size(), index);
    const auto operation = GeneratedOperation(request_.batch().generator(), index);
    return SourcedOperation{OperationRequest(request_.parent(), operation).SerializeAsString(),
                            std::nullopt};
  }

 private:
  const v1::CreateBatchRequest request_;
  std::vector<std::string> numbers_;
};

}  // namespace

SourceOpener MakeSourceOpener(ObjectStore& objects, const Clock& clock) {
  return [&objects, &clock](
             const BatchRecord& batch, const std::string& source,
             const GoesOn& goes_on) -> absl::StatusOr<std::unique_ptr<OperationSource>> {
    v1::CreateBatchRequest request;
    if (!request.ParseFromString(source) || !HasSource(request.batch())) {
      return MakeError(absl::StatusCode::kDataLoss, "SOURCE_UNREADABLE",
                       "what is recorded of the batch's source cannot be read");
    }
    if (request.batch().has_generator()) {
      return std::make_unique<GeneratorSource>(std::move(request));
    }
    DQ_ASSIGN_OR_RETURN(std::vector<std::string> paths,
                        ListFiles(request.batch().directory(), objects, goes_on));
    return std::make_unique<DirectorySource>(std::move(request), batch.created_by, std::move(paths),
                                             objects, clock);
  };
}

std::string SourceText(const v1::CreateBatchRequest& request) {
  if (!HasSource(request.batch())) return "";
  v1::CreateBatchRequest source;
  source.set_parent(request.parent());
  CopySource(request.batch(), *source.mutable_batch());
  return source.SerializeAsString();
}

void ShowSource(const std::string& source, v1::Batch& batch) {
  v1::CreateBatchRequest request;
  if (request.ParseFromString(source)) CopySource(request.batch(), batch);
}

}  // namespace dq
