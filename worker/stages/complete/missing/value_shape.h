// The shape of values, by which stage `complete` judges whether a word that people write for "no
// value" is data in a column. The rules are published in worker/README.md. A counter is not
// thread-safe while values are added.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dq {

class StateReader;
class StateWriter;

// What a value looks like.
enum class ValueShape {
  kPunctuation,  // No letter, no digit, no white space.
  kLowerWord,    // One word of letters, case by case; bytes above 0x7F count as lower-case letters.
  kUpperWord,
  kTitleWord,
  kMixedWord,
  kOther,
};
inline constexpr size_t kValueShapes = 6;

// The shape of a trimmed, non-empty value.
ValueShape ShapeOf(std::string_view value);

// Counts the shapes of a column's values, tokens left out.
class ShapeCounter {
 public:
  void Add(std::string_view value) {
    ++total_;
    if (value.back() >= '0' && value.back() <= '9') return;  // kOther.
    if (const ValueShape shape = ShapeOf(value); shape != ValueShape::kOther) Note(shape, value);
  }
  // Whether a token could be one of the values: at least 5 % of them have its shape, and its length
  // in bytes is between their shortest and their longest. Never for kOther, such as "n/a"; without
  // any value, for words.
  bool CouldHold(std::string_view token) const;
  // Writes the state; Restore reads it into a new object made alike and says with the reader when
  // it cannot be one.
  void Save(StateWriter& writer) const;
  void Restore(StateReader& reader);

 private:
  struct Seen {
    int64_t count = 0;
    size_t size_min = SIZE_MAX;
    size_t size_max = 0;
  };
  void Note(ValueShape shape, std::string_view value);

  std::array<Seen, kValueShapes> seen_;  // kOther is not counted.
  int64_t total_ = 0;
};

}  // namespace dq
