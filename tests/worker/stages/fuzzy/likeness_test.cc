// Texts of several words are compared by the words that tell, and by how they stand among others.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "worker/stages/dedupe/fuzzy/comparators.h"
#include "worker/stages/dedupe/fuzzy/field_kind.h"
#include "worker/stages/dedupe/fuzzy/letter_bag.h"
#include "worker/stages/dedupe/fuzzy/text_standing.h"
#include "worker/stages/dedupe/fuzzy/word_vectors.h"

namespace dq {
namespace {

TEST(WordsAlike, ShortFormsAndMisspellingsAreNearlyTheWord) {
  for (const auto& [a, b] : {std::pair("deli", "delicatessen"), std::pair("blvd", "boulevard"),
                             std::pair("st", "street"), std::pair("restaurant", "restaurent")}) {
    EXPECT_GT(WordsAlike(a, b), 0.8) << a;
    EXPECT_EQ(WordsAlike(a, b), WordsAlike(b, a)) << a;
  }
  EXPECT_EQ(WordsAlike("54th", "46th"), 0);
  EXPECT_EQ(WordsAlike("st", "road"), 0);
  EXPECT_EQ(WordsAlike("palm", "palm"), 1);
}

class Phrases {
 public:
  explicit Phrases(const std::vector<std::string>& texts) : memory_(1 << 30), values_(memory_) {
    for (const std::string& text : texts) EXPECT_TRUE(values_.Add(text).ok());
    auto vectors = WordVectors::Build(
        values_, [](std::string_view text) { return text; }, memory_);
    EXPECT_TRUE(vectors.ok());
    vectors_.emplace(*std::move(vectors));
  }
  double Similarity(ValueId a, ValueId b) const { return vectors_->Similarity(a, b); }

 private:
  MemoryBudget memory_;
  ValueDictionary values_;
  std::optional<WordVectors> vectors_;
};

TEST(WordVectors, RareWordsCountMoreThanCommonOnesInAnyOrder) {
  std::vector<std::string> texts = {"restaurant katsu",     "katsu",
                                    "la caravelle",         "la cote basque",
                                    "palm the los angeles", "the palm"};
  for (int i = 0; i < 40; ++i) {
    texts.push_back(std::string(1, static_cast<char>('a' + i % 26)) + std::to_string(i) +
                    (i % 2 == 0 ? " restaurant the" : " la los angeles"));
  }
  const Phrases phrases(texts);
  EXPECT_GT(phrases.Similarity(1, 2), 0.75);
  EXPECT_LT(phrases.Similarity(3, 4), 0.25);
  EXPECT_GT(phrases.Similarity(5, 6), 0.6);
  EXPECT_EQ(phrases.Similarity(5, 6), phrases.Similarity(6, 5));
}

TEST(TextStanding, TheBestOfBothStandsAboveAllOthers) {
  MemoryBudget memory(1 << 30);
  absl::StatusOr<TextStanding> created = TextStanding::Create(4, memory);
  ASSERT_TRUE(created.ok()) << created.status();
  TextStanding& standing = *created;  // Records 0 and 1 against 2 and 3.
  standing.Note(0, 2, 0.4F);
  standing.Note(0, 3, 0.2F);
  standing.Note(1, 2, 0.3F);
  standing.Note(1, 3, 0.25F);
  EXPECT_NEAR(standing.Of(0, 2, 0.4), 0.4 / 0.3, 1e-6);
  EXPECT_NEAR(standing.Of(1, 2, 0.3), 0.3 / 0.4, 1e-6);
  EXPECT_LT(standing.Of(0, 3, 0.2), 1);
}

TEST(TextStanding, CountsAgainstTheLimitAsLongAsItLives) {
  MemoryBudget memory(kMemoryReservedBytes + (int64_t{1} << 20));
  const int64_t available = memory.available_bytes();
  {
    absl::StatusOr<TextStanding> standing = TextStanding::Create(50'000, memory);
    ASSERT_TRUE(standing.ok()) << standing.status();
    const TextStanding moved = *std::move(standing);
    EXPECT_EQ(memory.available_bytes(), available - 600'000);
  }
  EXPECT_EQ(memory.available_bytes(), available);
  EXPECT_EQ(ReasonOf(TextStanding::Create(100'000, memory).status()), "OUT_OF_MEMORY");
}

TEST(LetterBag, BoundsTheLikenessOfAnyTwoTexts) {
  std::mt19937 random(7);
  const auto text = [&random] {
    std::string made;
    const size_t size = 1 + random() % 14;
    for (size_t i = 0; i < size; ++i) made += "aabcde 19-\xC3"[random() % 11];
    return made;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string a = text();
    const std::string b = text();
    EXPECT_GE(JaroWinklerMost(a, BagOf(a), b, BagOf(b)), JaroWinkler(a, b) - 1e-9) << a << "|" << b;
  }
  EXPECT_LT(JaroWinklerMost("anna", BagOf("anna"), "violet", BagOf("violet")), 0.5);
  // Of long names other letters are compared in alphabetical order.
  const std::string early(64, 'a');
  const std::string late(64, 'z');
  const std::string a = early + " " + late;
  const std::string b = late + " " + early;
  EXPECT_EQ(JaroWinklerMost(a, BagOf(a), b, BagOf(b)), 1);
}

TEST(SplitAddress, FindsTheHouseBeforeOrBehindTheStreet) {
  EXPECT_EQ(SplitAddress("12224 ventura blvd").house, "12224");
  EXPECT_EQ(SplitAddress("12224 ventura blvd").street, "ventura blvd");
  EXPECT_EQ(SplitAddress("hauptstrasse 7a").house, "7a");
  EXPECT_EQ(SplitAddress("hauptstrasse 7a").street, "hauptstrasse");
  EXPECT_EQ(SplitAddress("one market place").house, "");
  EXPECT_EQ(SplitAddress("12224").house, "");
}

}  // namespace
}  // namespace dq
