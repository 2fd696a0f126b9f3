// Folding: what becomes equal and, above all, what does not.
#include "worker/table/values/text_fold.h"

#include <gtest/gtest.h>

#include <cctype>
#include <random>
#include <string>
#include <string_view>

#include "worker/table/values/value_type.h"

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

TEST(TextFold, AddressesNumbersAndDatesHaveOneForm) {
  EXPECT_EQ(Fold(" Ann.Lee@Example.ORG "), "ann.lee@example.org");
  for (const char* phone : {"+49 (0)30 1234-567", "+49 30 1234567", "+49 30.123.4567"}) {
    EXPECT_EQ(Fold(phone), "+49301234567") << phone;
  }
  for (const char* date : {"2024-01-31", "2024/01/31", "31.01.2024", " 31.01.2024"}) {
    EXPECT_EQ(Fold(date), "2024-01-31") << date;
  }
  EXPECT_EQ(Fold("2024-01-02T10:00:00Z"), Fold("2024/01/02 10:00:00Z"));
}

TEST(TextFold, WhatIsNotCertainKeepsItsForm) {
  // Other boxes.
  EXPECT_NE(Fold("ann.lee@example.org"), Fold("annlee@example.org"));
  EXPECT_NE(Fold("ann-lee@example.org"), Fold("ann_lee@example.org"));
  EXPECT_NE(Fold("ann+x@example.org"), Fold("ann@example.org"));
  // Without the code of a country nobody knows where a number ends; numbers behind a slash are more
  // than one, and a sum is no phone.
  EXPECT_NE(Fold("030 123456"), Fold("0301 23456"));
  EXPECT_NE(Fold("0049 30 123456"), Fold("+49 30 123456"));
  EXPECT_NE(Fold("+49 30 12345678"), Fold("+49 30 1234/5678"));
  EXPECT_NE(Fold("+49 30 1234567"), Fold("+49 30 1234568"));
  EXPECT_NE(Fold("+1.50000000"), Fold("+150000000"));
  EXPECT_NE(Fold("+30 123"), Fold("+301 23"));
  EXPECT_NE(Fold("+49 30 1234567 ext 8"), Fold("+49 30 12345678"));
  // May be the second of January or the first of February; or no day at all.
  EXPECT_NE(Fold("02.01.2024"), Fold("2024-01-02"));
  EXPECT_NE(Fold("02.01.2024"), Fold("2024-02-01"));
  EXPECT_NE(Fold("01/31/2024"), Fold("31/01/2024"));
  EXPECT_NE(Fold("31.02.2024"), Fold("2024-02-31"));
  EXPECT_NE(Fold("2024-01-02 10:00"), Fold("2024-01-02"));
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

std::string KeyOf(std::string_view text) {
  std::string key;
  AppendKeyFolded(key, text);
  return key;
}

TEST(TextFold, KeysAreEqualInAnyCaseAndFormOfTheirLetters) {
  EXPECT_EQ(KeyOf("ÉCOLE"), KeyOf("école"));
  EXPECT_EQ(KeyOf("É"), KeyOf("e\xCC\x81")) << "composed, and with the accent behind it";
  EXPECT_EQ(KeyOf("E\xCC\x81"), KeyOf("é"));
  EXPECT_EQ(KeyOf("ế"), KeyOf("e\xCC\x82\xCC\x81")) << "two accents";
  EXPECT_EQ(KeyOf("ＡＢ－１２"), "ab-12") << "full-width";
  EXPECT_EQ(KeyOf("ｱﾊﾟ"), KeyOf("アパ")) << "half-width";
  EXPECT_EQ(KeyOf("STRASSE 7"), KeyOf("straße 7"));
  EXPECT_EQ(KeyOf("МОСКВА"), KeyOf("москва"));
  EXPECT_EQ(KeyOf("ΕΛΛΆΔΑΣ"), KeyOf("ελλάδας")) << "both forms of sigma";
  EXPECT_EQ(KeyOf("한글"), KeyOf("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"
                                 "\xE1\x84\x80\xE1\x85\xB3\xE1\x86\xAF"));
  EXPECT_EQ(KeyOf("a\xC2\xA0\xE3\x80\x80z"), "a z") << "white space of any kind";
}

TEST(TextFold, WebAddressesDifferByTheirPaths) {
  EXPECT_EQ(Fold(" HTTPS://User:Pw@Example.ORG/Docs?q=A#B "),
            "https://User:Pw@example.org/Docs?q=A#B");
  EXPECT_EQ(Fold("WWW.Example.org/A-b"), "www.example.org/A-b");
  EXPECT_NE(Fold("https://example.org/watch?v=dQw4"), Fold("https://example.org/watch?v=dqW4"));
  EXPECT_NE(Fold("http://x.org/a-b"), Fold("http://x.org/a b"));
  EXPECT_EQ(Fold("HTTP is a protocol: fast"), "http is a protocol fast");
  EXPECT_EQ(Fold("Www: a web."), "www a web");
}

TEST(TextFold, KeysKeepTheirAccentsAndMarks) {
  EXPECT_NE(KeyOf("é"), KeyOf("e"));
  EXPECT_NE(KeyOf("Pena"), KeyOf("Peña"));
  EXPECT_NE(KeyOf("ł"), KeyOf("l"));
  EXPECT_NE(KeyOf("A-1"), KeyOf("A1"));
  EXPECT_NE(KeyOf("o'neil"), KeyOf("oneil"));
}

}  // namespace
}  // namespace dq
