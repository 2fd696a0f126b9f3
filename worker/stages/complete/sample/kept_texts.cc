#include "worker/stages/complete/sample/kept_texts.h"

#include <cstring>
#include <utility>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
// Views take about as much as the texts.
constexpr int64_t kTakenBytes = 2 * kChunkBytes;

}  // namespace

absl::StatusOr<std::string_view> KeptTexts::Keep(std::string_view text) {
  text = text.substr(0, kSampleCellBytesMax);
  if (text.empty()) return std::string_view();
  if (chunks_.empty() || kChunkBytes - chunk_used_ < text.size()) {
    DQ_RETURN_IF_ERROR(memory_.Take(kTakenBytes, what_));
    taken_bytes_ += kTakenBytes;
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunkBytes));
    chunk_used_ = 0;
  }
  char* const out = chunks_.back().get() + chunk_used_;
  std::memcpy(out, text.data(), text.size());
  chunk_used_ += text.size();
  return std::string_view(out, text.size());
}

KeptTexts::Bytes KeptTexts::Forget() {
  memory_.Release(std::exchange(taken_bytes_, 0));
  return std::exchange(chunks_, {});
}

}  // namespace dq
