// Columns that repeat one another are compared as one text.
#include "worker/stages/dedupe/fuzzy/planned_fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "tests/worker/stages/fuzzy/filled_store.h"

namespace dq {
namespace {

using Column = std::vector<std::string>;
using Table = std::vector<Column>;

// The records of a table.
class Records {
 public:
  explicit Records(const Table& table) {
    std::vector<size_t> columns(table.size());
    std::iota(columns.begin(), columns.end(), 0);
    store_.emplace(columns, CellForm::kFolded, memory_);
    AddRows(*store_, table);
  }

  absl::StatusOr<std::vector<PlannedField>> Plan(std::function<bool()> stop = {}) {
    return PlanFields(
        *store_,
        {.memory = memory_, .pool = pool_, .rows_max = [] { return 1; }, .stop = std::move(stop)});
  }

 private:
  MemoryBudget memory_{int64_t{1} << 30};
  TaskPool pool_{1};
  std::optional<RecordStore> store_;
};

// The columns that are compared as one, in the order of the fields.
std::vector<std::vector<size_t>> GroupsOf(const Table& table) {
  const auto plan = Records(table).Plan();
  EXPECT_TRUE(plan.ok()) << plan.status();
  std::vector<std::vector<size_t>> groups;
  for (const PlannedField& field : *plan) groups.push_back(field.columns);
  return groups;
}

std::set<std::string> WordsOf(const std::string& cell) {
  std::istringstream in(cell);
  return {std::istream_iterator<std::string>(in), {}};
}

bool CellsRepeat(const std::string& a, const std::string& b) {
  const std::set<std::string> left = WordsOf(a);
  const std::set<std::string> right = WordsOf(b);
  const auto both = std::count_if(left.begin(), left.end(),
                                  [&](const std::string& word) { return right.contains(word); });
  return 2 * static_cast<size_t>(both) >= std::min(left.size(), right.size());
}

bool ColumnsRepeat(const Column& a, const Column& b) {
  size_t repeating = 0;
  for (size_t row = 0; row < a.size(); ++row) repeating += CellsRepeat(a[row], b[row]) ? 1 : 0;
  return 10 * repeating >= 3 * a.size();
}

// The same as GroupsOf for tables of long texts, every pair asked again after every join.
std::vector<std::vector<size_t>> NaiveGroups(Table table) {
  std::vector<std::vector<size_t>> groups;
  for (size_t i = 0; i < table.size(); ++i) groups.push_back({i});
  for (size_t i = 0; i < table.size();) {
    std::vector<size_t> repeating;
    for (size_t j = 0; j < table.size(); ++j) {
      if (j == i || ColumnsRepeat(table[i], table[j])) repeating.push_back(j);
    }
    if (repeating.size() == 1) {
      ++i;
      continue;
    }
    Column joined(table.front().size());
    std::vector<size_t> columns;
    for (const size_t j : repeating) {
      columns.insert(columns.end(), groups[j].begin(), groups[j].end());
      for (size_t row = 0; row < joined.size(); ++row) joined[row] += table[j][row] + " ";
    }
    for (size_t k = repeating.size(); k-- > 0;) {
      table.erase(table.begin() + static_cast<ptrdiff_t>(repeating[k]));
      groups.erase(groups.begin() + static_cast<ptrdiff_t>(repeating[k]));
    }
    table.push_back(joined);
    groups.push_back(columns);
    i = 0;
  }
  return groups;
}

std::string RandomWords(std::mt19937& random, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += i > 0 ? " w" : "w";
    for (int letter = 0; letter < 4; ++letter) text += static_cast<char>('a' + random() % 26);
  }
  return text;
}

// The first `count` words of a cell, all of it when it has fewer.
std::string FirstWords(const std::string& cell, size_t count) {
  size_t end = 0;
  for (; count > 0 && end < cell.size(); --count)
    end = std::min(cell.find(' ', end + 1), cell.size());
  return cell.substr(0, end);
}

TEST(PlanFields, OnlyDaysThatExistMakeDates) {
  Table table(2);
  for (int row = 0; row < 60; ++row) {
    const std::string month = "2024-0" + std::to_string(1 + row % 9);
    table[0].push_back(month + "-" + std::to_string(10 + row % 18));
    table[1].push_back("2024-02-" + std::to_string(30 + row % 2));
  }
  const auto plan = Records(table).Plan();
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ((*plan)[0].kind, FieldKind::kDate);
  EXPECT_NE((*plan)[1].kind, FieldKind::kDate);
}

TEST(DerivedFields, ATextAndWhatItRepeatsAreComparedAsOne) {
  std::mt19937 random(3);
  Table table(4);
  for (size_t row = 0; row < 100; ++row) {
    const std::string title = RandomWords(random, 5);
    table[0].push_back(FirstWords(title, 1));
    table[1].push_back(title);
    table[2].push_back(RandomWords(random, 1));
    table[3].push_back(title + " " + RandomWords(random, 20));
  }
  const std::vector<std::vector<size_t>> expected = {{2}, {0, 1, 3}};
  EXPECT_EQ(GroupsOf(table), expected);
}

TEST(DerivedFields, GroupsAreThoseOfAskingAllPairsAgainAfterEveryJoin) {
  size_t joined = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    Table table(3 + random() % 7);
    for (size_t i = 0; i < table.size(); ++i) {
      // Some columns take words of one or two before them.
      const size_t from = random() % (2 * table.size());
      const size_t also = random() % (2 * table.size());
      for (size_t row = 0; row < 40; ++row) {
        std::string cell = RandomWords(random, 5 + random() % 4);
        if (from < i)
          cell = FirstWords(table[from][row], 2 + random() % 3) + " " + FirstWords(cell, 3);
        if (also < i) cell += " " + FirstWords(table[also][row], 2 + random() % 2);
        table[i].push_back(cell);
      }
    }
    const std::vector<std::vector<size_t>> expected = NaiveGroups(table);
    EXPECT_EQ(GroupsOf(table), expected) << "seed " << seed;
    joined += table.size() - expected.size();
  }
  EXPECT_GT(joined, 60U);
}

TEST(DerivedFields, OfManyColumnsTheMostTellingAreJoined) {
  std::mt19937 random(5);
  Table table(84);
  for (size_t i = 0; i < table.size(); ++i) {
    const bool is_dull = i < 20;  // One text in two rows.
    for (size_t row = 0; row < 64; ++row) {
      table[i].push_back(is_dull && row % 2 == 1 ? table[i].back() : RandomWords(random, 6));
    }
  }
  table[1] = table[0];
  table[83] = table[82];
  const std::vector<std::vector<size_t>> groups = GroupsOf(table);
  EXPECT_EQ(groups.size(), table.size() - 1);
  EXPECT_EQ(groups.back(), (std::vector<size_t>{82, 83}));
}

TEST(DerivedFields, AStopEndsThePlanWhereverItComes) {
  std::mt19937 random(4);
  Table table(6);
  for (size_t i = 0; i < table.size(); ++i) {
    for (size_t row = 0; row < 50; ++row) {
      table[i].push_back(i % 2 == 1 ? table[i - 1][row] : RandomWords(random, 6));
    }
  }
  int asked = 0;
  ASSERT_TRUE(Records(table).Plan([&] { return ++asked < 0; }).ok());
  // Once a column and kind, once a column and form, once a row, and in every join.
  EXPECT_GT(asked, 12 + 50);
  for (int last = 0; last < asked; ++last) {
    int left = last;
    EXPECT_EQ(ReasonOf(Records(table).Plan([&] { return left-- <= 0; }).status()), "CANCELLED");
  }
}

}  // namespace
}  // namespace dq
