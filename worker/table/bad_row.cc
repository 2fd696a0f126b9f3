#include "worker/table/bad_row.h"

namespace dq {

std::string_view BadRowName(BadRow kind) {
  switch (kind) {
    case BadRow::kNone:
      return "none";
    case BadRow::kRagged:
      return "ragged";
    case BadRow::kRepeatedHeader:
      return "repeated_header";
    case BadRow::kInvalidUtf8:
      return "invalid_utf8";
    case BadRow::kNulByte:
      return "nul_byte";
    case BadRow::kTextAfterQuote:
      return "text_after_quote";
    case BadRow::kInvalidJson:
      return "invalid_json";
    case BadRow::kDuplicateKey:
      return "duplicate_key";
    case BadRow::kQuoteBeyondLimit:
      return "quote_beyond_limit";
    case BadRow::kUnterminatedQuote:
      return "unterminated_quote";
  }
  return "";
}

}  // namespace dq
