// What can be wrong with a row and what is done about it. Values only.
#pragma once

#include <string_view>

namespace dq {

// What happens to a row that cannot be read as a record.
enum class BadRowPolicy {
  kReject,  // Goes to the rejects file and is counted.
  kFail,    // Fails with PARSE_FAILED or ENCODING_INVALID.
  kPad,     // A short row gets empty cells; anything else is rejected.
};

enum class BadRow {
  kNone,
  kRagged,             // Another number of cells than the header.
  kRepeatedHeader,     // The header again, as where files were put behind each other.
  kInvalidUtf8,        // Bytes that are not UTF-8.
  kNulByte,            // A byte 0.
  kTextAfterQuote,     // Something between a closing quote and the next delimiter.
  kInvalidJson,        // A line of JSON Lines that is no object.
  kDuplicateKey,       // An object that has a key twice.
  kQuoteBeyondLimit,   // An opening quote without its closing one in as much as a row may have.
  kUnterminatedQuote,  // An opening quote without its closing one.
};

inline constexpr BadRow kBadRowLast = BadRow::kUnterminatedQuote;

// The name in the rejects file, for example "unterminated_quote".
std::string_view BadRowName(BadRow kind);

}  // namespace dq
