#include "worker/table/text_fold.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "worker/table/utf8.h"
#include "worker/table/value_type.h"

namespace dq {
namespace {

struct FoldEntry {
  uint16_t from;
  std::array<uint16_t, 3> to;
};
constexpr FoldEntry kFoldTable[] = {
#include "worker/table/fold_table.inc"
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

bool IsDigitAt(std::string_view text, size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

bool IsLetterAt(std::string_view text, size_t at) {
  if (at >= text.size()) return false;
  const char c = text[at];
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<uint8_t>(c) >= 0x80;
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

void AppendUtf8(std::string& out, char32_t value) {
  if (value < 0x80) {
    out += static_cast<char>(value);
  } else if (value < 0x800) {
    out += static_cast<char>(0xC0 | (value >> 6));
    out += static_cast<char>(0x80 | (value & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | (value >> 12));
    out += static_cast<char>(0x80 | ((value >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (value & 0x3F));
  }
}

const FoldEntry* FindFold(char32_t value) {
  const auto* found =
      std::lower_bound(std::begin(kFoldTable), std::end(kFoldTable), value,
                       [](const FoldEntry& entry, char32_t wanted) { return entry.from < wanted; });
  return found != std::end(kFoldTable) && found->from == value ? found : nullptr;
}

// Builds folded text: white space is written only between other things.
class Folder {
 public:
  explicit Folder(std::string& out) : out_(out), begin_(out.size()) {}

  void Space() { space_ = true; }
  void Put(char c) {
    Separate();
    out_ += c;
  }
  // Writes a code point of more than one byte, folded.
  void PutWide(std::string_view bytes, char32_t value) {
    const FoldEntry* fold = FindFold(value);
    if (fold == nullptr) {
      Separate();
      out_ += bytes;
      return;
    }
    for (const uint16_t to : fold->to) {
      if (to == ' ') {
        Space();
      } else if (to != 0) {
        Separate();
        AppendUtf8(out_, to);
      }
    }
  }

 private:
  void Separate() {
    if (space_ && out_.size() > begin_) out_ += ' ';
    space_ = false;
  }

  std::string& out_;
  size_t begin_;
  bool space_ = false;
};

}  // namespace

void AppendFolded(std::string& out, std::string_view text) {
  const size_t begin = out.size();
  Folder folder(out);
  for (size_t at = 0; at < text.size();) {
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
        folder.PutWide(text.substr(at, wide.size), wide.value);
        break;
    }
    at = next;
  }
  // ":)" is not ":(".
  if (out.size() == begin) out += TrimSpace(text);
}

void AppendKeyFolded(std::string& out, std::string_view text) {
  Folder folder(out);
  for (const char c : text) {
    switch (kKinds[static_cast<uint8_t>(c)]) {
      case Kind::kSpace:
        folder.Space();
        break;
      case Kind::kUpper:
        folder.Put(static_cast<char>(c | 0x20));
        break;
      case Kind::kPlain:
      case Kind::kDropped:
      case Kind::kSeparator:
      case Kind::kJoiner:
      case Kind::kWide:
        folder.Put(c);
        break;
    }
  }
}

}  // namespace dq
