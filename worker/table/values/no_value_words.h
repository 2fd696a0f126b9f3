// What people and programs write where there is no value: the one list of it, and how far each word
// goes. The vocabulary is published in worker/README.md. Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace dq {

// In which places a word stands for "no value".
enum class NoValue {
  kMark,    // Programs write it: in a cell, and above a column it is no name either.
  kWord,    // People write it: in a cell, unless the column's other values look like it. As the
            // name of a column it is a word like others ("unknown", "empty").
  kPhrase,  // Says so in words: in every cell.
};

struct NoValueWord {
  std::string_view word;  // In lower case (ASCII).
  NoValue reach = NoValue::kWord;
  // Whether it is the value of no record, whatever its column: where records are compared, a word
  // that may be one ("Nil", "Void", "Empty") has been judged by its column already.
  bool never_a_record = false;
};

// No word is longer.
inline constexpr size_t kNoValueWordBytesMax = 16;

// All words, in the order of their bytes.
std::span<const NoValueWord> NoValueWords();

// Returns the word that `lower` (in lower case) is; null: none.
const NoValueWord* FindNoValueWord(std::string_view lower);

}  // namespace dq
