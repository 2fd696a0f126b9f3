// Texts of any length in a temporary file, kept apart by partition: each partition is read back in
// the order in which it was added to. Adding is for one thread; partitions that are added to no
// more may be read at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/table/bytes/spill_file.h"

namespace dq {

class PartitionedBytes {
  struct Partition {
    std::vector<int64_t> blocks;  // Where they begin in the file.
    std::string last;             // Not written yet.
  };

 public:
  // Bytes that a partition collects before they are written, and that are read at once.
  static constexpr size_t kBlockBytes = size_t{32} << 10;

  static absl::StatusOr<std::unique_ptr<PartitionedBytes>> Create(int dir_fd, size_t partitions);

  // Adds a text, of less than 4 GiB. DISK_FULL or IO_FAILED.
  absl::Status Add(size_t partition, std::string_view text);
  int64_t spilled_bytes() const { return file_->size_bytes(); }

  // Reads one partition from front to back.
  class Cursor {
   public:
    Cursor(const PartitionedBytes& spill, size_t partition)
        : spill_(&spill), partition_(&spill.partitions_[partition]) {}

    // The next text, until the next call; nothing at the end. IO_FAILED.
    absl::StatusOr<std::optional<std::string_view>> Next();

   private:
    absl::StatusOr<std::string_view> Take(size_t size);

    const PartitionedBytes* spill_;
    const Partition* partition_;
    size_t next_block_ = 0;
    std::string buffer_;
    size_t at_ = 0;
  };

 private:
  PartitionedBytes(std::unique_ptr<SpillFile> file, size_t partitions)
      : file_(std::move(file)), partitions_(partitions) {}
  absl::Status Append(Partition& to, std::string_view bytes);

  std::unique_ptr<SpillFile> file_;
  std::vector<Partition> partitions_;
};

}  // namespace dq
