#include "worker/stages/complete/reference/reference_rows.h"

#include <algorithm>
#include <cstring>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr int64_t kTakenBytes = int64_t{1} << 20;
constexpr size_t kReadBytes = 512;  // Most rows are shorter.
constexpr size_t kAheadBytesMax = size_t{64} << 10;
constexpr int64_t kNearBytes = int64_t{32} << 10;
constexpr size_t kBlockBytes = size_t{256} << 10;
constexpr size_t kShelfBytesMax = size_t{1} << 20;
constexpr size_t kVarintBytesMax = 5;

// Writes 7 bits a byte, the lowest first; the highest bit says that more follow.
char* PutVarint(char* out, size_t value) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

size_t TakeVarint(const char*& in) {
  size_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(*in++);
    value |= size_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
}

}  // namespace

void ReferenceRows::Shelf::Clear() {
  // One block is kept for the next rows.
  if (blocks_.size() > 1) blocks_.erase(blocks_.begin(), blocks_.end() - 1);
  if (size_ > kBlockBytes) {
    blocks_.clear();
    size_ = 0;
  }
  bytes_ = size_;
  used_ = 0;
  ahead_ = {};
}

void ReferenceRows::Shelf::ClearWhenLarge() {
  if (bytes_ > kShelfBytesMax) Clear();
}

ReferenceRows::Row ReferenceRows::Shelf::Find(int64_t offset) const {
  const int64_t at = offset - ahead_offset_;
  if (at < 0 || at + static_cast<int64_t>(kVarintBytesMax) > static_cast<int64_t>(ahead_.size())) {
    return nullptr;
  }
  const char* row = ahead_.data() + at;
  const size_t size = TakeVarint(row);
  return size <= static_cast<size_t>(ahead_.data() + ahead_.size() - row) ? row : nullptr;
}

size_t ReferenceRows::Shelf::Plan(int64_t offset) {
  const auto near = [offset](int64_t place) {
    return offset >= place && offset < place + kNearBytes;
  };
  if (!near(expected_) && !near(expected_too_)) {
    expected_too_ = offset + static_cast<int64_t>(kReadBytes);
    return kReadBytes;
  }
  ahead_bytes_ = std::clamp(4 * ahead_bytes_, 4 * kReadBytes, kAheadBytesMax);
  expected_ = offset + static_cast<int64_t>(ahead_bytes_);
  return ahead_bytes_;
}

char* ReferenceRows::Shelf::Take(size_t bytes) {
  if (blocks_.empty() || size_ - used_ < bytes) {
    size_ = std::max(bytes, kBlockBytes);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size_));
    bytes_ += size_;
    used_ = 0;
  }
  char* const room = blocks_.back().get() + used_;
  used_ += bytes;
  return room;
}

ReferenceRows::ReferenceRows(MemoryBudget& memory, int temp_dir_fd, int64_t memory_bytes_max)
    : taken_(memory, "the reference"),
      temp_dir_fd_(temp_dir_fd),
      memory_rows_(static_cast<size_t>(std::max<int64_t>(
          temp_dir_fd < 0 ? memory.available_bytes() : memory_bytes_max, kTakenBytes))) {}

// Whether so many bytes more fit in memory; takes them from the budget.
absl::StatusOr<bool> ReferenceRows::HasRoom(int64_t bytes) {
  if (file_ != nullptr) return false;
  const auto size = static_cast<int64_t>(memory_rows_.size());
  const int64_t needed = used_ + bytes - static_cast<int64_t>(taken_.bytes());
  const absl::Status taken = used_ + bytes > size ? taken_.Refuse(static_cast<size_t>(bytes))
                             : needed > 0
                                 ? taken_.Take(static_cast<size_t>(std::max(needed, kTakenBytes)))
                                 : absl::OkStatus();
  if (taken.ok()) return true;
  if (temp_dir_fd_ < 0) return taken;
  DQ_ASSIGN_OR_RETURN(file_, SpillFile::Create(temp_dir_fd_));
  return false;
}

// A row is its size, then size and bytes of every field.
absl::StatusOr<int64_t> ReferenceRows::Add(std::span<const std::string_view> fields) {
  size_t most = kVarintBytesMax;
  for (const std::string_view field : fields) most += kVarintBytesMax + field.size();
  if (encoded_.size() < most) encoded_.resize(2 * most);
  char* const body = encoded_.data() + kVarintBytesMax;
  char* end = body;
  for (const std::string_view field : fields) {
    end = PutVarint(end, field.size());
    if (!field.empty()) std::memcpy(end, field.data(), field.size());
    end += field.size();
  }
  const auto body_size = static_cast<size_t>(end - body);
  char head[kVarintBytesMax];
  const auto head_size = static_cast<size_t>(PutVarint(head, body_size) - head);
  char* const begin = body - head_size;
  std::memcpy(begin, head, head_size);
  const std::string_view row(begin, head_size + body_size);
  DQ_ASSIGN_OR_RETURN(const bool room, HasRoom(static_cast<int64_t>(row.size())));
  if (!room) {
    const int64_t place = used_ + file_->size_bytes();
    DQ_RETURN_IF_ERROR(file_->Append(row));
    return place;
  }
  std::memcpy(&memory_rows_[static_cast<size_t>(used_)], row.data(), row.size());
  used_ += static_cast<int64_t>(row.size());
  return used_ - static_cast<int64_t>(row.size());
}

absl::Status ReferenceRows::LeaveMemory() {
  if (temp_dir_fd_ < 0 || used_ == 0 || moved_to_ >= 0) return absl::OkStatus();
  if (file_ == nullptr) {
    DQ_ASSIGN_OR_RETURN(file_, SpillFile::Create(temp_dir_fd_));
  }
  moved_to_ = file_->size_bytes();
  DQ_RETURN_IF_ERROR(file_->Append({memory_rows_.begin(), static_cast<size_t>(used_)}));
  memory_rows_ = HugeArray<char>();
  taken_.Clear();
  return absl::OkStatus();
}

absl::StatusOr<ReferenceRows::Row> ReferenceRows::Read(int64_t place, Shelf& shelf) const {
  if (place < used_ && moved_to_ < 0) {
    const char* row = &memory_rows_[static_cast<size_t>(place)];
    (void)TakeVarint(row);
    return row;
  }
  const int64_t offset = place < used_ ? moved_to_ + place : place - used_;
  if (const Row row = shelf.Find(offset); row != nullptr) return row;
  if (const size_t bytes = shelf.Plan(offset); bytes > kReadBytes) {
    char* const ahead = shelf.Take(bytes);
    DQ_ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(offset, ahead, bytes));
    shelf.ahead_ = {ahead, got};
    shelf.ahead_offset_ = offset;
    if (const Row row = shelf.Find(offset); row != nullptr) return row;
  }
  return ReadAlone(offset, shelf);
}

// Reads the row at `offset` of the file.
absl::StatusOr<ReferenceRows::Row> ReferenceRows::ReadAlone(int64_t offset, Shelf& shelf) const {
  char begin[kReadBytes + kVarintBytesMax];
  DQ_ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(offset, begin, sizeof(begin)));
  const char* body = begin;
  const size_t size = TakeVarint(body);
  char* const row = shelf.Take(size);
  const size_t known = std::min(size, got - static_cast<size_t>(body - begin));
  std::memcpy(row, body, known);
  if (known < size) {
    const int64_t rest = offset + (body - begin) + static_cast<int64_t>(known);
    DQ_RETURN_IF_ERROR(file_->ReadAt(rest, row + known, size - known).status());
  }
  return row;
}

std::string_view ReferenceRows::Field(Row row, size_t index) {
  for (;; --index) {
    const size_t size = TakeVarint(row);
    if (index == 0) return {row, size};
    row += size;
  }
}

std::string_view ReferenceRows::TakeField(Row& row) {
  const size_t size = TakeVarint(row);
  const std::string_view field(row, size);
  row += size;
  return field;
}

}  // namespace dq
