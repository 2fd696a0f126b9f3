// The words that people write for "no value", and the shape of values, by which stage `complete`
// judges whether such a word is data in a column. The rules are published in worker/README.md.
// Immutable after construction; thread-safe.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace dq {

class StateReader;
class StateWriter;

class MissingTokens {
 public:
  // The built-in vocabulary (null \N na n/a #n/a nan nil none - -- ? ?? . .. unknown unk missing
  // tbd void #null! (blank) empty) with `added` and without `removed`, all compared without ASCII
  // case.
  // Without the vocabulary only `added` words are tokens.
  enum class Vocabulary { kUsed, kNotUsed };
  MissingTokens(Vocabulary vocabulary, const std::vector<std::string>& added,
                const std::vector<std::string>& removed);

  // Whether a trimmed, non-empty value is in the vocabulary.
  bool Contains(std::string_view value) const {
    if (value.size() > size_max_ || !first_bytes_[static_cast<uint8_t>(value[0])]) return false;
    return LookUp(value);
  }
  // Whether the value is in the vocabulary because the user said so: then it is never data.
  bool IsAdded(std::string_view value) const;
  // Whether the user said that the value is data.
  bool IsRemoved(std::string_view value) const;

 private:
  bool LookUp(std::string_view value) const;

  absl::flat_hash_set<std::string> tokens_;     // Lower case.
  absl::flat_hash_set<uint64_t> short_tokens_;  // The short ones of them.
  absl::flat_hash_set<std::string> added_;
  absl::flat_hash_set<std::string> removed_;
  size_t size_max_ = 0;
  std::bitset<256> first_bytes_;                     // First bytes of tokens in both cases.
  std::array<uint32_t, 256> sizes_by_first_byte_{};  // Bit n: a token of n bytes (31: 31 or more).
};

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
