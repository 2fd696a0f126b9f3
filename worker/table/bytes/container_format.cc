#include "worker/table/bytes/container_format.h"

#include <string>

#include "worker/table/bytes/file_error.h"

namespace dq {
namespace {

struct Signature {
  std::string_view bytes;
  std::string_view what;
};
constexpr Signature kSignatures[] = {
    {"\x1F\x8B", "packed twice; unpack it first"},
    {"\x28\xB5\x2F\xFD", "packed twice; unpack it first"},
    {"\xFD"
     "7zXZ",
     "compressed with xz; unpack it first"},
    {"PK\x03\x04", "a zip archive or an Excel workbook; save it as CSV"},
    {"\xD0\xCF\x11\xE0", "an old Excel workbook; save it as CSV"},
    {"PAR1\x15", "a Parquet file; export it as CSV"},
    {"%PDF-", "a PDF; export its table as CSV"},
    {"SQLite format 3", "an SQLite database; export its table as CSV"},
};

}  // namespace

absl::Status CheckIsText(std::string_view bytes) {
  // Its fourth byte is the level.
  if (bytes.starts_with("BZh") && bytes.size() > 4 && bytes.substr(4).starts_with("1AY&SY")) {
    return UnsupportedFormat("the file is compressed with bzip2; unpack it first");
  }
  for (const Signature& signature : kSignatures) {
    if (bytes.starts_with(signature.bytes)) {
      return UnsupportedFormat("the file is " + std::string(signature.what));
    }
  }
  return absl::OkStatus();
}

}  // namespace dq
