#include "worker/chain/number_lists.h"

#include <algorithm>

namespace dq {
namespace {

// The end of the text whose opening quote is the first character.
size_t EndOfText(std::string_view json) {
  size_t at = 1;
  while (json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return at + 1;
}

}  // namespace

std::string NumberListsOnOneLine(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const size_t before = std::min(json.find_first_of("\"["), json.size());
    out += json.substr(0, before);
    json.remove_prefix(before);
    if (json.empty()) break;
    size_t size = json.front() == '"' ? EndOfText(json) : 1;
    const size_t end =
        json.front() == '[' ? json.find_first_of("\"[]{", 1) : std::string_view::npos;
    if (end != std::string_view::npos && json[end] == ']') {
      size = end + 1;
      for (const char c : json.substr(0, size)) {
        if (c != '\n' && c != ' ') out += c;
        if (c == ',') out += ' ';
      }
    } else {
      out += json.substr(0, size);
    }
    json.remove_prefix(size);
  }
  return out;
}

}  // namespace dq
