// The keys under which records meet: whole values, coarse forms of values (how a name sounds, the
// end of a phone number), rare words and rare 3-grams. Sits under blocking. Read by many threads
// once made.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "worker/stages/dedupe/fuzzy/record_comparison.h"

namespace dq {

using BlockingKey = uint64_t;

// One way to make keys. A record without a value for it has no key.
struct BlockingPass {
  enum class Kind { kValue, kCoarsePair, kWords, kGrams };
  Kind kind = Kind::kValue;
  size_t field = 0;  // Of the comparison.
  size_t other = 0;  // The second field of kCoarsePair.
};

class BlockingKeys {
 public:
  // `comparison` outlives the keys.
  explicit BlockingKeys(const RecordComparison& comparison);

  // The passes that the fields allow.
  const std::vector<BlockingPass>& passes() const { return passes_; }
  // Replaces `keys` by the keys of a record in a pass.
  void Make(const BlockingPass& pass, RecordId record, std::vector<BlockingKey>& keys) const;

 private:
  void PlanPasses();
  void CountWords(size_t field);
  void AddRareWords(size_t field, std::string_view text, std::vector<BlockingKey>& keys) const;
  void AddRareGrams(size_t field, ValueId value, std::vector<BlockingKey>& keys) const;

  const RecordComparison& comparison_;
  std::vector<BlockingPass> passes_;
  std::vector<std::vector<uint32_t>> coarse_;        // By field and value; 0: none.
  std::vector<std::vector<uint32_t>> word_records_;  // By field and hash: values with the word.
};

// How a word sounds: its first letter and the classes of the next consonants, as in Soundex (R.
// Russell 1918) but with four of them. 0 for a text without letters.
uint32_t SoundOf(std::string_view text);

}  // namespace dq
