// Folding: what becomes equal and, above all, what does not.
#include "worker/table/text_fold.h"

#include <gtest/gtest.h>

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

TEST(TextFold, KeysKeepTheirPunctuation) {
  std::string key;
  AppendKeyFolded(key, "  AB-1.\t x ");
  EXPECT_EQ(key, "ab-1. x");
}

}  // namespace
}  // namespace dq
