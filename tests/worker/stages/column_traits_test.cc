// Renamed columns, against the rule written down naively.
#include "worker/stages/complete/reference/column_traits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace dq {
namespace {

using Cells = std::vector<std::string>;

std::map<std::string, double> CountsOf(const Cells& cells) {
  std::map<std::string, double> counts;
  for (const std::string& cell : cells) {
    if (!cell.empty()) ++counts[cell];
  }
  return counts;
}

double ShareIn(const Cells& cells, const Cells& other) {
  const auto others = CountsOf(other);
  double all = 0;
  double shared = 0;
  for (const auto& [value, count] : CountsOf(cells)) {
    all += count;
    shared += others.contains(value) ? count : 0;
  }
  return shared / all;
}

// The share of the pairs of letters of two names, none of which begins the other.
double NaiveNames(const std::string& a, const std::string& b) {
  std::multimap<std::string, int> pairs;
  for (size_t i = 0; i + 1 < a.size(); ++i) pairs.emplace(a.substr(i, 2), 0);
  double shared = 0;
  for (size_t i = 0; i + 1 < b.size(); ++i) {
    const auto found = pairs.find(b.substr(i, 2));
    if (found == pairs.end()) continue;
    pairs.erase(found);
    ++shared;
  }
  return 2 * shared / static_cast<double>(a.size() + b.size() - 2);
}

double Confidence(const std::string& name, const Cells& cells, const std::string& other_name,
                  const Cells& others, ValueType type = ValueType::kText,
                  ValueType other_type = ValueType::kText) {
  const std::vector<std::string_view> here(cells.begin(), cells.end());
  const std::vector<std::string_view> there(others.begin(), others.end());
  const EncodedColumn column = EncodeColumn(here);
  const EncodedColumn other = EncodeColumn(there);
  return ColumnTraits(name, type, &column)
      .RenameConfidence(ColumnTraits(other_name, other_type, &other));
}

TEST(RenameConfidence, IsThatOfTheRule) {
  std::mt19937 random(11);
  const auto name = [&random](char first) {
    std::string made(1, first);
    for (size_t size = 3 + random() % 6; size > 0; --size) made += "abcdab"[random() % 6];
    return made;
  };
  const auto cells = [&random] {
    Cells made;
    const size_t values = 20 + random() % 40;
    for (int i = 0; i < 120; ++i) {
      made.push_back(i % 9 == 0 ? "" : "v" + std::to_string(random() % values));
    }
    return made;
  };
  for (int i = 0; i < 300; ++i) {
    const std::string a = name('x');
    const std::string b = name('y');
    const Cells here = cells();
    const Cells there = cells();
    const double shared = std::max(ShareIn(here, there), ShareIn(there, here));
    const double expected = 1 - (1 - 0.9 * shared) * (1 - 0.6 * NaiveNames(a, b));
    EXPECT_NEAR(Confidence(a, here, b, there), std::floor(expected * 1000) / 1000, 0.0011)
        << a << " " << b;
    EXPECT_NEAR(Confidence("E-Mail " + a, here, "e_mail" + a, there), 0.9 + 0.09 * shared, 0.0011);
    EXPECT_EQ(Confidence(a, here, b, there, ValueType::kDate, ValueType::kInteger), 0);
  }
}

TEST(RenameConfidence, FewValuesAndNoSampleSayNothing) {
  const Cells few = {"a", "b", "c", "a", "b", "c"};
  EXPECT_EQ(Confidence("town", few, "city", few), 0);
  EXPECT_EQ(Confidence("mail", few, "Mail", few), 0.9);
  const ColumnTraits unknown("mail", ValueType::kText, nullptr);
  EXPECT_EQ(unknown.RenameConfidence(unknown), 0.9);
}

}  // namespace
}  // namespace dq
