// What a cell's text is: boolean, integer, decimal, date or text. The rules are published in
// worker/README.md. Stateless; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dq {

class StateReader;
class StateWriter;

enum class ValueType { kBoolean, kInteger, kDecimal, kDate, kText };
inline constexpr size_t kValueTypes = 5;

// "boolean", "integer", "decimal", "date", "text".
std::string_view ValueTypeName(ValueType type);

// Returns `cell` without white space (ASCII white space and U+00A0) at both ends.
std::string_view TrimSpaceAtEnds(std::string_view cell);
inline std::string_view TrimSpace(std::string_view cell) {
  if (cell.empty()) return cell;
  // Neither a space, nor a control character, nor the first or last byte of U+00A0.
  const auto harmless = [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte > ' ' && byte != 0xC2 && byte != 0xA0;
  };
  return harmless(cell.front()) && harmless(cell.back()) ? cell : TrimSpaceAtEnds(cell);
}

// Classifies a trimmed, non-empty value:
//   boolean  true false yes no t f y n, in any case
//   integer  optional sign, 1 to 18 digits, no leading zero ("007" is an identifier: text)
//   decimal  optional sign, 1 to 18 digits without leading zero, ".", 1 to 18 digits
//   date     YYYY-MM-DD or YYYY/MM/DD, optionally followed by "T" or " " and HH:MM[:SS[.fraction]]
//            and "Z" or +HH:MM, or DD.MM.YYYY; only days that exist
//   text     all else
ValueType TypeOf(std::string_view value);

// Whether a value of type `actual` fits a column of type `column`: equal, or an integer among
// decimals, or anything among texts.
bool Conforms(ValueType actual, ValueType column);

// The value of an integer or decimal text as accepted by TypeOf.
double NumberOf(std::string_view value);

// Whether a value of this type is a number that JSON has in this spelling and that every program
// reads back as it is: no plus sign, 15 digits at most.
inline bool IsSafeNumber(std::string_view value, ValueType type) {
  if (type != ValueType::kInteger && type != ValueType::kDecimal) return false;
  const size_t marks = (type == ValueType::kDecimal ? 1 : 0) + (value.front() == '-' ? 1 : 0);
  return value.front() != '+' && value.size() <= 15 + marks;
}

// Digits after the point of a decimal text; 0 for an integer.
int DecimalsOf(std::string_view value);

// Whether the calendar has this day; years count from 1.
bool DayExists(int year, int month, int day);

// The moment of a date text as accepted by TypeOf, in seconds since 1970-01-01 UTC, to compare
// dates: midnight without a time, UTC without a zone.
double MomentOf(std::string_view value);

// Whether a decimal could be a whole number with a point between the thousands: 1.000.
bool IsThousands(std::string_view decimal);
// Whether a text can only be a number with a decimal comma or with points between its thousands:
// 12,5 and 1.234,567 and 1.234.567; not 1,234.
bool IsCommaDecimal(std::string_view text);

// Counts values by type and decides the type of the column.
class TypeCounter {
 public:
  void Add(ValueType type, int64_t times = 1) { counts_[static_cast<size_t>(type)] += times; }
  // The same for a trimmed value, which may tell what points and commas mean in the column.
  void AddValue(std::string_view value, ValueType type) {
    Add(type);
    if (type == ValueType::kDecimal) {
      point_decimals_ += IsThousands(value) ? 0 : 1;
    } else if (type == ValueType::kText && value.front() <= '9') {
      comma_decimals_ += IsCommaDecimal(value) ? 1 : 0;
    }
  }
  // Whether some values can only be numbers with a decimal comma, and none has a decimal point:
  // then 1.000 is a thousand, and there are no decimals.
  bool has_decimal_commas() const { return comma_decimals_ > 0 && point_decimals_ == 0; }
  int64_t total() const;
  // The first of boolean, integer, decimal (integers count, not with decimal commas), date to which
  // at least 95 % of the values conform; text when there is none, and for no values.
  ValueType Decide() const;
  // How many values conform to `type`.
  int64_t Conforming(ValueType type) const;
  // Writes the state; Restore reads it into a new object with the same limits and says with the
  // reader when it cannot be one.
  void Save(StateWriter& writer) const;
  void Restore(StateReader& reader);

 private:
  std::array<int64_t, kValueTypes> counts_{};
  int64_t point_decimals_ = 0;
  int64_t comma_decimals_ = 0;
};

}  // namespace dq
