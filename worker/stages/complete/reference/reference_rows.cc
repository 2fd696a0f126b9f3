#include "worker/stages/complete/reference/reference_rows.h"

#include <algorithm>
#include <cstring>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr int64_t kTakenBytes = int64_t{1} << 20;
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

// The row at the beginning of `bytes`; null when they do not hold all of it.
ReferenceRows::Row WholeRow(std::string_view bytes) {
  if (bytes.size() < kVarintBytesMax) return nullptr;
  const char* row = bytes.data();
  const size_t size = TakeVarint(row);
  return size <= static_cast<size_t>(bytes.data() + bytes.size() - row) ? row : nullptr;
}

}  // namespace

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
  if (const Row row = WholeRow(shelf.Ahead(offset)); row != nullptr) return row;
  if (const size_t bytes = shelf.Plan(offset); bytes > Shelf::kRowBytes) {
    char* const ahead = shelf.Take(bytes);
    DQ_ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(offset, ahead, bytes));
    shelf.ReadAhead({ahead, got}, offset);
    if (const Row row = WholeRow({ahead, got}); row != nullptr) return row;
  }
  return ReadAlone(offset, shelf);
}

// Reads the row at `offset` of the file.
absl::StatusOr<ReferenceRows::Row> ReferenceRows::ReadAlone(int64_t offset, Shelf& shelf) const {
  char begin[Shelf::kRowBytes + kVarintBytesMax];
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
