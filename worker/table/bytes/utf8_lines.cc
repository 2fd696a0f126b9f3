#include "worker/table/bytes/utf8_lines.h"

#include <algorithm>

#include "worker/table/bytes/utf8.h"

namespace dq {
namespace {

// Whether more bytes could make one character of these.
bool CouldGoOn(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes.front());
  const size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  return bytes.size() < size && std::all_of(bytes.begin() + 1, bytes.end(), [](char c) {
           return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
         });
}

}  // namespace

void Utf8Lines::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.find_first_of("\n\r"), bytes.size());
    AddPart(bytes.substr(0, size));
    place_ += static_cast<int64_t>(size);
    bytes.remove_prefix(size);
    if (bytes.empty()) return;
    EndLine();
    ++place_;
    bytes.remove_prefix(1);
  }
}

void Utf8Lines::End() { EndLine(); }

void Utf8Lines::AddPart(std::string_view part) {
  if (part.empty() || broken_ || (begun_.empty() && IsAscii(part))) return;
  if (beyond_ascii_place_ < 0) {
    const auto beyond = std::find_if(part.begin(), part.end(),
                                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    beyond_ascii_place_ = place_ + (beyond - part.begin());
  }
  begun_ += part;
  const size_t bad = FindInvalidUtf8(begun_);
  if (bad == std::string_view::npos) {
    begun_.clear();
    return;
  }
  begun_.erase(0, bad);
  broken_ = !CouldGoOn(begun_);
  if (broken_) begun_.clear();
}

void Utf8Lines::EndLine() {
  if (beyond_ascii_place_ >= 0) {
    const bool well_formed = !broken_ && begun_.empty();
    ++(well_formed ? well_formed_ : others_);
    if (well_formed && first_place_ < 0) first_place_ = beyond_ascii_place_;
  }
  beyond_ascii_place_ = -1;
  broken_ = false;
  begun_.clear();
}

}  // namespace dq
