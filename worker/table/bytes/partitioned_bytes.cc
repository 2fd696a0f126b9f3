#include "worker/table/bytes/partitioned_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base/status_macros.h"

namespace dq {
namespace {

// What a long text made of the buffer is given back.
constexpr size_t kBufferKeptBytes = size_t{1} << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<PartitionedBytes>> PartitionedBytes::Create(int dir_fd,
                                                                           size_t partitions) {
  DQ_ASSIGN_OR_RETURN(auto file, SpillFile::Create(dir_fd));
  return std::unique_ptr<PartitionedBytes>(new PartitionedBytes(std::move(file), partitions));
}

absl::Status PartitionedBytes::Add(size_t partition, std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  Partition& to = partitions_[partition];
  DQ_RETURN_IF_ERROR(Append(to, {reinterpret_cast<const char*>(&size), sizeof(size)}));
  return Append(to, text);
}

absl::Status PartitionedBytes::Append(Partition& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t taken = std::min(bytes.size(), kBlockBytes - to.last.size());
    to.last += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    if (to.last.size() < kBlockBytes) break;
    to.blocks.push_back(file_->size_bytes());
    DQ_RETURN_IF_ERROR(file_->Append(to.last));
    to.last.clear();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string_view>> PartitionedBytes::Cursor::Next() {
  uint32_t size = 0;
  DQ_ASSIGN_OR_RETURN(const std::string_view head, Take(sizeof(size)));
  if (head.empty()) return std::nullopt;
  std::memcpy(&size, head.data(), sizeof(size));
  DQ_ASSIGN_OR_RETURN(const std::string_view text, Take(size));
  return text;
}

// The next `size` bytes, in one piece; fewer only at the end.
absl::StatusOr<std::string_view> PartitionedBytes::Cursor::Take(size_t size) {
  if (buffer_.size() - at_ < size) {
    buffer_.erase(0, std::exchange(at_, 0));
    if (buffer_.capacity() > kBufferKeptBytes) buffer_.shrink_to_fit();
  }
  while (buffer_.size() < at_ + size && next_block_ <= partition_->blocks.size()) {
    if (next_block_ == partition_->blocks.size()) {
      buffer_ += partition_->last;
    } else {
      const size_t before = buffer_.size();
      buffer_.resize(before + kBlockBytes);
      DQ_RETURN_IF_ERROR(
          spill_->file_
              ->ReadAt(partition_->blocks[next_block_], buffer_.data() + before, kBlockBytes)
              .status());
    }
    ++next_block_;
  }
  const std::string_view taken = std::string_view(buffer_).substr(at_, size);
  at_ += taken.size();
  return taken;
}

}  // namespace dq
