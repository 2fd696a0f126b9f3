// Finding out how a file is written and where its table is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "worker/table/delimited/structural_index.h"
#include "worker/table/table_layout.h"

namespace dq {
namespace {

using testing::ElementsAre;

TableLayout LayoutOf(std::string_view text, const DialectChoice& choice = {}) {
  const std::string padded = std::string(text) + std::string(kIndexPaddingBytes, '\0');
  const SamplePiece piece{std::string_view(padded).substr(0, text.size()), true};
  const auto layout = FindTable({&piece, 1}, 0, choice);
  if (!layout.ok() || !layout->has_value()) {
    ADD_FAILURE() << layout.status() << " " << text;
    return {};
  }
  return **layout;
}
Dialect DialectOf(std::string_view text) { return LayoutOf(text).dialect; }
char DelimiterOf(std::string_view text) { return DialectOf(text).delimiter; }

TEST(FindTable, FindsTheDelimiterWithWhichRowsAgree) {
  EXPECT_EQ(DelimiterOf("a,b\n1,2\n"), ',');
  EXPECT_EQ(DelimiterOf("a;b;c\n1,5;2,5;3\n"), ';');
  EXPECT_EQ(DelimiterOf("a\tb\nx, y\tz\n"), '\t');
  EXPECT_EQ(DelimiterOf("a|b\n1|2\n"), '|');
  EXPECT_EQ(DelimiterOf("a,b\n\"x;y;z\",1\n\"x;y\",2\n"), ',');
  EXPECT_EQ(DelimiterOf("user^home^shell\nroot^/root^/bin/sh\nann^/home/ann^/bin/sh\n"), '^');
  EXPECT_EQ(DelimiterOf("a\x01"
                        "b\n1\x01"
                        "2\n"),
            '\x01');
}

TEST(FindTable, SignsInsideValuesAreNoDelimiters) {
  EXPECT_EQ(DelimiterOf("day,at\n2020-01-02,10:20:30\n2020-01-03,10:21:31\n"), ',');
  EXPECT_EQ(LayoutOf("day\n2020-01-02\n2020-01-03\n2020-01-04\n").columns.size(), 1u);
  EXPECT_EQ(LayoutOf("full name\nAda Lovelace\nGrace Hopper\n").columns.size(), 1u);
}

TEST(FindTable, OneColumnIsReadWithADelimiterThatIsNotInItAndNobodyIsSure) {
  const TableLayout layout = LayoutOf("name\nAda, Countess\nGrace\nEdsger\nAlan\n");
  EXPECT_EQ(layout.dialect.delimiter, ';');
  EXPECT_EQ(layout.confidence, 0.5);
  EXPECT_EQ(DelimiterOf("name\nAda\nGrace\n"), ',');
}

TEST(FindTable, FindsLineEnds) {
  EXPECT_EQ(DialectOf("a,b\n").line_end, LineEnd::kLf);
  EXPECT_EQ(DialectOf("a,b\r\n").line_end, LineEnd::kCrLf);
  EXPECT_EQ(DialectOf("a,b\r1,2").line_end, LineEnd::kCr);
  EXPECT_EQ(DialectOf("a,b\r\n\"x\ny\",2\r\n1,2\r\n").line_end, LineEnd::kCrLf);
}

TEST(FindTable, FindsQuotesEscapesAndSpaceBehindDelimiters) {
  EXPECT_EQ(DialectOf("a,b\n'x,y','1'\n'z','2'\n").quote, '\'');
  const Dialect escaped = DialectOf("a,b\n'it\\'s, so','x'\n'y',z\n");
  EXPECT_EQ(escaped.quote, '\'');
  EXPECT_EQ(escaped.escape, '\\');
  EXPECT_EQ(DialectOf("a,b\n\"C:\\dir\\\",1\n\"x\",2\n").escape, 0);
  EXPECT_TRUE(DialectOf("a, b\n1, 2\n3, 4\n").skip_space);
  EXPECT_TRUE(DialectOf("a,b\n\"x, y\", \"z\"\n\"u\", \"v\"\n").skip_space);
  EXPECT_FALSE(DialectOf("a,b\n39, x\n40,7\n").skip_space);
}

TEST(FindTable, ConfidenceIsTheShareOfRowsThatAgree) {
  EXPECT_EQ(LayoutOf("a,b\n1,2\n3,4\n5\n").confidence, 0.75);
}

TEST(FindTable, ACloseRunnerUpTakesConfidence) {
  const TableLayout layout = LayoutOf("a,b;c\n1,2;3\n4,5;6\n");
  EXPECT_EQ(layout.dialect.delimiter, ';');
  EXPECT_LT(layout.confidence, 0.9);
  ASSERT_TRUE(layout.runner_up.has_value());
  EXPECT_EQ(layout.runner_up->delimiter, ',');
}

TEST(FindTable, LinesBeforeTheTableAreKeptApart) {
  const TableLayout layout =
      LayoutOf("Sales report\n\nfor 2020\nname,city,qty\nAda,Rome,1\nBob,Oslo,2\n");
  EXPECT_THAT(layout.columns, ElementsAre("name", "city", "qty"));
  ASSERT_EQ(layout.preamble.size(), 2u);
  EXPECT_EQ(layout.preamble[0].content, "Sales report");
  EXPECT_EQ(layout.preamble[1].byte, 14);
  const TableLayout filled = LayoutOf("Title,,\n,,\nname,city,qty\nAda,Rome,1\nBob,Oslo,2\n");
  EXPECT_THAT(filled.columns, ElementsAre("name", "city", "qty"));
  EXPECT_EQ(filled.preamble.size(), 2u);
}

TEST(FindTable, AFirstRowLikeThoseBelowItIsNoHeader) {
  EXPECT_TRUE(LayoutOf("c,k\nred,1\nred,1\nblue,2\nblue,3\n,4\n").header);
  EXPECT_TRUE(LayoutOf("d,e\n2024-05-01T12:30,x\n2024-05-01T09:15,x\n").header);
  const TableLayout layout = LayoutOf("1,x,2020-01-01\n2,y,2020-01-02\n3,z,2020-01-03\n");
  EXPECT_FALSE(layout.header);
  EXPECT_EQ(layout.data_offset, 0);
  EXPECT_THAT(layout.columns, ElementsAre("column_1", "column_2", "column_3"));
  EXPECT_TRUE(LayoutOf("country,2019,2020\nIT,1,2\nNO,3,4\n").header);
  EXPECT_TRUE(LayoutOf("a,b\nx,y\nz,u\n").header);
  EXPECT_FALSE(
      LayoutOf("http://localhost:1/a,x\nhttp://localhost:2/b,x\nhttp://localhost:3/c,x\n").header);
}

TEST(FindTable, AHeaderThatComesAgainIsStillOne) {
  const TableLayout layout = LayoutOf("id,name,amt\n1,A,5\n2,B,6\nid,name,amt\n3,C,7\n");
  EXPECT_TRUE(layout.header);
  EXPECT_THAT(layout.header_row, ElementsAre("id", "name", "amt"));
  EXPECT_TRUE(LayoutOf("a,day\nx,2024-01-02\na,day\ny,2024-01-03\na,day\nz,2024-01-04\n").header);
  // A record that comes again is none where nothing else tells.
  EXPECT_FALSE(LayoutOf("Ada,Rome\nBo,Oslo\nAda,Rome\nCy,Bern\n").header);
  EXPECT_FALSE(LayoutOf("1,Ada\n2,Bo\n1,Ada\n").header);
}

TEST(FindTable, AHeaderOfOneNameIsToldFromNoRow) {
  EXPECT_THAT(LayoutOf("a,\n1,2\n3,4\n").header_row, ElementsAre());
  EXPECT_THAT(LayoutOf("a\n1\n3\n").header_row, ElementsAre());
  EXPECT_THAT(LayoutOf("a,b,c,\n1,2,3\n4,5,6\n7,8,9\n").header_row, ElementsAre("a", "b", "c", ""));
}

TEST(FindTable, AWordForNothingInTheFirstRowIsNoName) {
  EXPECT_FALSE(LayoutOf("1/2/2008,1:00,NaN\n1/2/2008,2:00,83\n1/2/2008,3:00,84\n").header);
  EXPECT_TRUE(LayoutOf("day,NA\n1/2/2008,83\n1/2/2008,84\n").header);
}

TEST(FindTable, AHeaderOfAnotherWidthIsMadeToFitWhenRowsAgree) {
  EXPECT_THAT(LayoutOf("a,b,c,\n1,2,3\n4,5,6\n7,8,9\n").columns, ElementsAre("a", "b", "c"));
  const TableLayout wide = LayoutOf("a,b,c,d\n1,2,3\n4,5,6\n7,8,9\n");
  EXPECT_THAT(wide.columns, ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(wide.row_cells, 3u);
  EXPECT_THAT(LayoutOf("x,y\n1,a,b\n2,c,d\n3,e,f\n").columns, ElementsAre("column_1", "x", "y"));
  EXPECT_THAT(LayoutOf("x,y\n1,a,\n2,c,\n3,e,\n").columns, ElementsAre("x", "y", "column_3"));
  EXPECT_THAT(LayoutOf("day,qty\n1.5,2,a\n3.5,4,b\n2.5,6,c\n").columns,
              ElementsAre("day", "qty", "column_3"));
}

TEST(FindTable, AStrayQuoteInTheHeaderIsPartOfAName) {
  const TableLayout layout = LayoutOf("\"a,b,\"c\"\n1,2,\"3\"\n4,5,\"6\"\n");
  EXPECT_THAT(layout.columns, ElementsAre("\"a", "b", "c"));
  EXPECT_EQ(layout.notes.size(), 1u);
}

TEST(FindTable, CommentsAreFoundAmongRows) {
  EXPECT_EQ(DialectOf("a,b\n1,2\n# half\n3,4\n").comment, '#');
  EXPECT_EQ(DialectOf("a,b\n1,2\n#3,4\n").comment, 0);
}

TEST(FindTable, WhatIsSaidByHandIsNotFoundOut) {
  const std::string text = "junk\n1;2,3\n4;5,6\n";
  const TableLayout layout = LayoutOf(text, {.delimiter = ';', .skip_lines = 1, .header = true});
  EXPECT_THAT(layout.columns, ElementsAre("1", "2,3"));
  EXPECT_EQ(layout.preamble.size(), 1u);
  EXPECT_FALSE(LayoutOf("a,b\n1,2\n", {.header = false}).header);
  EXPECT_EQ(LayoutOf("a,b\n'x','y'\n", {.quote = '"'}).dialect.quote, '"');
}

TEST(FindTable, ACharacterSaidByHandToBeSomethingIsNoDelimiter) {
  EXPECT_NE(LayoutOf("a\n1\n2\n", {.quote = ','}).dialect.delimiter, ',');
  EXPECT_NE(LayoutOf("a,b\n1,2\n", {.comment = ','}).dialect.delimiter, ',');
  EXPECT_EQ(LayoutOf("a;b\n1;2\n", {.quote = ','}).dialect.delimiter, ';');
  EXPECT_EQ(LayoutOf("a;b\n1;2\n", {.delimiter = ';', .comment = '"'}).dialect.quote, '\0');
  EXPECT_EQ(LayoutOf("a\"b\n1\"2\n", {.delimiter = '"'}).columns.size(), 2U);
}

TEST(FindTable, AQuoteThatIsItsOwnEscapeIsADoubledOne) {
  const TableLayout layout = LayoutOf("a,b\n\"x \"\"y\"\"\",2\n\"z\",3\n", {.escape = '"'});
  EXPECT_EQ(layout.dialect.quote, '"');
  EXPECT_EQ(layout.dialect.escape, '\0');
}

}  // namespace
}  // namespace dq
