// Fills by dependency on seeded tables whose truth is known: right, silent where nobody knows, and
// done after one run.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/chain_harness.h"

namespace dq {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string TextOf(const Rows& rows) {
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "," : "") + row[i];
    text += "\n";
  }
  return text;
}

// Shops in cities in states; the price depends on nothing, the motto on nothing that repeats.
Rows TrueTable(std::mt19937& random) {
  static constexpr const char* kStates[] = {"OR", "IN", "AZ", "NV", "HI", "ME"};
  Rows rows = {{"id", "shop", "city", "state", "price", "motto"}};
  const size_t shops = 10 + random() % 30;
  const size_t cities = 6 + random() % 10;
  const size_t count = 60 + random() % 300;
  for (size_t i = 0; i < count; ++i) {
    const size_t shop = random() % shops;
    const size_t city = shop * 7 % cities;
    rows.push_back({std::to_string(i), "shop " + std::to_string(shop),
                    "city " + std::to_string(city), kStates[city * 5 % 6],
                    std::to_string(random() % 9 + 1), "m" + std::to_string(random())});
  }
  return rows;
}

// Empties cells and misspells others, never the ids.
Rows Dirty(Rows rows, std::mt19937& random) {
  const auto typos = random() % 6;
  for (size_t row = 1; row < rows.size(); ++row) {
    for (size_t column = 1; column < rows[row].size(); ++column) {
      std::string& cell = rows[row][column];
      const auto dice = random() % 100;
      if (dice < 6) {
        cell.clear();
      } else if (dice < 6 + typos && column < 4) {
        cell[random() % cell.size()] = 'x';
      }
    }
  }
  return rows;
}

Rows Split(const std::string& text) {
  Rows rows(1, std::vector<std::string>(1));
  for (const char c : text) {
    if (c == '\n') {
      rows.emplace_back(1);
    } else if (c == ',') {
      rows.back().emplace_back();
    } else {
      rows.back().back() += c;
    }
  }
  rows.pop_back();
  return rows;
}

ChainSpec CompleteAlone() {
  ChainSpec spec;
  spec.stages = {CompleteOptions{}};
  return spec;
}

TEST(Dependencies, FillsAreRightAndReachWhatCanBeKnown) {
  size_t fills = 0;
  size_t right = 0;
  size_t knowable = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const Rows truth = TrueTable(random);
    const Rows dirty = Dirty(truth, random);
    const HarnessRun run = RunChainOnText(CompleteAlone(), TextOf(dirty));
    ASSERT_TRUE(run.status.ok()) << run.status;
    const Rows cleaned = Split(run.cleaned);
    ASSERT_EQ(cleaned.size(), truth.size());
    for (size_t row = 1; row < truth.size(); ++row) {
      for (size_t column = 1; column < truth[row].size(); ++column) {
        if (!dirty[row][column].empty()) {
          ASSERT_EQ(cleaned[row][column], dirty[row][column]) << "seed " << seed;
          continue;
        }
        // The city's state, and the shop's city, can be known; a shop by nothing.
        if (column == 2 || column == 3) ++knowable;
        if (cleaned[row][column].empty()) continue;
        ++fills;
        right += cleaned[row][column] == truth[row][column] ? 1 : 0;
      }
    }
  }
  EXPECT_GT(fills, 500u);
  EXPECT_GE(right * 100, fills * 99) << right << " of " << fills;
  EXPECT_GE(right * 100, knowable * 85) << right << " of " << knowable;
}

// What was filled is evidence: for the rounds of the same run, so that the next one finds nothing.
TEST(Dependencies, CleaningACleanedFileChangesNothing) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    const HarnessRun once =
        RunChainOnText(CompleteAlone(), TextOf(Dirty(TrueTable(random), random)));
    const HarnessRun twice = RunChainOnText(CompleteAlone(), once.cleaned);
    ASSERT_EQ(twice.result.cells_filled, 0) << "seed " << seed;
    ASSERT_EQ(twice.cleaned, once.cleaned) << "seed " << seed;
  }
}

// A sample that holds all rows whole is asked about no other row. A cell too long for it shows that
// the file may ask more: then all is judged.
TEST(Dependencies, WhatIsJudgedWhenItIsAskedIsWhatIsJudgedAtOnce) {
  int64_t fills = 0;
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    Rows table = Dirty(TrueTable(random), random);
    std::string& motto = table[1].back();
    motto.assign(1000, 'm');
    const HarnessRun asked = RunChainOnText(CompleteAlone(), TextOf(table));
    motto.assign(1100, 'm');
    const HarnessRun at_once = RunChainOnText(CompleteAlone(), TextOf(table));
    ASSERT_EQ(asked.changes, at_once.changes) << "seed " << seed;
    fills += asked.result.cells_filled;
  }
  EXPECT_GT(fills, 500);
}

// Twenty sites of 30 rows; one of 12 rows alone says yes. Every 30th cell is misspelt in one way,
// so that nothing determines the flag much better than saying no.
TEST(Dependencies, TheBestPredictorFillsWhereItIsSureOfMore) {
  std::string table = "id,site,flag,note\n";
  for (int i = 0; i < 612; ++i) {
    const bool only = i >= 600;
    const std::string site = only ? "site 77" : "site " + std::to_string(i % 20);
    std::string flag = only ? "yes" : i % 20 < 4 && i / 20 % 6 == 0 ? "nq" : "no";
    if (i == 100 || i == 605) flag.clear();
    table +=
        std::to_string(i) + "," + site + "," + flag + ",n" + std::to_string(i * 7919 % 5) + "\n";
  }
  const HarnessRun run = RunChainOnText(CompleteAlone(), table);
  EXPECT_EQ(run.changes.find("101,flag,,no,conditional:site,0.9"), run.changes.find("101,flag"));
  EXPECT_NE(run.changes.find("606,flag,,yes,conditional:site,0.9"), std::string::npos)
      << run.changes;
}

// Nothing determines anything; some amounts meet by chance, some records are there twice.
Rows RandomTable(std::mt19937& random, bool copies) {
  Rows rows = {{"id", "name", "city", "amount"}};
  const size_t amounts = random() % 2 == 0 ? 1000 : 10000;
  for (size_t i = 0; i < 300; ++i) {
    if (copies && i > 0 && random() % 6 == 0) {
      const std::vector<std::string> copied = rows[1 + random() % (rows.size() - 1)];
      rows.push_back(copied);
      continue;
    }
    const std::string city = random() % 6 == 0 ? "" : "city " + std::to_string(random() % 500);
    rows.push_back({std::to_string(i), "name " + std::to_string(i), city,
                    std::to_string(random() % amounts) + ".50"});
  }
  return rows;
}

TEST(Dependencies, CopiesOfARecordProveNothing) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    const HarnessRun run = RunChainOnText(CompleteAlone(), TextOf(RandomTable(random, true)));
    ASSERT_EQ(run.result.cells_filled, 0) << "seed " << seed << "\n" << run.changes;
  }
}

// The lines of a table, each of its records `times` times.
std::string Repeated(const std::string& text, int times) {
  std::string repeated;
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    const std::string line = text.substr(begin, end + 1 - begin);
    for (int i = 0; i < (begin == 0 ? 1 : times); ++i) repeated += line;
    begin = end + 1;
  }
  return repeated;
}

TEST(Dependencies, ATableWithEveryRecordTwiceIsFilledAsTheTableItself) {
  int64_t fills = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const std::string table =
        TextOf(seed % 3 == 0 ? RandomTable(random, false) : Dirty(TrueTable(random), random));
    const HarnessRun once = RunChainOnText(CompleteAlone(), table);
    const HarnessRun twice = RunChainOnText(CompleteAlone(), Repeated(table, 2));
    ASSERT_EQ(twice.cleaned, Repeated(once.cleaned, 2)) << "seed " << seed;
    fills += once.result.cells_filled;
  }
  EXPECT_GT(fills, 300);
}

TEST(Dependencies, CopiesInTheReferenceProveNothing) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const std::string file = TextOf(Dirty(TrueTable(random), random));
    const std::string reference = TextOf(Dirty(TrueTable(random), random));
    const HarnessRun once = RunChainOnText(CompleteAlone(), file, reference);
    const HarnessRun twice = RunChainOnText(CompleteAlone(), file, Repeated(reference, 2));
    ASSERT_EQ(twice.changes, once.changes) << "seed " << seed;
  }
}

// A row votes in hundreds of rules; its cells are held once for all of them.
TEST(Dependencies, CopiesOfWideRecordsFitAMemoryOfAFewOfThem) {
  constexpr size_t kRecords = 150;
  constexpr size_t kColumns = 200;
  constexpr size_t kCopies = 4;
  std::mt19937 random(1);
  Rows records(kRecords);
  for (std::vector<std::string>& record : records) {
    while (record.size() < kColumns) record.push_back("v" + std::to_string(random() % 300));
  }
  Rows rows(1, {"id"});
  for (size_t column = 0; column < kColumns; ++column) {
    rows[0].push_back("c" + std::to_string(column));
  }
  size_t emptied = 0;
  for (size_t i = 0; i < kCopies * kRecords; ++i) {
    std::vector<std::string>& row = rows.emplace_back(1, "i" + std::to_string(i));
    for (const std::string& cell : records[i % kRecords]) {
      const bool empty = random() % 20 == 0;
      row.push_back(empty ? "" : cell);
      emptied += empty ? 1 : 0;
    }
  }
  ChainSpec spec = CompleteAlone();
  spec.memory_limit_bytes = int64_t{24} << 20;
  const HarnessRun run = RunChainOnText(spec, TextOf(rows));
  ASSERT_TRUE(run.status.ok()) << run.status;
  const Rows cleaned = Split(run.cleaned);
  size_t right = 0;
  for (size_t i = 1; i < rows.size(); ++i) {
    for (size_t column = 1; column <= kColumns; ++column) {
      if (!rows[i][column].empty() || cleaned[i][column].empty()) continue;
      ASSERT_EQ(cleaned[i][column], records[(i - 1) % kRecords][column - 1]);
      ++right;
    }
  }
  EXPECT_GE(right * 100, emptied * 95) << right << " of " << emptied;
}

TEST(Dependencies, AHigherConfidenceFillsLess) {
  std::mt19937 random(3);
  const std::string table = TextOf(Dirty(TrueTable(random), random));
  ChainSpec spec;
  int64_t before = RunChainOnText(CompleteAlone(), table).result.cells_filled;
  EXPECT_GT(before, 0);
  for (const double confidence : {0.95, 0.99, 1.0}) {
    spec.stages = {CompleteOptions{.min_confidence = confidence}};
    const int64_t filled = RunChainOnText(spec, table).result.cells_filled;
    EXPECT_LE(filled, before);
    before = filled;
  }
  EXPECT_EQ(before, 0);
}

}  // namespace
}  // namespace dq
