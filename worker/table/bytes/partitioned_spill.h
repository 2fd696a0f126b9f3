// Records of one size in a temporary file, kept apart by partition: each partition is read back in
// the order in which it was added to. Adding is for one thread; partitions that are added to no
// more may be read at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "worker/table/bytes/spill_file.h"

namespace dq {

template <typename T>
class PartitionedSpill {
  static_assert(std::is_trivially_copyable_v<T>);

  struct Partition {
    std::vector<int64_t> blocks;  // Where they begin in the file.
    std::vector<T> last;          // Not written yet.
    int64_t count = 0;
  };

 public:
  // Records that a partition collects before they are written, and that are read at once.
  static constexpr size_t kBlockRecords = (size_t{32} << 10) / sizeof(T);

  static absl::StatusOr<std::unique_ptr<PartitionedSpill>> Create(int dir_fd, size_t partitions) {
    DQ_ASSIGN_OR_RETURN(auto file, SpillFile::Create(dir_fd));
    return std::unique_ptr<PartitionedSpill>(new PartitionedSpill(std::move(file), partitions));
  }

  // Adds a record. DISK_FULL or IO_FAILED.
  absl::Status Add(size_t partition, const T& record) {
    Partition& to = partitions_[partition];
    to.last.push_back(record);
    ++to.count;
    if (to.last.size() < kBlockRecords) return absl::OkStatus();
    to.blocks.push_back(file_->size_bytes());
    const auto* const bytes = reinterpret_cast<const char*>(to.last.data());
    to.last.clear();
    return file_->Append({bytes, kBlockRecords * sizeof(T)});
  }
  int64_t count(size_t partition) const { return partitions_[partition].count; }
  int64_t spilled_bytes() const { return file_->size_bytes(); }

  // Reads one partition from front to back.
  class Cursor {
   public:
    Cursor(const PartitionedSpill& spill, size_t partition)
        : spill_(&spill), partition_(&spill.partitions_[partition]) {}

    // The next record; null at the end. IO_FAILED.
    absl::StatusOr<const T*> Peek() {
      if (at_ == block_.size()) DQ_RETURN_IF_ERROR(ReadBlock());
      return at_ == block_.size() ? nullptr : &block_[at_];
    }
    // Goes behind the record of the last Peek.
    void Advance() { ++at_; }

   private:
    absl::Status ReadBlock() {
      at_ = 0;
      block_.clear();
      if (next_block_ > partition_->blocks.size()) return absl::OkStatus();
      if (next_block_ == partition_->blocks.size()) {
        ++next_block_;
        block_ = partition_->last;
        return absl::OkStatus();
      }
      block_.resize(kBlockRecords);
      return spill_->file_
          ->ReadAt(partition_->blocks[next_block_++], reinterpret_cast<char*>(block_.data()),
                   kBlockRecords * sizeof(T))
          .status();
    }

    const PartitionedSpill* spill_;
    const Partition* partition_;
    size_t next_block_ = 0;
    std::vector<T> block_;
    size_t at_ = 0;
  };

 private:
  PartitionedSpill(std::unique_ptr<SpillFile> file, size_t partitions)
      : file_(std::move(file)), partitions_(partitions) {}

  std::unique_ptr<SpillFile> file_;
  std::vector<Partition> partitions_;
};

}  // namespace dq
