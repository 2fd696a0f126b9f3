// Makes the typed errors of reading and writing files, so that reason, code and category of one
// kind of failure are the same everywhere. Stateless.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace dq {

// UNSUPPORTED_FORMAT: the content is not a table this engine reads. Category file.
absl::Status UnsupportedFormat(std::string_view message);

// Where in a file something is wrong: row 0 is the header, columns count from 1 (0: not known).
struct FilePlace {
  int64_t row = 0;
  int64_t column = 0;
  int64_t byte = 0;
};

// PARSE_FAILED{row,column,byte}: a record that is not well formed. Category file.
absl::Status ParseFailed(std::string_view message, const FilePlace& place);

// ENCODING_INVALID{row,byte}: bytes that are not UTF-8. Category file.
absl::Status EncodingInvalid(std::string_view message, const FilePlace& place);

// INPUT_CHANGED: the file is not what it was. Category file.
absl::Status InputChanged(std::string_view message);

// COMPRESSION_INVALID{byte}: a packed file is damaged or cut off at that byte of it. Category file.
absl::Status CompressionInvalid(std::string_view message, int64_t byte);

// UNPACKED_TOO_LARGE: a packed file holds more than a table of its size would. Category file.
absl::Status UnpackedTooLarge(std::string_view message);

// CANCELLED: who asked for the work has stopped it. Category processing.
absl::Status Cancelled();

// IO_FAILED or, when the disk or a quota is full, DISK_FULL. Category system.
absl::Status IoFailed(int error_number, std::string_view what);

}  // namespace dq
