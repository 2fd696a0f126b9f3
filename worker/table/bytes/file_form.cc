#include "worker/table/bytes/file_form.h"

namespace dq {

std::string_view TableFormatName(TableFormat format) {
  switch (format) {
    case TableFormat::kDelimited:
      return "delimited";
    case TableFormat::kJsonLines:
      return "json_lines";
  }
  return "";
}

std::string_view CompressionName(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kGzip:
      return "gzip";
    case Compression::kZstd:
      return "zstd";
  }
  return "";
}

std::string_view TextEncodingName(TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::kUtf8:
      return "utf-8";
    case TextEncoding::kUtf16Le:
      return "utf-16le";
    case TextEncoding::kUtf16Be:
      return "utf-16be";
    case TextEncoding::kLatin1:
      return "iso-8859-1";
    case TextEncoding::kWindows1252:
      return "windows-1252";
  }
  return "";
}

}  // namespace dq
