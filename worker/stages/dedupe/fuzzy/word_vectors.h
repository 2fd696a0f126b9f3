// The values of a field of a few words as weighted words, so that a rare word counts more than one
// that many values hold, and words that are misspelt or shortened still meet: TF-IDF with soft
// equality (W. Cohen, P. Ravikumar, S. Fienberg 2003). Sits under the comparison of records. Read
// by many threads once built.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/value_dictionary.h"

namespace dq {

class WordVectors {
 public:
  // The part of a value whose words count.
  using PartOf = std::function<std::string_view(std::string_view)>;

  // Builds the vectors of all values. OUT_OF_MEMORY.
  static absl::StatusOr<WordVectors> Build(const ValueDictionary& values, const PartOf& part_of,
                                           MemoryBudget& memory);

  // How much of their weight two values share, 0 to 1, whatever the order of their words.
  double Similarity(ValueId a, ValueId b) const;

 private:
  explicit WordVectors(MemoryBudget& memory)
      : taken_(memory, "the words to compare"), words_(memory) {}
  absl::Status AddValue(std::string_view text);
  void Weigh();
  std::span<const ValueId> WordsOf(ValueId id) const {
    return std::span(ids_).subspan(ends_[id - 1], ends_[id] - ends_[id - 1]);
  }

  TakenBytes taken_;
  ValueDictionary words_;     // Counts in how many values a word occurs.
  std::vector<ValueId> ids_;  // The words of a value, each once.
  std::vector<uint64_t> ends_ = {0};
  std::vector<float> rarity_;   // By word.
  std::vector<float> lengths_;  // By value.
};

// How far two words mean the same, 0 to 1: 1 when equal; less when one is a misspelling of the
// other (Jaro-Winkler at least 0.9) or its short form: its beginning ("deli"), or letters of it in
// order from the first to the last ("blvd"). Words with digits are equal or not.
double WordsAlike(std::string_view a, std::string_view b);

}  // namespace dq
