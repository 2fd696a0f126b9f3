#include "worker/stages/complete/sample/kept_texts.h"

#include <utility>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;
// Views take about as much as the texts.
constexpr size_t kTakenBytes = 2 * kChunkBytes;

}  // namespace

absl::Status KeptTexts::AddChunk() {
  DQ_RETURN_IF_ERROR(taken_.Take(kTakenBytes));
  chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunkBytes));
  next_ = chunks_.back().get();
  left_ = kChunkBytes;
  return absl::OkStatus();
}

KeptTexts::Bytes KeptTexts::Forget() {
  left_ = 0;
  taken_.Clear();
  return std::exchange(chunks_, {});
}

}  // namespace dq
