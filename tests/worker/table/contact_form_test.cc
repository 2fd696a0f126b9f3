// What is told from its form: addresses, phone numbers, words for "no value".
#include "worker/table/values/contact_form.h"

#include <gtest/gtest.h>

#include "worker/table/values/no_value_words.h"

namespace dq {
namespace {

TEST(ContactForm, AnEmailAddressHasANameWithAPointBehindItsAt) {
  for (const char* text : {"a@b.org", "Ann.O'Hara+x@mail.example.co.uk", "jürgen@müller.de"}) {
    EXPECT_TRUE(IsEmail(text)) << text;
  }
  for (const char* text : {"@b.org", "a@b", "a b@c.org", "a@b.c", "a@b@c.org", "a,b@c.org", ""}) {
    EXPECT_FALSE(IsEmail(text)) << text;
  }
}

TEST(ContactForm, AWebAddressSaysSoAndNamesAHost) {
  for (const char* text :
       {"http://a.org", "HTTPS://A.org:80/x?y#z", "www.a.org", "ftp://a.org/",
        "http://localhost:8080/x", "https://user:pw@host.org/", "http://10.0.0.5"}) {
    EXPECT_TRUE(IsUrl(text)) << text;
  }
  for (const char* text : {"http://", "a.org", "http://a.org/b c", "www.", "www.localhost"}) {
    EXPECT_FALSE(IsUrl(text)) << text;
  }
}

TEST(ContactForm, APhoneNumberIsSevenToFifteenDigitsAndTheirMarks) {
  const auto marked = ReadPhone("+49 (0)30/123-456");
  ASSERT_TRUE(marked.has_value());
  EXPECT_EQ(marked->digits, 11);
  EXPECT_TRUE(marked->separated);
  EXPECT_FALSE(ReadPhone("+4930123456")->separated);
  EXPECT_FALSE(ReadPhone("030.123.456")->separated);
  for (const char* text : {"123456", "1234567890123456", "555-CALL-NOW", "1,234,567", ""}) {
    EXPECT_FALSE(ReadPhone(text).has_value()) << text;
  }
}

TEST(NoValueWords, AreFoundInLowerCaseAlone) {
  for (const NoValueWord& known : NoValueWords()) {
    const NoValueWord* const found = FindNoValueWord(known.word);
    ASSERT_NE(found, nullptr) << known.word;
    EXPECT_EQ(found->word, known.word);
  }
  for (const char* text : {"NULL", "nul", "nulll", "", "zzz"}) {
    EXPECT_EQ(FindNoValueWord(text), nullptr) << text;
  }
}

TEST(NoValueWords, OnlyWhatProgramsWriteIsNoNameOfAColumn) {
  EXPECT_EQ(FindNoValueWord("nan")->reach, NoValue::kMark);
  EXPECT_EQ(FindNoValueWord("unknown")->reach, NoValue::kWord);
  EXPECT_EQ(FindNoValueWord("not available")->reach, NoValue::kPhrase);
}

}  // namespace
}  // namespace dq
