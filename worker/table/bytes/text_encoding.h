// Finds out how the text of a file is encoded, and converts it to UTF-8. Stateless functions and a
// source, which is not thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "worker/table/bytes/byte_source.h"
#include "worker/table/bytes/file_form.h"

namespace dq {

struct FoundEncoding {
  TextEncoding encoding = TextEncoding::kUtf8;
  double confidence = 1;  // 0 to 1.
};

// Judges pieces of a file, of which the first is its beginning; others may begin and end anywhere.
// By this order: a byte order mark; zero bytes in every other place, which make line feeds: UTF-16;
// well-formed UTF-8; more characters of UTF-8 than other bytes, or no fewer lines of UTF-8 than
// others: UTF-8, whose bad rows are for the reader; bytes that make sense as letters and marks of
// Windows-1252: that, which is Latin-1 too where that is meant; else UTF-8, with little confidence.
// UNSUPPORTED_FORMAT for UTF-32.
absl::StatusOr<FoundEncoding> FindEncoding(std::span<const std::string_view> pieces);

// Gives out `inner` as UTF-8; a byte order mark becomes that of UTF-8. What is no character (half a
// pair of UTF-16, a byte that Windows-1252 does not have) becomes a byte 0xFF, so that its row is
// read as one that is not UTF-8. `encoding` is not kUtf8.
std::unique_ptr<ByteSource> ToUtf8(std::unique_ptr<ByteSource> inner, TextEncoding encoding);

}  // namespace dq
