// Finding the dialect of a file.
#include "worker/table/dialect.h"

#include <gtest/gtest.h>

#include <string>

namespace dq {
namespace {

char DelimiterOf(const std::string& text) { return DetectDialect(text)->delimiter; }

TEST(DetectDialect, FindsTheDelimiterWithWhichRowsAgree) {
  EXPECT_EQ(DelimiterOf("a,b\n1,2\n"), ',');
  EXPECT_EQ(DelimiterOf("a;b;c\n1,5;2,5;3\n"), ';');
  EXPECT_EQ(DelimiterOf("a\tb\nx, y\tz\n"), '\t');
  EXPECT_EQ(DelimiterOf("a|b\n1|2\n"), '|');
  EXPECT_EQ(DelimiterOf("a,b\n\"x;y;z\",1\n\"x;y\",2\n"), ',');
}

TEST(DetectDialect, OneColumnIsACommaThatNobodyIsSureOf) {
  const auto dialect = DetectDialect("name\nAda\nGrace\n");
  EXPECT_EQ(dialect->delimiter, ',');
  EXPECT_EQ(dialect->confidence, 0.5);
}

TEST(DetectDialect, FindsLineEndsAndByteOrderMark) {
  EXPECT_EQ(DetectDialect("a,b\n")->line_end, LineEnd::kLf);
  EXPECT_EQ(DetectDialect("a,b\r\n")->line_end, LineEnd::kCrLf);
  EXPECT_EQ(DetectDialect("a,b\r1,2")->line_end, LineEnd::kCr);
  EXPECT_TRUE(DetectDialect("\xEF\xBB\xBF"
                            "a,b\n")
                  ->bom);
}

TEST(DetectDialect, ConfidenceIsTheShareOfRowsThatAgree) {
  EXPECT_EQ(DetectDialect("a,b\n1,2\n3,4\n5\n")->confidence, 0.75);
}

}  // namespace
}  // namespace dq
