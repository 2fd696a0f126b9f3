#include "scheduler/dqctl/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace dq::dqctl {
namespace {

TEST(Table, AlignsByCodePointsAndLeavesNoTrailingSpace) {
  Table table({{"NAME"}, {"N", Align::kRight}});
  table.AddRow({"Müller", "7"});
  table.AddRow({"X", "1,234"});
  table.AddRow({"only"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "NAME        N\nMüller      7\nX       1,234\nonly\n");
}

TEST(Table, AValueCanNeitherBreakTheTableNorSteerTheTerminal) {
  Table table({{""}});
  table.AddRow({"a\nb\x1b[2Jc"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "a b [2Jc\n");
}

TEST(Numbers, ReadWell) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1'000), "1,000");
  EXPECT_EQ(WithThousands(-1'234'567), "-1,234,567");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
}

}  // namespace
}  // namespace dq::dqctl
