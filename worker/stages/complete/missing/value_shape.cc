#include "worker/stages/complete/missing/value_shape.h"

#include <emmintrin.h>

#include <algorithm>

#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"
#include "worker/table/values/short_text.h"

namespace dq {
namespace {

unsigned MaskOf(__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }

// All ones where a byte lies between `first` and `first` + `count` - 1; all of these are ASCII.
__m128i IsAmong(__m128i bytes, char first, char count) {
  const auto shift = static_cast<char>(128 - count - first);
  return _mm_cmpgt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(shift)),
                        _mm_set1_epi8(static_cast<char>(127 - count)));
}

}  // namespace

ValueShape ShapeOf(std::string_view value) {
  bool lower = false;
  bool upper = false;  // Behind the first byte.
  bool punctuation = false;
  for (size_t at = 0; at < value.size(); at += 16) {
    const size_t size = std::min<size_t>(16, value.size() - at);
    const unsigned all = (1U << size) - 1;
    const __m128i bytes = LoadShort(value.data() + at, size);
    // White space, digits, or punctuation among letters: nothing can change that.
    const __m128i other = _mm_or_si128(IsAmong(bytes, '\0', ' ' + 1), IsAmong(bytes, '0', 10));
    if ((MaskOf(other) & all) != 0) return ValueShape::kOther;
    const unsigned lower_letters = MaskOf(_mm_or_si128(IsAmong(bytes, 'a', 26), bytes)) & all;
    const unsigned upper_letters = MaskOf(IsAmong(bytes, 'A', 26)) & all;
    const unsigned letters = lower_letters | upper_letters;
    lower |= lower_letters != 0;
    upper |= (at == 0 ? upper_letters & ~1U : upper_letters) != 0;
    punctuation |= letters != all;
    if (punctuation && (letters != 0 || lower || upper)) return ValueShape::kOther;
  }
  if (punctuation) return ValueShape::kPunctuation;
  const bool title = value[0] >= 'A' && value[0] <= 'Z';
  if (!title && !upper) return ValueShape::kLowerWord;
  if (title && !lower) return ValueShape::kUpperWord;
  return title && !upper ? ValueShape::kTitleWord : ValueShape::kMixedWord;
}

void ShapeCounter::Note(ValueShape shape, std::string_view value) {
  Seen& seen = seen_[static_cast<size_t>(shape)];
  ++seen.count;
  seen.size_min = std::min(seen.size_min, value.size());
  seen.size_max = std::max(seen.size_max, value.size());
}

bool ShapeCounter::CouldHold(std::string_view token) const {
  const ValueShape shape = ShapeOf(token);
  if (shape == ValueShape::kOther) return false;
  if (total_ == 0) return shape != ValueShape::kPunctuation;
  const Seen& seen = seen_[static_cast<size_t>(shape)];
  return seen.count > 0 && 20 * seen.count >= total_ && token.size() >= seen.size_min &&
         token.size() <= seen.size_max;
}

void ShapeCounter::Save(StateWriter& writer) const {
  for (const Seen& seen : seen_) {
    writer.Put(seen.count);
    writer.Put(uint64_t{seen.size_min});
    writer.Put(uint64_t{seen.size_max});
  }
  writer.Put(total_);
}

void ShapeCounter::Restore(StateReader& reader) {
  for (Seen& seen : seen_) {
    seen.count = reader.GetCount(kStateCountMax);
    seen.size_min = reader.Get<uint64_t>();
    seen.size_max = reader.Get<uint64_t>();
  }
  total_ = reader.GetCount(kStateCountMax);
}

}  // namespace dq
