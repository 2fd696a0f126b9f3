#include "worker/table/table_sample.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/delimited/structural_index.h"

namespace dq {
namespace {

constexpr size_t kSampleLinesMin = 10;

bool IsLineBreak(char c) { return c == '\n' || c == '\r'; }

bool HasLines(std::string_view bytes) {
  size_t lines = 0;
  for (size_t i = 1; i < bytes.size() && lines < kSampleLinesMin; ++i) {
    lines += IsLineBreak(bytes[i]) && !IsLineBreak(bytes[i - 1]) ? 1 : 0;
  }
  return lines >= kSampleLinesMin;
}

// What a sample can be judged by.
struct SampleExtent {
  bool enough = false;  // Some lines that are not blank, the first of which may be the header.
  bool open = false;    // Else: whether it ends within what looks like a quoted cell.
};

bool EndsCell(char c) { return std::string_view(",;\t|\r\n").find(c) != std::string_view::npos; }

// Where the quoted cell ends whose quote is at `at`; npos when it does not.
size_t EndOfQuotedCell(std::string_view bytes, size_t at) {
  for (at = bytes.find('"', at + 1); at != std::string_view::npos; at = bytes.find('"', at + 2)) {
    if (at + 1 == bytes.size() || bytes[at + 1] != '"') return at;
  }
  return at;
}

SampleExtent Judge(std::string_view bytes) {
  size_t lines = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '"' && (i == 0 || EndsCell(bytes[i - 1]))) {
      const size_t end = EndOfQuotedCell(bytes, i);
      if (end == std::string_view::npos) return {.open = true};
      // What goes on behind its quote was none.
      if (end + 1 == bytes.size() || EndsCell(bytes[end + 1])) i = end;
    } else if (i > 0 && IsLineBreak(bytes[i]) && !IsLineBreak(bytes[i - 1])) {
      if (++lines >= kSampleLinesMin) return {.enough = true};
    }
  }
  return {};
}

// What lies around `offset`, from the first line that begins there.
absl::StatusOr<std::string> GlanceAt(ByteSource& source, int64_t offset) {
  std::string bytes(kGlanceBytes, '\0');
  DQ_ASSIGN_OR_RETURN(const size_t got, source.Glance(offset, bytes.data(), bytes.size()));
  bytes.resize(got);
  const size_t line = bytes.find_first_of("\r\n");
  bytes.erase(0, line == std::string::npos ? bytes.size() : line + 1);
  if (bytes.starts_with('\n')) bytes.erase(0, 1);
  if (!bytes.empty()) bytes.resize(bytes.size() + kIndexPaddingBytes);
  return bytes;
}

class Sampler {
 public:
  explicit Sampler(ByteSource& source) : source_(source) {}

  absl::StatusOr<TableLayout> Find(const DialectChoice& choice);

 private:
  absl::Status Extend(size_t size);
  absl::Status ExtendToEnough();
  absl::Status Glance();
  absl::StatusOr<std::optional<TableLayout>> FindIn(size_t size, const DialectChoice& choice);

  ByteSource& source_;
  std::string start_;  // With padding behind; `size_` bytes are of the file.
  size_t size_ = 0;
  size_t lines_size_ = 0;  // So much of it was the first to hold some lines; 0: it does not.
  bool open_ = false;      // Whether a quoted cell goes on behind the first lines, without end.
  std::vector<std::string> others_;
};

absl::Status Sampler::Extend(size_t size) {
  start_.resize(size + kIndexPaddingBytes);
  DQ_ASSIGN_OR_RETURN(const size_t got, source_.Read(start_.data() + size_, size - size_));
  size_ += got;
  return absl::OkStatus();
}

// Reads until there are some rows, which may hold quoted cells of many lines. A quote that is never
// closed is no reason to look at more than some lines.
absl::Status Sampler::ExtendToEnough() {
  for (size_t size = kSampleBytes;; size *= 2) {
    DQ_RETURN_IF_ERROR(Extend(size));
    const std::string_view bytes = std::string_view(start_).substr(0, size_);
    const SampleExtent extent = Judge(bytes);
    if (lines_size_ == 0 && (extent.enough || HasLines(bytes))) lines_size_ = size_;
    open_ = extent.open;
    if (extent.enough || source_.AtEnd() || size >= kSampleBytesMax) return absl::OkStatus();
  }
}

absl::Status Sampler::Glance() {
  const int64_t size = source_.size_bytes();
  const auto near = static_cast<int64_t>(size_ + 2 * kGlanceBytes);
  if (size < near) return absl::OkStatus();
  for (const int64_t offset : {size / 2, size - static_cast<int64_t>(kGlanceBytes)}) {
    DQ_ASSIGN_OR_RETURN(std::string piece, GlanceAt(source_, offset));
    if (!piece.empty()) others_.push_back(std::move(piece));
  }
  return absl::OkStatus();
}

// Finds the table in the first `size` bytes and the pieces from elsewhere.
absl::StatusOr<std::optional<TableLayout>> Sampler::FindIn(size_t size,
                                                           const DialectChoice& choice) {
  const std::string_view bytes = std::string_view(start_).substr(0, size);
  const size_t bom = bytes.starts_with(kUtf8Bom) ? kUtf8Bom.size() : 0;
  std::vector<SamplePiece> pieces = {{bytes.substr(bom), source_.AtEnd() && size == size_}};
  for (const std::string& piece : others_) {
    pieces.push_back({std::string_view(piece).substr(0, piece.size() - kIndexPaddingBytes), false});
  }
  DQ_ASSIGN_OR_RETURN(auto layout, FindTable(pieces, static_cast<int64_t>(bom), choice));
  if (layout.has_value()) layout->dialect.bom = bom > 0;
  return layout;
}

absl::StatusOr<TableLayout> Sampler::Find(const DialectChoice& choice) {
  source_.Rewind();
  DQ_RETURN_IF_ERROR(ExtendToEnough());
  DQ_RETURN_IF_ERROR(Glance());
  for (size_t size = open_ && lines_size_ > 0 ? lines_size_ : size_;; size = size_) {
    DQ_ASSIGN_OR_RETURN(auto layout, FindIn(size, choice));
    if (layout.has_value()) return *std::move(layout);
    if (size < size_) continue;
    if (size_ >= kSampleBytesMax || source_.AtEnd()) {
      return ParseFailed("the header is longer than the limit of 64 MiB; is this a table?", {});
    }
    DQ_RETURN_IF_ERROR(Extend(2 * size_));
  }
}

}  // namespace

absl::StatusOr<TableLayout> SampleTable(ByteSource& source, const DialectChoice& choice) {
  return Sampler(source).Find(choice);
}

}  // namespace dq
