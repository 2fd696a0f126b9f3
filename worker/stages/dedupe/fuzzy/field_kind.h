// What a field of a record is for matching: a name, a long text, a code, a number, a date, a phone
// number, an e-mail address, or nothing to match by; decided from its values alone. Sits between
// the record store and the comparison. Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "worker/stages/dedupe/record_store.h"

namespace dq {

enum class FieldKind {
  kIgnored,  // Says nothing about who is who: empty, constant, or a number of the row itself.
  kName,     // A word, seldom more: a person, a town, a category.
  kPhrase,   // A few words: the name of a shop, a street.
  kAddress,  // The number of a house, and its street.
  kText,     // Many words: a title, an address, a description.
  kCode,     // Digits or letters and digits in one piece: a postcode, an account, a house number.
  kNumber,   // A quantity: a price, an age.
  kDate,
  kPhone,
  kEmail,
  kStanding,  // No column: how a text stands among all that its record could match.
};

// Decides the kind of `field`; looks at all its different values.
FieldKind DecideKind(const RecordStore& store, size_t field);

// The form in which a value of that kind is compared, "" when it holds nothing: phones and codes
// are bare letters and digits, dates YYYYMMDD (day before month only when `day_first`), words such
// as "n/a" nothing.
std::string CanonicalValue(FieldKind kind, std::string_view folded, bool day_first);

// Replaces the values of `field` by their canonical forms. OUT_OF_MEMORY.
absl::Status Canonicalise(RecordStore& store, size_t field, FieldKind kind, MemoryBudget& memory);

// Splits "12224 ventura blvd" and "main street 7a" into the number of one house and the rest;
// both empty when the text is no such address.
struct HouseAndStreet {
  std::string_view house;
  std::string_view street;
};
HouseAndStreet SplitAddress(std::string_view text);

// The number in a text such as "$3,999.00"; NaN when there is none.
double QuantityOf(std::string_view text);

}  // namespace dq
