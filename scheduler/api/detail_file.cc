#include "scheduler/api/detail_file.h"

#include <csv.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

absl::Status Unreadable(const std::string& why) {
  return MakeError(absl::StatusCode::kDataLoss, "DETAILS_UNREADABLE",
                   "the file of details " + why + "; download it to look at it",
                   {{"category", "system"}});
}

// What the parser has found of one record.
struct Found {
  std::vector<std::string> cells;
  bool whole = false;
};

void AddCell(void* cell, size_t size, void* found) {
  static_cast<Found*>(found)->cells.emplace_back(static_cast<const char*>(cell), size);
}

void EndRecord(int, void* found) { static_cast<Found*>(found)->whole = true; }

int NothingIsSpace(unsigned char) { return 0; }

}  // namespace

void DetailFile::FreeParser::operator()(csv_parser* parser) const {
  csv_free(parser);
  delete parser;
}

DetailFile::DetailFile(std::unique_ptr<FILE, CloseFile> file)
    : file_(std::move(file)), parser_(new csv_parser()) {
  csv_init(parser_.get(), CSV_STRICT | CSV_STRICT_FINI);
  csv_set_space_func(parser_.get(), NothingIsSpace);  // White space is part of the cells.
}

DetailFile::DetailFile(DetailFile&&) noexcept = default;
DetailFile::~DetailFile() = default;

absl::StatusOr<DetailFile> DetailFile::Open(ObjectStore& objects, const std::string& uri) {
  DQ_ASSIGN_OR_RETURN(UniqueFd fd, objects.OpenRead(uri));
  std::unique_ptr<FILE, CloseFile> file(::fdopen(fd.get(), "r"));
  if (file == nullptr) return ErrnoError(errno, "IO_ERROR", "cannot read " + uri);
  fd.Release();
  DetailFile details(std::move(file));
  DQ_RETURN_IF_ERROR(details.ReadRecord());
  if (details.cells_.empty()) return Unreadable("is empty");
  details.header_ = std::exchange(details.cells_, {});
  return details;
}

absl::Status DetailFile::Seek(int64_t offset) {
  if (offset == 0 || offset == offset_) return absl::OkStatus();
  if (::fseeko(file_.get(), offset, SEEK_SET) != 0) {
    return ErrnoError(errno, "IO_ERROR", "cannot read the file of details");
  }
  offset_ = offset;
  return absl::OkStatus();
}

absl::StatusOr<bool> DetailFile::Next() {
  DQ_RETURN_IF_ERROR(ReadRecord());
  if (cells_.empty()) return false;
  if (cells_.size() == header_.size()) return true;
  return Unreadable("has a record of " + std::to_string(cells_.size()) + " cells at byte " +
                    std::to_string(offset_));
}

std::string_view DetailFile::Cell(std::string_view name) const {
  const auto column = std::find(header_.begin(), header_.end(), name);
  if (column == header_.end()) return {};
  return cells_[static_cast<size_t>(column - header_.begin())];
}

absl::Status DetailFile::ReadRecord() {
  Found found;
  char* line = nullptr;
  size_t capacity = 0;
  ssize_t length = 0;
  bool is_well_formed = true;
  // A record ends with a line, though not with every line.
  while (!found.whole && is_well_formed &&
         (length = ::getline(&line, &capacity, file_.get())) > 0) {
    const auto size = static_cast<size_t>(length);
    is_well_formed = csv_parse(parser_.get(), line, size, AddCell, EndRecord, &found) == size;
    offset_ += length;
  }
  std::free(line);
  if (std::ferror(file_.get()) != 0) {
    return ErrnoError(EIO, "IO_ERROR", "cannot read the file of details");
  }
  if (!is_well_formed || (!found.whole && !found.cells.empty())) {
    return Unreadable("is damaged before byte " + std::to_string(offset_));
  }
  cells_ = std::move(found.cells);
  return absl::OkStatus();
}

}  // namespace dq
