// The words that people write for "no value". Whether such a word is data in a column is for the
// shapes of its values to say (value_shape.h). The rules are published in worker/README.md.
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

}  // namespace dq
