// Keeps the rows of the reference: in memory as long as there is room, then in a temporary file. A
// row is a list of texts, the first of which is its key. Adding is for one thread, which may read
// between; once everything is added, reading is thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/complete/reference/reference_shelf.h"
#include "worker/table/bytes/huge_array.h"
#include "worker/table/bytes/spill_file.h"

namespace dq {

class ReferenceRows {
 public:
  // A row, to be read by Field.
  using Row = const char*;

  // Where rows that are read back are put.
  using Shelf = ReferenceShelf;

  // `memory` outlives the rows. With a directory for temporary files (not -1) at most
  // `memory_bytes_max` are kept in memory, else everything is.
  ReferenceRows(MemoryBudget& memory, int temp_dir_fd, int64_t memory_bytes_max);

  // Adds a row; returns where it is. OUT_OF_MEMORY, DISK_FULL, IO_FAILED.
  absl::StatusOr<int64_t> Add(std::span<const std::string_view> fields);
  // Moves the rows that are in memory to the temporary file too, where there may be one: what they
  // took is free again. Rows added afterwards are there too. DISK_FULL, IO_FAILED.
  absl::Status LeaveMemory();
  // Returns the row at `place`; it lives as long as these rows and the shelf. IO_FAILED.
  absl::StatusOr<Row> Read(int64_t place, Shelf& shelf) const;
  // Brings a row that is read soon into the cache, should it be in memory.
  [[gnu::always_inline]] void Prefetch(int64_t place) const {
    if (place < used_ && moved_to_ < 0)
      __builtin_prefetch(&memory_rows_[static_cast<size_t>(place)]);
  }
  int64_t spilled_bytes() const { return file_ == nullptr ? 0 : file_->size_bytes(); }

  static std::string_view Field(Row row, size_t index);
  // Returns the first field of what is left of a row, and leaves what is behind it.
  static std::string_view TakeField(Row& row);

 private:
  absl::StatusOr<bool> HasRoom(int64_t bytes);
  absl::StatusOr<Row> ReadAlone(int64_t offset, Shelf& shelf) const;

  TakenBytes taken_;
  int temp_dir_fd_;
  HugeArray<char> memory_rows_;  // Reserved as a whole, taken from the budget as it is used.
  int64_t used_ = 0;
  std::unique_ptr<SpillFile> file_;  // Its first byte is at the place `used_`.
  int64_t moved_to_ = -1;  // Where in the file the rows from memory begin; -1: they are in memory.
  std::vector<char> encoded_;
};

}  // namespace dq
