// The levels on which two values agree, written down from the published definitions and the rules
// in worker/README.md as plainly as can be, without any of the product's code. Sits beside the test
// that holds it against the real comparison. Slow on purpose; pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dq::naive {

// The restricted distance of Damerau and Levenshtein.
int Edits(const std::string& a, const std::string& b);

// The level of two values of a kind that are known and not equal.
uint32_t NameLevel(const std::string& a, const std::string& b);
uint32_t CodeLevel(const std::string& a, const std::string& b);
uint32_t PhoneLevel(const std::string& a, const std::string& b);
uint32_t EmailLevel(const std::string& a, const std::string& b);
uint32_t DateLevel(const std::string& a, const std::string& b);
// Of numbers with at most four digits behind the point.
uint32_t NumberLevel(const std::string& a, const std::string& b);

// `share` is what the words of the values have in common.
uint32_t PhraseLevel(const std::string& a, const std::string& b, double share);
uint32_t AddressLevel(const std::string& a, const std::string& b, double street_share);
uint32_t TextLevel(double cosine);

// The part of an address whose words count.
std::string StreetOf(const std::string& address);

// The bounds between the levels of shares of a kind: values that lie on one of them to the last
// digit are of either level.
bool IsNearBound(double share);

// Whether the values of two neighbouring columns stand in each other's place; "" is a missing one.
bool AreSwapped(const std::string& a_here, const std::string& a_other, const std::string& b_here,
                const std::string& b_other);

// What two values of a column have in common, 0 to 1, by the rarity of their parts in the column's
// different values.
class Shares {
 public:
  explicit Shares(const std::vector<std::string>& different_values) : values_(different_values) {}
  // Cosine of the 3-grams' TF-IDF weights.
  double OfGrams(const std::string& a, const std::string& b);
  // TF-IDF of words with soft equality; `a` comes before `b` in the column.
  double OfWords(const std::string& a, const std::string& b);

 private:
  using Weights = std::map<std::string, double>;
  const Weights& GramsOf(const std::string& value);
  double RarityOf(const std::string& word);

  std::vector<std::string> values_;
  std::map<std::string, int> gram_values_;  // In how many values a gram occurs.
  std::map<std::string, int> word_values_;
  std::map<std::string, Weights> grams_;  // By value.
};

}  // namespace dq::naive
