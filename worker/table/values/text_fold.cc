#include "worker/table/values/text_fold.h"

#include <tmmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "worker/table/bytes/utf8.h"
#include "worker/table/values/ascii.h"
#include "worker/table/values/certain_form.h"
#include "worker/table/values/short_text.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

// What a code point is folded to; 0: no more.
struct FoldEntry {
  uint16_t from;
  std::array<uint16_t, 4> to;
};
constexpr FoldEntry kFoldTable[] = {
#include "worker/table/values/fold_table.inc"
};
constexpr FoldEntry kKeyFoldTable[] = {
#include "worker/table/values/key_fold_table.inc"
};

enum class Kind : uint8_t { kPlain, kUpper, kSpace, kDropped, kSeparator, kJoiner, kWide };

constexpr std::array<Kind, 256> MakeKinds() {
  std::array<Kind, 256> kinds{};
  for (size_t c = 0x80; c < 256; ++c) kinds[c] = Kind::kWide;
  for (size_t c = 'A'; c <= 'Z'; ++c) kinds[c] = Kind::kUpper;
  for (const char c : std::string_view(" \t\n\v\f\r"))
    kinds[static_cast<uint8_t>(c)] = Kind::kSpace;
  for (const char c : std::string_view(".'`")) kinds[static_cast<uint8_t>(c)] = Kind::kDropped;
  for (const char c : std::string_view(",;:!?\"()[]{}")) {
    kinds[static_cast<uint8_t>(c)] = Kind::kSeparator;
  }
  for (const char c : std::string_view("-_/")) kinds[static_cast<uint8_t>(c)] = Kind::kJoiner;
  return kinds;
}
constexpr std::array<Kind, 256> kKinds = MakeKinds();

bool IsDigitAt(std::string_view text, size_t at) { return at < text.size() && IsDigit(text[at]); }

bool IsLetterAt(std::string_view text, size_t at) {
  return at < text.size() && IsLetterOrBeyond(text[at]);
}

// Kind of the folded code points that are punctuation or white space.
Kind KindOfWide(char32_t value) {
  switch (value) {
    case 0x2018:
    case 0x2019:
      return Kind::kDropped;
    case 0x201C:
    case 0x201D:
      return Kind::kSeparator;
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
      return Kind::kJoiner;
    default:
      return Kind::kPlain;
  }
}

// Feet, inches, minutes: a quotation mark behind a digit means something.
bool IsUnitMark(char32_t value) {
  return value == '\'' || value == '"' || (value >= 0x2018 && value <= 0x201D);
}

char* PutUtf8(char* out, char32_t value) {
  if (value < 0x80) {
    *out++ = static_cast<char>(value);
  } else if (value < 0x800) {
    *out++ = static_cast<char>(0xC0 | (value >> 6));
    *out++ = static_cast<char>(0x80 | (value & 0x3F));
  } else {
    *out++ = static_cast<char>(0xE0 | (value >> 12));
    *out++ = static_cast<char>(0x80 | ((value >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (value & 0x3F));
  }
  return out;
}

const FoldEntry* FindFold(std::span<const FoldEntry> table, char32_t value) {
  const auto found =
      std::lower_bound(table.begin(), table.end(), value,
                       [](const FoldEntry& entry, char32_t wanted) { return entry.from < wanted; });
  return found != table.end() && found->from == value ? &*found : nullptr;
}

// The letters that a syllable of Hangul is made of (Unicode, chapter 3.12); nothing for others.
std::optional<FoldEntry> LettersOfHangul(char32_t value) {
  constexpr char32_t kFirst = 0xAC00;
  constexpr char32_t kLast = 0xD7A3;
  constexpr char32_t kVowels = 21;
  constexpr char32_t kFinals = 28;
  if (value < kFirst || value > kLast) return std::nullopt;
  const char32_t index = value - kFirst;
  const char32_t last = index % kFinals;
  return FoldEntry{0,
                   {static_cast<uint16_t>(0x1100 + index / (kVowels * kFinals)),
                    static_cast<uint16_t>(0x1161 + index / kFinals % kVowels),
                    static_cast<uint16_t>(last == 0 ? 0 : 0x11A7 + last), 0}};
}

// Builds folded text: white space is written only between other things.
class Folder {
 public:
  explicit Folder(char* out) : begin_(out), out_(out) {}

  char* end() const { return out_; }
  void Space() { space_ = true; }
  void Put(char c) {
    Separate();
    *out_++ = c;
  }
  // Writes the first `size` of these bytes, which are folded; 0 does nothing.
  void PutFolded(__m128i bytes, size_t size) {
    if (size == 0) return;
    Separate();
    StoreShort(out_, bytes);
    out_ += size;
  }
  // Writes a code point of more than one byte, folded; null: it stays as it is.
  void PutWide(std::string_view bytes, const FoldEntry* fold) {
    if (fold == nullptr) {
      Separate();
      out_ = CopyShort(out_, bytes.data(), bytes.size());
      return;
    }
    for (const uint16_t to : fold->to) {
      if (to == ' ') {
        Space();
      } else if (to != 0) {
        Separate();
        out_ = PutUtf8(out_, to);
      }
    }
  }

 private:
  void Separate() {
    if (space_ && out_ > begin_) *out_++ = ' ';
    space_ = false;
  }

  char* begin_;
  char* out_;
  bool space_ = false;
};

// Sixteen bytes folded as far as that changes no number of bytes.
struct FoldedBytes {
  __m128i bytes;
  unsigned special;  // Bit i: byte i needs a closer look.
};

// The bytes that are not kPlain or kUpper, by the bits of their nibbles (as in StructuralIndex).
struct SpecialBytes {
  std::array<uint8_t, 16> low{};
  std::array<uint8_t, 16> high{};
};
constexpr SpecialBytes MakeSpecialBytes() {
  constexpr std::array<uint8_t, 16> kBits = {1,  0,  2,  4,  0,  8,  16, 32,
                                             64, 64, 64, 64, 64, 64, 64, 64};
  SpecialBytes special;
  special.high = kBits;
  for (size_t c = 0; c < 256; ++c) {
    if (kKinds[c] != Kind::kPlain && kKinds[c] != Kind::kUpper)
      special.low[c & 15] |= kBits[c >> 4];
  }
  return special;
}
constexpr SpecialBytes kSpecialBytes = MakeSpecialBytes();

__m128i LoadTable(const std::array<uint8_t, 16>& table) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data()));
}

__m128i LoadWhole(const char* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

unsigned MaskOf(__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }

// Whether one of the first `size` bytes is not above a space, or not ASCII.
bool HoldsOthers(__m128i bytes, size_t size) {
  // Of signed bytes those beyond ASCII are below a space too.
  const unsigned others = MaskOf(_mm_cmplt_epi8(bytes, _mm_set1_epi8(' ' + 1)));
  return (others & ((1U << size) - 1)) != 0;
}

// Folds the first `size` bytes of `bytes`. A space or a joiner whose neighbours are both plain is
// dealt with here, as is a point before a digit; what concerns other bytes than the neighbours is
// left as special.
[[gnu::always_inline]] inline FoldedBytes FoldBytes(__m128i bytes, size_t size) {
  const __m128i nibble = _mm_set1_epi8(0x0F);
  const __m128i by_low =
      _mm_shuffle_epi8(LoadTable(kSpecialBytes.low), _mm_and_si128(bytes, nibble));
  const __m128i by_high = _mm_shuffle_epi8(LoadTable(kSpecialBytes.high),
                                           _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
  const unsigned valid = (1U << size) - 1;
  const unsigned plain =
      MaskOf(_mm_cmpeq_epi8(_mm_and_si128(by_low, by_high), _mm_setzero_si128())) & valid;
  const __m128i upper = IsAmong26(bytes, 'A');
  __m128i folded = _mm_or_si128(bytes, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
  if (plain == valid) return {folded, 0};
  const __m128i joiners = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')),
                                                    _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_'))),
                                       _mm_cmpeq_epi8(bytes, _mm_set1_epi8('/')));
  const __m128i spaces = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '));
  const unsigned between = (plain << 1) & (plain >> 1);
  const __m128i digits =
      _mm_cmpgt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(127 - '9')), _mm_set1_epi8(127 - 10));
  const unsigned points = MaskOf(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.')));
  const unsigned settled =
      (MaskOf(_mm_or_si128(joiners, spaces)) & between) | (points & (MaskOf(digits) >> 1));
  // A joiner between two letters becomes a space.
  const __m128i letters = IsAmong26(folded, 'a');
  const __m128i among_letters =
      _mm_and_si128(_mm_slli_si128(letters, 1), _mm_srli_si128(letters, 1));
  const __m128i opened = _mm_and_si128(joiners, among_letters);
  folded =
      _mm_or_si128(_mm_andnot_si128(opened, folded), _mm_and_si128(opened, _mm_set1_epi8(' ')));
  return {folded, ~(plain | settled) & valid};
}

// Folds the code point at `at`; returns where the next one begins.
size_t FoldOne(Folder& folder, std::string_view text, size_t at) {
  const char c = text[at];
  size_t next = at + 1;
  CodePoint wide;
  Kind kind = kKinds[static_cast<uint8_t>(c)];
  if (kind == Kind::kWide) {
    wide = DecodeUtf8(text.substr(at));
    next = at + wide.size;
    if (KindOfWide(wide.value) != Kind::kPlain) kind = KindOfWide(wide.value);
  }
  if (kind == Kind::kDropped || kind == Kind::kSeparator) {
    const char32_t value = wide.value == 0 ? static_cast<uint8_t>(c) : wide.value;
    const bool unit = at > 0 && IsUnitMark(value) && IsDigitAt(text, at - 1);
    if (unit || IsDigitAt(text, next)) kind = wide.value == 0 ? Kind::kPlain : Kind::kWide;
  }
  if (kind == Kind::kJoiner && at > 0 && IsLetterAt(text, at - 1) && IsLetterAt(text, next)) {
    kind = Kind::kSpace;
  }
  switch (kind) {
    case Kind::kPlain:
      folder.Put(c);
      break;
    case Kind::kJoiner:
      folder.Put(wide.value == 0 ? c : '-');
      break;
    case Kind::kUpper:
      folder.Put(static_cast<char>(c | 0x20));
      break;
    case Kind::kSpace:
    case Kind::kSeparator:
      folder.Space();
      break;
    case Kind::kDropped:
      break;
    case Kind::kWide:
      folder.PutWide(text.substr(at, wide.size), FindFold(kFoldTable, wide.value));
      break;
  }
  return next;
}

// Folds the `size` bytes at `begin`, of which some are special; returns where the next one begins.
size_t FoldAround(Folder& folder, std::string_view text, size_t begin, size_t size,
                  const FoldedBytes& folded) {
  std::array<char, 32> bytes;
  StoreShort(bytes.data(), folded.bytes);
  StoreShort(bytes.data() + 16, _mm_setzero_si128());
  size_t at = 0;
  for (unsigned special = folded.special; special != 0;) {
    const auto next = static_cast<size_t>(std::countr_zero(special));
    folder.PutFolded(LoadWhole(bytes.data() + at), next - at);
    at = FoldOne(folder, text, begin + next) - begin;
    if (at >= size) return begin + at;
    special &= ~0U << at;
  }
  folder.PutFolded(LoadWhole(bytes.data() + at), size - at);
  return begin + size;
}

// Folds the code point of a key at `at`; returns where the next one begins.
size_t FoldKeyAt(Folder& folder, std::string_view text, size_t at) {
  const char c = text[at];
  switch (kKinds[static_cast<uint8_t>(c)]) {
    case Kind::kSpace:
      folder.Space();
      return at + 1;
    case Kind::kUpper:
      folder.Put(static_cast<char>(c | 0x20));
      return at + 1;
    case Kind::kPlain:
    case Kind::kDropped:
    case Kind::kSeparator:
    case Kind::kJoiner:
      folder.Put(c);
      return at + 1;
    case Kind::kWide:
      break;
  }
  const CodePoint wide = DecodeUtf8(text.substr(at));
  const std::optional<FoldEntry> hangul = LettersOfHangul(wide.value);
  folder.PutWide(text.substr(at, wide.size),
                 hangul.has_value() ? &*hangul : FindFold(kKeyFoldTable, wide.value));
  return at + wide.size;
}

bool HoldsAtSign(std::string_view text) {
  __m128i found = _mm_setzero_si128();
  for (size_t at = 0; at < text.size(); at += 16) {
    const __m128i bytes = LoadShort(text.data() + at, std::min<size_t>(16, text.size() - at));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('@')));
  }
  return MaskOf(found) != 0;
}

// Folds the text, `store` being given its bytes, 16 at a time; some of them twice.
template <typename Store>
char* Fold(char* out, std::string_view text, const Store& store) {
  const auto write_certain_form = [&] {
    char* const end = WriteCertainForm(out, TrimSpace(text));
    for (size_t at = 0; end != nullptr && at < text.size(); at += 16) {
      store(at, LoadShort(text.data() + at, std::min<size_t>(16, text.size() - at)));
    }
    return end;
  };
  if (MayBeNumberForm(text)) [[unlikely]] {
    if (char* const end = write_certain_form()) return end;
  }
  Folder folder(out);
  bool judged = false;  // Whether it may be an address was looked at.
  for (size_t at = 0; at < text.size();) {
    const size_t size = std::min<size_t>(16, text.size() - at);
    const __m128i bytes = LoadShort(text.data() + at, size);
    const FoldedBytes folded = FoldBytes(bytes, size);
    if (folded.special == 0) {
      store(at, bytes);
      folder.PutFolded(folded.bytes, size);
      at += size;
      continue;
    }
    // The last point of an address is special: letters follow. So is what follows a scheme.
    if (!std::exchange(judged, true) && (HoldsAtSign(text) || MayBeUrlForm(TrimSpace(text))))
        [[unlikely]] {
      if (char* const end = write_certain_form()) return end;
    }
    store(at, bytes);
    const size_t next = FoldAround(folder, text, at, size, folded);
    at += size;
    // A code point goes on behind the 16 bytes.
    for (; at < next; ++at) store(at, LoadShort(text.data() + at, 1));
  }
  if (folder.end() > out || text.empty()) return folder.end();
  // ":)" is not ":(".
  const std::string_view trimmed = TrimSpace(text);
  return CopyShort(out, trimmed.data(), trimmed.size());
}

}  // namespace

char* FoldTo(char* out, std::string_view text) {
  return Fold(out, text, [](size_t, __m128i) {});
}

char* FoldAndCopyTo(char* out, char* copy, std::string_view text) {
  return Fold(out, text, [copy](size_t at, __m128i bytes) { StoreShort(copy + at, bytes); });
}

void AppendFolded(std::string& out, std::string_view text) {
  const size_t before = out.size();
  out.resize(before + FoldedBytesMax(text.size()));
  const char* const end = FoldTo(out.data() + before, text);
  out.resize(static_cast<size_t>(end - out.data()));
}

char* FoldKeyTo(char* out, std::string_view text) {
  Folder folder(out);
  // A short text of ASCII without white space needs its letters folded only.
  if (const __m128i bytes = LoadShort(text.data(), std::min<size_t>(16, text.size()));
      text.size() <= 16 && !HoldsOthers(bytes, text.size())) {
    const __m128i upper = IsAmong26(bytes, 'A');
    folder.PutFolded(_mm_or_si128(bytes, _mm_and_si128(upper, _mm_set1_epi8(0x20))), text.size());
    return folder.end();
  }
  for (size_t at = 0; at < text.size();) at = FoldKeyAt(folder, text, at);
  return folder.end();
}

void AppendKeyFolded(std::string& out, std::string_view text) {
  const size_t before = out.size();
  out.resize(before + FoldedBytesMax(text.size()));
  const char* const end = FoldKeyTo(out.data() + before, text);
  out.resize(static_cast<size_t>(end - out.data()));
}

}  // namespace dq
