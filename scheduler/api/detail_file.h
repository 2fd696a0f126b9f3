// Reads the files that a worker wrote beside a report: CSV as RFC 4180 has it, with a header.
// Memory is one record. Blocks on the disk. Not thread-safe.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/object_store.h"

struct csv_parser;

namespace dq {

class DetailFile {
 public:
  // Opens the file at `uri` and reads its header. Errors as ObjectStore::OpenRead(); DATA_LOSS
  // (DETAILS_UNREADABLE) when it is no such file.
  static absl::StatusOr<DetailFile> Open(ObjectStore& objects, const std::string& uri);
  DetailFile(DetailFile&&) noexcept;
  ~DetailFile();

  // Goes on behind the record that ended at byte `offset`: 0 is the header's end.
  absl::Status Seek(int64_t offset);
  // Reads the next record; false at the end. DATA_LOSS (DETAILS_UNREADABLE) when it is none, or has
  // another number of cells than the header.
  absl::StatusOr<bool> Next();
  // Returns the record's cell in the column `name`; empty when there is no such column.
  std::string_view Cell(std::string_view name) const;
  // Returns where the record ends: what Seek() takes.
  int64_t offset() const { return offset_; }

 private:
  struct CloseFile {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  struct FreeParser {
    void operator()(csv_parser* parser) const;
  };

  explicit DetailFile(std::unique_ptr<FILE, CloseFile> file);
  absl::Status ReadRecord();

  std::unique_ptr<FILE, CloseFile> file_;
  std::unique_ptr<csv_parser, FreeParser> parser_;
  std::vector<std::string> header_;
  std::vector<std::string> cells_;  // Empty at the end of the file.
  int64_t offset_ = 0;
};

}  // namespace dq
