#include "worker/table/bytes/text_encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/bytes/decoding_source.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/bytes/utf8.h"
#include "worker/table/bytes/utf8_lines.h"

namespace dq {
namespace {

constexpr double kZeroShareMin = 0.05;     // Of the bytes in every other place, with line ends,
constexpr double kZeroShareCertain = 0.4;  // or without.
constexpr double kPlausibleMin = 0.8;
constexpr double kGuessConfidence = 0.8;
constexpr double kPoorConfidence = 0.3;
constexpr char kNoCharacter = '\xFF';

// Windows-1252, 0x80 to 0x9F; 0: no character.
constexpr std::array<uint16_t, 32> kWindows1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

bool IsLatinLetter(unsigned char byte) {
  return byte >= 0xC0 && byte != 0xD7 && byte != 0xF7 && byte != 0xFF;
}
bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Letters among letters, and the marks that texts have.
bool IsPlausible(std::string_view text, size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0xA0) return kWindows1252[byte - 0x80] != 0;
  if (!IsLatinLetter(byte)) return byte < 0xC0;
  const auto letter = [&](size_t i) {
    return i < text.size() &&
           (IsAsciiLetter(text[i]) || IsLatinLetter(static_cast<unsigned char>(text[i])));
  };
  return (at > 0 && letter(at - 1)) || letter(at + 1);
}

struct HighBytes {
  double utf8 = 0;       // Well-formed characters beyond ASCII.
  double others = 0;     // Bytes of none.
  double plausible = 0;  // Of those, as Windows-1252.
};

void CountHighBytes(std::string_view text, HighBytes& counts) {
  for (size_t at = 0; at < text.size();) {
    const size_t bad = std::min(FindInvalidUtf8(text.substr(at)), text.size() - at);
    for (size_t i = at; i < at + bad; ++i) {
      counts.utf8 += static_cast<unsigned char>(text[i]) >= 0xC0 ? 1 : 0;
    }
    at += bad;
    if (at == text.size()) return;
    counts.others += 1;
    counts.plausible += IsPlausible(text, at) ? 1 : 0;
    ++at;
  }
}

// A piece may begin and end inside of a character.
std::string_view WholeCharacters(std::string_view piece) {
  for (int i = 0; i < 3 && !piece.empty() && (piece.front() & 0xC0) == 0x80; ++i) {
    piece.remove_prefix(1);
  }
  for (size_t i = 1; i <= 3 && i < piece.size(); ++i) {
    const auto byte = static_cast<unsigned char>(piece[piece.size() - i]);
    if (byte < 0x80) break;
    if (byte >= 0xC0) {
      piece.remove_suffix(i);
      break;
    }
  }
  return piece;
}

// Zeros in every other place only, which line feeds have beside them: a stray NUL in text of bytes
// stands elsewhere.
std::optional<TextEncoding> FindUtf16(std::string_view bytes) {
  if (bytes.size() < 4) return std::nullopt;
  double zeros[2] = {0, 0};
  bool line_feed[2] = {false, false};  // A whole one, by the place of its zero.
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\0') continue;
    zeros[i % 2] += 1;
    const size_t other = i % 2 == 1 ? i - 1 : i + 1;
    line_feed[i % 2] |= other < bytes.size() && bytes[other] == '\n';
  }
  const double half = static_cast<double>(bytes.size()) / 2;
  for (const size_t place : {1, 0}) {
    const double share = zeros[place] / half;
    if (zeros[1 - place] > 0) continue;
    if (share > kZeroShareCertain || (share > kZeroShareMin && line_feed[place])) {
      return place == 1 ? TextEncoding::kUtf16Le : TextEncoding::kUtf16Be;
    }
  }
  return std::nullopt;
}

void AppendUtf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

class SingleByteSource final : public DecodingSource {
 public:
  SingleByteSource(std::unique_ptr<ByteSource> inner, TextEncoding encoding)
      : DecodingSource(std::move(inner)), windows_(encoding == TextEncoding::kWindows1252) {
    Rewind();
  }

  const Utf8Lines* utf8_lines() const override { return &lines_; }

 private:
  void Restart() override { lines_ = {}; }

  absl::Status Decode(std::string& out) override {
    DQ_ASSIGN_OR_RETURN(const std::string_view input, Input());
    input.empty() ? lines_.End() : lines_.Add(input);
    for (const char c : input) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        out += c;
      } else if (byte < 0xA0 && windows_) {
        const uint16_t code = kWindows1252[byte - 0x80];
        code == 0 ? out += kNoCharacter : (AppendUtf8(out, code), out);
      } else {
        AppendUtf8(out, byte);
      }
    }
    UseInput(input.size());
    return absl::OkStatus();
  }

  bool windows_;
  Utf8Lines lines_;
};

class Utf16Source final : public DecodingSource {
 public:
  Utf16Source(std::unique_ptr<ByteSource> inner, TextEncoding encoding)
      : DecodingSource(std::move(inner)), low_(encoding == TextEncoding::kUtf16Le ? 0 : 1) {
    Rewind();
  }

 private:
  void Restart() override {
    rest_.clear();
    high_ = 0;
  }

  absl::Status Decode(std::string& out) override {
    while (out.empty()) {
      DQ_ASSIGN_OR_RETURN(const std::string_view input, Input());
      if (input.empty()) {
        if (high_ != 0 || !rest_.empty()) out += kNoCharacter;
        high_ = 0;
        rest_.clear();
        return absl::OkStatus();
      }
      rest_ += input;
      UseInput(input.size());
      const size_t whole = rest_.size() / 2 * 2;
      for (size_t i = 0; i < whole; i += 2) {
        const auto low = static_cast<unsigned char>(rest_[i + low_]);
        const auto high = static_cast<unsigned char>(rest_[i + 1 - low_]);
        Take(static_cast<uint32_t>(high << 8 | low), out);
      }
      rest_.erase(0, whole);
    }
    return absl::OkStatus();
  }

  void Take(uint32_t unit, std::string& out) {
    const bool follows = unit >= 0xDC00 && unit < 0xE000;
    if (high_ != 0) {
      const uint32_t first = std::exchange(high_, 0);
      if (follows) {
        AppendUtf8(out, 0x10000 + ((first - 0xD800) << 10) + (unit - 0xDC00));
        return;
      }
      out += kNoCharacter;
    }
    if (unit >= 0xD800 && unit < 0xDC00) {
      high_ = unit;
    } else if (follows) {
      out += kNoCharacter;
    } else {
      AppendUtf8(out, unit);
    }
  }

  size_t low_;         // Place of the low byte in a unit.
  std::string rest_;   // Half a unit.
  uint32_t high_ = 0;  // The first half of a pair.
};

}  // namespace

absl::StatusOr<FoundEncoding> FindEncoding(std::span<const std::string_view> pieces) {
  const std::string_view start = pieces.front();
  if (start.starts_with("\xEF\xBB\xBF")) return FoundEncoding{};
  if (start.starts_with(std::string_view("\xFF\xFE\0\0", 4)) ||
      start.starts_with(std::string_view("\0\0\xFE\xFF", 4))) {
    return UnsupportedFormat("the file is UTF-32; save it as UTF-8");
  }
  if (start.starts_with("\xFF\xFE")) return FoundEncoding{TextEncoding::kUtf16Le, 1};
  if (start.starts_with("\xFE\xFF")) return FoundEncoding{TextEncoding::kUtf16Be, 1};
  if (const auto utf16 = FindUtf16(start)) return FoundEncoding{*utf16, 0.95};
  HighBytes counts;
  Utf8Lines lines;
  for (const std::string_view piece : pieces) {
    CountHighBytes(WholeCharacters(piece), counts);
    lines.Add(WholeCharacters(piece));
    lines.End();
  }
  if (counts.others == 0) return FoundEncoding{};
  const double high = counts.utf8 + counts.others;
  const bool lines_tell = lines.well_formed() > 0 && lines.well_formed() >= lines.others();
  if (counts.utf8 > counts.others || lines_tell) {
    return FoundEncoding{TextEncoding::kUtf8, counts.utf8 / high};
  }
  if (counts.plausible >= kPlausibleMin * counts.others) {
    const auto others = static_cast<double>(lines.others());
    const double same = others / (others + static_cast<double>(lines.well_formed()));
    return FoundEncoding{TextEncoding::kWindows1252,
                         kGuessConfidence * same * counts.plausible / counts.others};
  }
  return FoundEncoding{TextEncoding::kUtf8, kPoorConfidence};
}

std::unique_ptr<ByteSource> ToUtf8(std::unique_ptr<ByteSource> inner, TextEncoding encoding) {
  if (encoding == TextEncoding::kUtf16Le || encoding == TextEncoding::kUtf16Be) {
    return std::make_unique<Utf16Source>(std::move(inner), encoding);
  }
  return std::make_unique<SingleByteSource>(std::move(inner), encoding);
}

}  // namespace dq
