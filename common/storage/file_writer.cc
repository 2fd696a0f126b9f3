#include "common/storage/file_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "common/storage/object_uri.h"
#include "common/storage/storage_error.h"

namespace dq {

absl::StatusOr<std::unique_ptr<ObjectWriter>> FileWriter::Create(const FileTree& tree,
                                                                 const std::string& key) {
  DQ_ASSIGN_OR_RETURN(UniqueFd directory, tree.MakeDirectory(SplitKey(key).directory));
  std::string unfinished_name = kUnfinishedPrefix + RandomHex(8);
  UniqueFd file(::openat(directory.get(), unfinished_name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!file) return StorageError(errno, "cannot create \"" + key + "\"");
  return std::unique_ptr<ObjectWriter>(
      new FileWriter(key, std::move(directory), std::move(unfinished_name), std::move(file)));
}

FileWriter::FileWriter(std::string key, UniqueFd directory, std::string unfinished_name,
                       UniqueFd file)
    : key_(std::move(key)),
      directory_(std::move(directory)),
      unfinished_name_(std::move(unfinished_name)),
      file_(std::move(file)) {}

FileWriter::~FileWriter() { Abort(); }

absl::Status FileWriter::Append(std::string_view bytes) {
  DQ_RETURN_IF_ERROR(WriteAll(file_.get(), bytes, key_));
  hash_.Update(bytes);
  size_bytes_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::StatusOr<WrittenObject> FileWriter::Commit() {
  DQ_RETURN_IF_ERROR(Sync(file_.get(), key_));
  if (::renameat(directory_.get(), unfinished_name_.c_str(), directory_.get(),
                 SplitKey(key_).name.c_str()) != 0) {
    return StorageError(errno, "cannot move \"" + key_ + "\" into place");
  }
  file_.Reset();
  DQ_RETURN_IF_ERROR(Sync(directory_.get(), SplitKey(key_).directory));
  return WrittenObject{FileUri(key_), size_bytes_, hash_.Finish()};
}

void FileWriter::Abort() {
  if (!file_) return;
  file_.Reset();
  ::unlinkat(directory_.get(), unfinished_name_.c_str(), 0);
}

}  // namespace dq
