#include "worker/table/table_sample.h"

#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "worker/table/container_format.h"
#include "worker/table/file_error.h"

namespace dq {
namespace {

constexpr size_t kSampleLinesMin = 10;

bool IsLineBreak(char c) { return c == '\n' || c == '\r'; }

// Whether there are some lines that are not blank, the first of which may be the header.
bool IsEnough(std::string_view bytes) {
  size_t lines = 0;
  for (size_t i = 1; i < bytes.size() && lines < kSampleLinesMin; ++i) {
    lines += IsLineBreak(bytes[i]) && !IsLineBreak(bytes[i - 1]) ? 1 : 0;
  }
  return lines >= kSampleLinesMin;
}

// What lies around `offset`, from the first line that begins there.
absl::StatusOr<std::string> GlanceAt(ByteSource& source, int64_t offset) {
  std::string bytes(kGlanceBytes, '\0');
  DQ_ASSIGN_OR_RETURN(const size_t got, source.Glance(offset, bytes.data(), bytes.size()));
  bytes.resize(got);
  const size_t line = bytes.find_first_of("\r\n");
  bytes.erase(0, line == std::string::npos ? bytes.size() : line + 1);
  if (bytes.starts_with('\n')) bytes.erase(0, 1);
  return bytes;
}

class Sampler {
 public:
  explicit Sampler(ByteSource& source) : source_(source) {}

  absl::StatusOr<TableLayout> Find(const DialectChoice& choice);

 private:
  absl::Status Extend(size_t size);
  absl::Status Glance();

  ByteSource& source_;
  std::string start_;
  std::vector<std::string> others_;
};

absl::Status Sampler::Extend(size_t size) {
  const size_t before = start_.size();
  start_.resize(size);
  DQ_ASSIGN_OR_RETURN(const size_t got, source_.Read(start_.data() + before, size - before));
  start_.resize(before + got);
  return absl::OkStatus();
}

absl::Status Sampler::Glance() {
  const int64_t size = source_.size_bytes();
  const auto near = static_cast<int64_t>(start_.size() + 2 * kGlanceBytes);
  if (size < near) return absl::OkStatus();
  for (const int64_t offset : {size / 2, size - static_cast<int64_t>(kGlanceBytes)}) {
    DQ_ASSIGN_OR_RETURN(std::string piece, GlanceAt(source_, offset));
    if (!piece.empty()) others_.push_back(std::move(piece));
  }
  return absl::OkStatus();
}

absl::StatusOr<TableLayout> Sampler::Find(const DialectChoice& choice) {
  source_.Rewind();
  for (size_t size = kSampleBytes;; size *= 2) {
    DQ_RETURN_IF_ERROR(Extend(size));
    DQ_RETURN_IF_ERROR(CheckIsText(start_));
    const bool last = source_.AtEnd();
    if (!last && size < kSampleBytesMax && !IsEnough(start_)) continue;
    if (others_.empty()) DQ_RETURN_IF_ERROR(Glance());
    const size_t bom = start_.starts_with(kUtf8Bom) ? kUtf8Bom.size() : 0;
    std::vector<SamplePiece> pieces = {{std::string_view(start_).substr(bom), last}};
    for (const std::string& piece : others_) pieces.push_back({piece, false});
    DQ_ASSIGN_OR_RETURN(auto layout, FindTable(pieces, static_cast<int64_t>(bom), choice));
    if (layout.has_value()) {
      layout->dialect.bom = bom > 0;
      return *std::move(layout);
    }
    if (size >= kSampleBytesMax) {
      return ParseFailed("the header is longer than the limit of 64 MiB; is this a table?", {});
    }
  }
}

}  // namespace

absl::StatusOr<TableLayout> SampleTable(ByteSource& source, const DialectChoice& choice) {
  return Sampler(source).Find(choice);
}

}  // namespace dq
