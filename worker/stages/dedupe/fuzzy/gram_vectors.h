// The values of a text field as weighted sets of 3-grams, so that rare parts of a text count more
// than common ones: TF-IDF with cosine similarity. Sits under the comparison of records. Read by
// many threads once built.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/chain/taken_bytes.h"
#include "worker/stages/dedupe/value_dictionary.h"

namespace dq {

class GramVectors {
 public:
  // Builds the vectors of all values. Grams of a text are its sequences of three bytes with a blank
  // before and behind; they are told apart by 20 bits of a hash. OUT_OF_MEMORY.
  static absl::StatusOr<GramVectors> Build(const ValueDictionary& values, MemoryBudget& memory);

  // Cosine of two values, 0 to 1.
  double Cosine(ValueId a, ValueId b) const;
  // The grams of a value, ascending: hash << 12 | times.
  std::span<const uint32_t> grams(ValueId id) const {
    return std::span(grams_).subspan(ends_[id - 1], ends_[id] - ends_[id - 1]);
  }
  // How many different grams a value has on average.
  double MeanGrams() const {
    return static_cast<double>(grams_.size()) / static_cast<double>(ends_.size());
  }
  // The gram without how often it occurs.
  static uint32_t HashOf(uint32_t gram) { return gram >> kTimesBits; }
  // In how many different values a gram occurs.
  uint32_t Documents(uint32_t gram) const { return documents_[gram >> kTimesBits]; }

 private:
  static constexpr int kTimesBits = 12;

  explicit GramVectors(MemoryBudget& memory) : taken_(memory, "the texts to compare") {}
  absl::Status AddValue(std::string_view text);
  void Weigh();
  double Weight(uint32_t gram) const;

  TakenBytes taken_;
  std::vector<uint32_t> grams_;
  std::vector<uint64_t> ends_ = {0};
  std::vector<uint32_t> documents_;
  std::vector<float> rarity_;   // By gram, as is `documents_`.
  std::vector<float> lengths_;  // By value.
};

}  // namespace dq
