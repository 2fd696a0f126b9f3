// The form in which a table lies in a file, apart from its dialect. Values only.
#pragma once

#include <string_view>

namespace dq {

enum class TableFormat { kDelimited, kJsonLines };
enum class Compression { kNone, kGzip, kZstd };
enum class TextEncoding { kUtf8, kUtf16Le, kUtf16Be, kLatin1, kWindows1252 };

struct FileForm {
  TableFormat format = TableFormat::kDelimited;
  Compression compression = Compression::kNone;
  TextEncoding encoding = TextEncoding::kUtf8;
  double encoding_confidence = 1;
};

// "delimited", "json_lines".
std::string_view TableFormatName(TableFormat format);
// "none", "gzip", "zstd".
std::string_view CompressionName(Compression compression);
// "utf-8", "utf-16le", "utf-16be", "iso-8859-1", "windows-1252".
std::string_view TextEncodingName(TextEncoding encoding);

}  // namespace dq
