// What the texts of a column are about: e-mail addresses, phone numbers, postcodes, URLs,
// countries. The rules are published in worker/README.md. Stateless; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

// What a column was found to be about.
struct SemanticFinding {
  std::string_view type;  // "email", "phone", "postcode", "url", "country"; empty: none of them.
  double conformity = 0;  // Share of the cells with a value that fit it, 0 to 1.
};

// Judges the values of a column; at least 90 % of the cells must fit. Codes of digits alone count
// as phone numbers or postcodes, and codes of two or three letters as countries, only in a column
// whose name says so.
SemanticFinding FindSemanticType(const std::string& name, const EncodedColumn& column);

}  // namespace dq
