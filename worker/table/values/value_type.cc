#include "worker/table/values/value_type.h"

#include <tmmintrin.h>

#include <bit>
#include <charconv>
#include <chrono>
#include <numeric>

#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"
#include "worker/table/values/ascii.h"
#include "worker/table/values/short_text.h"

namespace dq {
namespace {

constexpr size_t kDigitsMax = 18;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

size_t CountDigits(std::string_view text, size_t from) {
  size_t at = from;
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at - from;
}

int Number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

double DaySeconds(int year, int month, int day) {
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  return 86400.0 * static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count());
}

// Takes "NN" below `limit` after the character `before`.
bool TakePair(std::string_view& text, char before, int limit) {
  if (text.size() < 3 || text[0] != before || CountDigits(text, 1) < 2) return false;
  if (Number(text.substr(1, 2)) >= limit) return false;
  text.remove_prefix(3);
  return true;
}

bool IsZone(std::string_view text) {
  if (text.empty() || text == "Z") return true;
  if (text[0] != '+' && text[0] != '-') return false;
  return TakePair(text, text[0], 24) && TakePair(text, ':', 60) && text.empty();
}

bool IsTime(std::string_view text) {
  if (text.empty()) return true;
  if (!TakePair(text, text[0] == 'T' ? 'T' : ' ', 24) || !TakePair(text, ':', 60)) return false;
  if (TakePair(text, ':', 60) && !text.empty() && text[0] == '.') {
    const size_t digits = CountDigits(text, 1);
    if (digits == 0) return false;
    text.remove_prefix(1 + digits);
  }
  return IsZone(text);
}

// Whether eight bytes are digits (as in simdjson, Langdale and Lemire 2019).
bool AreDigits(uint64_t bytes) {
  return ((bytes & 0xF0F0F0F0F0F0F0F0) |
          (((bytes + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4)) == 0x3333333333333333;
}

// The two digits at `at` as a number.
int PairAt(std::string_view text, size_t at) {
  return 10 * (text[at] - '0') + (text[at + 1] - '0');
}

// The year, month and day of YYYY-MM-DD.
struct Day {
  explicit Day(std::string_view text)
      : year(100 * PairAt(text, 0) + PairAt(text, 2)),
        month(PairAt(text, 5)),
        day(PairAt(text, 8)) {}
  int year;
  int month;
  int day;
};

bool IsDate(std::string_view value) {
  if (value.size() < 10 || value.size() > 40) return false;
  if (value.size() == 10 && value[4] == '-' && value[7] == '-') {
    const std::array<char, 8> digits = {value[0], value[1], value[2], value[3],
                                        value[5], value[6], value[8], value[9]};
    const Day day(value);
    return AreDigits(std::bit_cast<uint64_t>(digits)) && DayExists(day.year, day.month, day.day);
  }
  if (value[2] == '.' && value[5] == '.') {
    return value.size() == 10 && CountDigits(value, 0) == 2 && CountDigits(value, 3) == 2 &&
           CountDigits(value, 6) == 4 &&
           DayExists(Number(value.substr(6, 4)), Number(value.substr(3, 2)),
                     Number(value.substr(0, 2)));
  }
  const char mark = value[4];
  if ((mark != '-' && mark != '/') || value[7] != mark || CountDigits(value, 0) != 4) return false;
  if (CountDigits(value, 5) != 2 || CountDigits(value.substr(0, 10), 8) != 2) return false;
  return DayExists(Number(value.substr(0, 4)), Number(value.substr(5, 2)),
                   Number(value.substr(8, 2))) &&
         IsTime(value.substr(10));
}

// Counts digits in a text from place to place, at once when it is short.
class DigitRuns {
 public:
  explicit DigitRuns(std::string_view text) : text_(text), short_(text.size() <= 16) {
    if (short_) digits_ = DigitsOf(LoadShort(text.data(), text.size()));
  }
  size_t CountFrom(size_t at) const {
    if (!short_) return CountDigits(text_, at);
    return static_cast<size_t>(std::countr_zero(~(digits_ >> at)));
  }

 private:
  // A bit for every byte that is a digit.
  static unsigned DigitsOf(__m128i bytes) {
    const __m128i above = _mm_add_epi8(bytes, _mm_set1_epi8(127 - '9'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpgt_epi8(above, _mm_set1_epi8(127 - 10))));
  }

  std::string_view text_;
  bool short_;
  unsigned digits_ = 0;
};

ValueType TypeOfNumberOrDate(std::string_view value) {
  const DigitRuns runs(value);
  const size_t sign = value[0] == '+' || value[0] == '-' ? 1 : 0;
  const size_t whole = runs.CountFrom(sign);
  const size_t end = sign + whole;
  const bool canonical = whole == 1 || (whole > 1 && whole <= kDigitsMax && value[sign] != '0');
  if (canonical && end == value.size()) return ValueType::kInteger;
  if (canonical && value[end] == '.') {
    const size_t fraction = runs.CountFrom(end + 1);
    if (fraction >= 1 && fraction <= kDigitsMax && end + 1 + fraction == value.size()) {
      return ValueType::kDecimal;
    }
  }
  return sign == 0 && IsDate(value) ? ValueType::kDate : ValueType::kText;
}

// A number of so many digits at most is an integer that a double holds, divided by a power of ten
// that a double holds: rounded once, so it is the nearest one (Clinger 1990).
constexpr size_t kExactDigits = 15;
constexpr std::array kPowersOfTen = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// The place of the point in a number of 16 bytes at most; that behind its last byte without one.
size_t PointOf(__m128i bytes, size_t size) {
  const __m128i points = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'));
  const auto found = static_cast<unsigned>(_mm_movemask_epi8(points)) | 1U << size;
  return static_cast<size_t>(std::countr_zero(found));
}

// The digits of a number of 15 bytes at most as an integer: they are moved to the end of 16 bytes,
// the point left out, and added up in pairs.
int64_t DigitsAsInteger(__m128i bytes, size_t size, size_t sign, size_t point) {
  const size_t digits = size - sign - (point < size ? 1 : 0);
  const __m128i order = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m128i shift = _mm_set1_epi8(static_cast<char>(sign + digits - 16));
  __m128i from = _mm_add_epi8(order, shift);
  const __m128i first = _mm_set1_epi8(static_cast<char>(sign - 1));
  const __m128i inside = _mm_cmpgt_epi8(from, first);
  const __m128i behind = _mm_cmpgt_epi8(from, _mm_set1_epi8(static_cast<char>(point - 1)));
  from = _mm_sub_epi8(from, behind);
  const __m128i values = _mm_sub_epi8(_mm_shuffle_epi8(bytes, from), _mm_set1_epi8('0'));
  const __m128i pairs =
      _mm_maddubs_epi16(_mm_and_si128(values, inside),
                        _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1));
  const __m128i fours = _mm_madd_epi16(pairs, _mm_setr_epi16(100, 1, 100, 1, 100, 1, 100, 1));
  const __m128i eights = _mm_madd_epi16(_mm_packs_epi32(fours, fours),
                                        _mm_setr_epi16(10000, 1, 10000, 1, 10000, 1, 10000, 1));
  const int64_t both = _mm_cvtsi128_si64(eights);
  return (both & 0xFFFFFFFF) * 100'000'000 + (both >> 32);
}

double NumberOfShort(std::string_view value) {
  const __m128i bytes = LoadShort(value.data(), value.size());
  const size_t sign = value[0] == '+' || value[0] == '-' ? 1 : 0;
  const size_t point = PointOf(bytes, value.size());
  const auto digits = static_cast<double>(DigitsAsInteger(bytes, value.size(), sign, point));
  const size_t decimals = point < value.size() ? value.size() - point - 1 : 0;
  const double number = digits / kPowersOfTen[decimals];
  return value[0] == '-' ? -number : number;
}

bool IsBoolean(std::string_view value) {
  if (value.size() > 5) return false;
  std::array<char, 5> lower{};
  for (size_t i = 0; i < value.size(); ++i) lower[i] = static_cast<char>(value[i] | 0x20);
  const std::string_view text(lower.data(), value.size());
  return text == "true" || text == "false" || text == "yes" || text == "no" || text == "t" ||
         text == "f" || text == "y" || text == "n";
}

}  // namespace

bool DayExists(int year, int month, int day) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  if (day <= kDays[static_cast<size_t>(month - 1)]) return true;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && day == 29 && leap;
}

std::string_view ValueTypeName(ValueType type) {
  switch (type) {
    case ValueType::kBoolean:
      return "boolean";
    case ValueType::kInteger:
      return "integer";
    case ValueType::kDecimal:
      return "decimal";
    case ValueType::kDate:
      return "date";
    case ValueType::kText:
      return "text";
  }
  return "text";
}

std::string_view TrimSpaceAtEnds(std::string_view cell) {
  constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
  for (;;) {
    if (!cell.empty() && IsSpace(cell.front())) {
      cell.remove_prefix(1);
    } else if (cell.starts_with(kNoBreakSpace)) {
      cell.remove_prefix(2);
    } else {
      break;
    }
  }
  for (;;) {
    if (!cell.empty() && IsSpace(cell.back())) {
      cell.remove_suffix(1);
    } else if (cell.ends_with(kNoBreakSpace)) {
      cell.remove_suffix(2);
    } else {
      return cell;
    }
  }
}

ValueType TypeOf(std::string_view value) {
  const char first = value[0];
  if (IsDigit(first)) return TypeOfNumberOrDate(value);
  switch (first) {
    case '+':
    case '-':
      return TypeOfNumberOrDate(value);
    case 't':
    case 'T':
    case 'f':
    case 'F':
    case 'y':
    case 'Y':
    case 'n':
    case 'N':
      return IsBoolean(value) ? ValueType::kBoolean : ValueType::kText;
    default:
      return ValueType::kText;
  }
}

bool Conforms(ValueType actual, ValueType column) {
  return actual == column || column == ValueType::kText ||
         (actual == ValueType::kInteger && column == ValueType::kDecimal);
}

double NumberOf(std::string_view value) {
  if (value.size() <= kExactDigits) return NumberOfShort(value);
  if (value.starts_with('+')) value.remove_prefix(1);
  double number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

int DecimalsOf(std::string_view value) {
  if (value.size() <= kExactDigits) {
    const size_t place = PointOf(LoadShort(value.data(), value.size()), value.size());
    return place < value.size() ? static_cast<int>(value.size() - place - 1) : 0;
  }
  const size_t point = value.find('.');
  return point == std::string_view::npos ? 0 : static_cast<int>(value.size() - point - 1);
}

double MomentOf(std::string_view value) {
  if (value[2] == '.') {
    return DaySeconds(Number(value.substr(6, 4)), Number(value.substr(3, 2)),
                      Number(value.substr(0, 2)));
  }
  const Day day(value);
  double moment = DaySeconds(day.year, day.month, day.day);
  value.remove_prefix(10);
  if (value.empty()) return moment;
  moment += Number(value.substr(1, 2)) * 3600 + Number(value.substr(4, 2)) * 60;
  value.remove_prefix(6);
  if (value.starts_with(':')) {
    double seconds = 0;
    const char* const end = value.data() + value.size();
    value.remove_prefix(
        static_cast<size_t>(std::from_chars(value.data() + 1, end, seconds).ptr - value.data()));
    moment += seconds;
  }
  if (value.size() < 6) return moment;
  const int offset = Number(value.substr(1, 2)) * 3600 + Number(value.substr(4, 2)) * 60;
  return value[0] == '-' ? moment + offset : moment - offset;
}

bool IsThousands(std::string_view decimal) {
  if (decimal.front() == '-' || decimal.front() == '+') decimal.remove_prefix(1);
  const size_t point = decimal.find('.');
  return point <= 3 && decimal.size() - point == 4 && decimal.front() != '0';
}

bool IsCommaDecimal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const auto take_digits = [&text] {
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(digits);
    return digits;
  };
  const size_t first = take_digits();
  size_t groups = 0;
  for (; first > 0 && text.starts_with('.'); ++groups) {
    text.remove_prefix(1);
    if (first > 3 || take_digits() != 3) return false;
  }
  if (first == 0) return false;
  if (text.empty()) return groups >= 2;
  if (text.front() != ',') return false;
  text.remove_prefix(1);
  const size_t decimals = take_digits();
  return text.empty() && decimals > 0 && (groups > 0 || decimals != 3 || first > 3);
}

int64_t TypeCounter::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

ValueType TypeCounter::Decide() const {
  const int64_t all = total();
  if (all == 0) return ValueType::kText;
  for (const ValueType type :
       {ValueType::kBoolean, ValueType::kInteger, ValueType::kDecimal, ValueType::kDate}) {
    if (type == ValueType::kDecimal && has_decimal_commas()) continue;
    if (20 * Conforming(type) >= 19 * all) return type;
  }
  return ValueType::kText;
}

int64_t TypeCounter::Conforming(ValueType type) const {
  if (type == ValueType::kText) return total();
  int64_t count = counts_[static_cast<size_t>(type)];
  if (type == ValueType::kDecimal) count += counts_[static_cast<size_t>(ValueType::kInteger)];
  return count;
}

void TypeCounter::Save(StateWriter& writer) const {
  for (const int64_t count : counts_) writer.Put(count);
  writer.Put(point_decimals_);
  writer.Put(comma_decimals_);
}

void TypeCounter::Restore(StateReader& reader) {
  for (int64_t& count : counts_) count = reader.GetCount(kStateCountMax);
  point_decimals_ = reader.GetCount(kStateCountMax);
  comma_decimals_ = reader.GetCount(kStateCountMax);
}

}  // namespace dq
