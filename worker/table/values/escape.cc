#include "worker/table/values/escape.h"

#include "worker/table/bytes/utf8.h"

namespace dq {
namespace {

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

void AppendHex(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

}  // namespace

std::string EscapeUnprintable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t valid = std::min(FindInvalidUtf8(bytes), bytes.size());
    for (const char c : bytes.substr(0, valid)) {
      if (IsControl(c)) {
        AppendHex(out, c);
      } else {
        out += c;
      }
    }
    bytes.remove_prefix(valid);
    if (bytes.empty()) break;
    AppendHex(out, bytes.front());
    bytes.remove_prefix(1);
  }
  return out;
}

}  // namespace dq
