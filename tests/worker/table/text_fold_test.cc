// Folding: what becomes equal and, above all, what does not.
#include "worker/table/text_fold.h"

#include <gtest/gtest.h>

#include <cctype>
#include <random>
#include <string>
#include <string_view>

#include "worker/table/value_type.h"

namespace dq {
namespace {

std::string Fold(std::string_view text) {
  std::string out;
  AppendFolded(out, text);
  return out;
}

TEST(TextFold, SpellingsOfTheSameThingBecomeEqual) {
  EXPECT_EQ(Fold("  José   MÜLLER "), "jose muller");
  EXPECT_EQ(Fold("Jose\xCC\x81"), "jose");
  EXPECT_EQ(Fold("Straße"), "strasse");
  EXPECT_EQ(Fold("Ελλάδα"), Fold("ΕΛΛΑΔΑ"));
  EXPECT_EQ(Fold("Москва"), Fold("МОСКВА"));
  EXPECT_EQ(Fold("Łódź"), "lodz");
  EXPECT_EQ(Fold("O'Brien"), "obrien");
  EXPECT_EQ(Fold("O\xE2\x80\x99"
                 "Brien"),
            "obrien");
  EXPECT_EQ(Fold("St. Mary's, Lane"), "st marys lane");
  EXPECT_EQ(Fold("Smith-Jones"), "smith jones");
  EXPECT_EQ(Fold("a\xC2\xA0"
                 "b"),
            "a b");
  EXPECT_EQ(Fold("ＡＢＣ"), "abc");
  EXPECT_EQ(Fold("Jean–Luc"), Fold("Jean-Luc"));
  EXPECT_EQ(Fold("1914 – 1918"), Fold("1914 - 1918"));
  EXPECT_EQ(Fold(" \t"), "");
}

TEST(TextFold, PunctuationThatCarriesMeaningStays) {
  EXPECT_NE(Fold("1.5"), Fold("15"));
  EXPECT_NE(Fold("-5"), Fold("5"));
  EXPECT_NE(Fold("1,000"), Fold("1000"));
  EXPECT_NE(Fold("A+"), Fold("A-"));
  EXPECT_NE(Fold("C#"), Fold("C"));
  EXPECT_NE(Fold(":)"), Fold(":("));
  EXPECT_NE(Fold("..."), Fold(""));
  EXPECT_NE(Fold("5'"), Fold("5\""));
  EXPECT_NE(Fold("5\""), Fold("5"));
  EXPECT_NE(Fold("10:30"), Fold("1030"));
  EXPECT_NE(Fold("2020-01-02"), Fold("20200102"));
}

// The rules of the header for ASCII, one byte at a time.
std::string FoldByByte(std::string_view text) {
  const auto is = [text](size_t at, int (*test)(int)) {
    return at < text.size() && test(static_cast<unsigned char>(text[at])) != 0;
  };
  std::string out;
  bool space = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dropped = c == '.' || c == '\'' || c == '`';
    const bool separates = std::string_view(",;:!?\"()[]{}").find(c) != std::string_view::npos;
    const bool unit = (c == '\'' || c == '"') && i > 0 && is(i - 1, std::isdigit);
    const bool meant = is(i + 1, std::isdigit) || unit;
    const bool joins = c == '-' || c == '_' || c == '/';
    const bool opened = joins && i > 0 && is(i - 1, std::isalpha) && is(i + 1, std::isalpha);
    if (std::isspace(c) != 0 || opened || (separates && !meant)) {
      space = true;
    } else if (!dropped || meant) {
      if (space && !out.empty()) out += ' ';
      space = false;
      out += static_cast<char>(std::tolower(c));
    }
  }
  return out;
}

TEST(TextFold, GivesTheSameAsByteByByteWhereverThingsLie) {
  constexpr std::string_view kBytes = "abcdXYZ019  --.,/_'\"@+\t";
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 60, ' ');
    const size_t kinds = 4 + random() % (kBytes.size() - 3);
    for (char& c : text) c = kBytes[random() % kinds];
    const std::string expected = FoldByByte(text);
    ASSERT_EQ(Fold(text), expected.empty() ? TrimSpace(text) : expected) << text;
  }
}

TEST(TextFold, KeysKeepTheirPunctuation) {
  std::string key;
  AppendKeyFolded(key, "  AB-1.\t x ");
  EXPECT_EQ(key, "ab-1. x");
}

}  // namespace
}  // namespace dq
