// Stage dedupe with fuzzy matching, as a chain: what is found, and what holds for every table.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>

#include "common/base/error.h"
#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"

namespace dq {
namespace {

ChainSpec Fuzzy() {
  ChainSpec spec;
  spec.stages = {DedupeOptions{.match = MatchKind::kFuzzy}};
  spec.memory_limit_bytes = int64_t{1} << 30;
  return spec;
}

std::string Word(std::mt19937& random, int syllables) {
  std::string word;
  for (int i = 0; i < syllables; ++i) {
    word += "bdfgklmnprstv"[random() % 13];
    word += "aeiou"[random() % 5];
  }
  return word;
}

std::string WithTypo(std::mt19937& random, std::string text) {
  if (text.size() < 3) return text;
  const size_t at = random() % (text.size() - 1);
  if (random() % 2 == 0) {
    text.erase(at, 1);
  } else {
    std::swap(text[at], text[at + 1]);
  }
  return text;
}

// `people` different persons; the first `copies` of them once more at the end, each with a typo.
std::string Persons(uint32_t seed, size_t people, size_t copies) {
  std::mt19937 random(seed);
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < people; ++i) {
    rows.push_back({Word(random, 2), Word(random, 3),
                    std::to_string(1930 + random() % 70) + "-0" + std::to_string(1 + random() % 9) +
                        "-1" + std::to_string(random() % 10),
                    Word(random, 3), "0" + std::to_string(100000000 + random() % 900000000)});
  }
  for (size_t i = 0; i < copies; ++i) {
    std::vector<std::string> row = rows[i];
    std::string& cell = row[random() % row.size()];
    cell = WithTypo(random, cell);
    rows.push_back(row);
  }
  std::string text = "given,surname,born,town,phone\n";
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "," : "") + row[i];
    text += "\n";
  }
  return text;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(FuzzyDedupe, FindsCopiesWithATypoAndNothingElse) {
  const HarnessRun run = RunChainOnText(Fuzzy(), Persons(1, 300, 60));
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.result.rows_out, 300);
  EXPECT_EQ(run.result.duplicates_removed, 60);
  EXPECT_NE(run.report.find("\"fuzzy\": 60"), std::string::npos) << run.report;
}

TEST(FuzzyDedupe, AHigherThresholdJoinsFewerAndChangesNoConfidence) {
  // Two short names: the model is never quite sure.
  std::mt19937 random(3);
  std::vector<std::pair<std::string, std::string>> names;
  for (int i = 0; i < 200; ++i) names.emplace_back(Word(random, 2), Word(random, 2));
  for (size_t i = 0; i < 60; ++i) {
    const auto [given, town] = names[i];
    names.emplace_back(WithTypo(random, given), i % 2 == 0 ? town : WithTypo(random, town));
  }
  std::string table = "given,town\n";
  for (const auto& [given, town] : names) table += given + "," + town + "\n";
  std::vector<std::set<std::string>> clusters;
  for (const double threshold : {0.5, 0.99, 0.999}) {
    ChainSpec spec = Fuzzy();
    std::get<DedupeOptions>(spec.stages[0]).match_threshold = threshold;
    const HarnessRun run = RunChainOnText(spec, table);
    ASSERT_TRUE(run.status.ok()) << run.status;
    const std::vector<std::string> lines = Lines(run.clusters);
    clusters.emplace_back(lines.begin(), lines.end());
  }
  EXPECT_GT(clusters[0].size(), clusters[2].size());
  EXPECT_TRUE(std::includes(clusters[0].begin(), clusters[0].end(), clusters[1].begin(),
                            clusters[1].end()));
  EXPECT_TRUE(std::includes(clusters[1].begin(), clusters[1].end(), clusters[2].begin(),
                            clusters[2].end()));
}

TEST(FuzzyDedupe, DuplicatesThatAreKeptStayAsTheyAre) {
  const std::string table = Persons(1, 300, 60);
  ChainSpec spec = Fuzzy();
  std::get<DedupeOptions>(spec.stages[0]).duplicates = DuplicateHandling::kKeep;
  const HarnessRun run = RunChainOnText(spec, table);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(run.cleaned, table);
  EXPECT_EQ(run.result.duplicates_removed, 0);
  EXPECT_EQ(run.result.duplicates_kept, 60);
  EXPECT_EQ(run.clusters.find(",false,"), std::string::npos);
  const auto report = nlohmann::json::parse(run.report);
  EXPECT_EQ(report["duplicates_kept"]["fuzzy"], 60);
  EXPECT_EQ(report["clusters"], 60);
}

TEST(FuzzyDedupe, TheReportHoldsTheModel) {
  const HarnessRun run = RunChainOnText(Fuzzy(), Persons(1, 300, 60));
  ASSERT_TRUE(run.status.ok()) << run.status;
  const auto matching = nlohmann::json::parse(run.report)["matching"];
  EXPECT_EQ(matching["threshold"], 0.5);
  EXPECT_GT(matching["prior"], 0);
  ASSERT_EQ(matching["fields"].size(), 5U);
  EXPECT_EQ(matching["left_out"].size(), 0U);
  for (const auto& field : matching["fields"]) {
    EXPECT_GT(field["m"].front(), field["u"].front()) << field;
    EXPECT_LT(field["m"].back(), field["u"].back()) << field;
    EXPECT_EQ(field["m"].size(), field["u"].size());
  }
  EXPECT_EQ(matching["fields"][2]["columns"].front(), "born");
  EXPECT_EQ(matching["fields"][2]["kind"], "date");
}

TEST(FuzzyDedupe, SaysWhatItDidNotLookAt) {
  std::string table;
  int number = 0;
  for (const std::string& line : Lines(Persons(5, 2200, 20))) {
    table += (number == 0 ? "id" : std::to_string(number)) + "," + line + "\n";
    ++number;
  }
  const HarnessRun run = RunChainOnText(Fuzzy(), table);
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_NE(run.report.find("tell the least: \\\"id\\\"."), std::string::npos) << run.report;
  EXPECT_NE(run.report.find(" of 2463090 pairs of records"), std::string::npos) << run.report;
  const auto left_out = nlohmann::json::parse(run.report)["matching"]["left_out"];
  ASSERT_EQ(left_out.size(), 1U);
  EXPECT_EQ(left_out[0]["reason"], "numbers_the_rows");
}

TEST(FuzzyDedupe, TellsWhyColumnsAreNotCompared) {
  std::mt19937 random(9);
  std::string table = "same";
  for (int column = 0; column < 17; ++column) table += ",phone" + std::to_string(column);
  table += "\n";
  for (int row = 0; row < 80; ++row) {
    table += "x";
    for (int column = 0; column < 17; ++column) {
      table += ",+49 30 " + std::to_string(1000000 + random() % 9000000);
    }
    table += "\n";
  }
  const HarnessRun run = RunChainOnText(Fuzzy(), table);
  ASSERT_TRUE(run.status.ok()) << run.status;
  const auto left_out = nlohmann::json::parse(run.report)["matching"]["left_out"];
  ASSERT_EQ(left_out.size(), 2U);
  EXPECT_EQ(left_out[0]["reason"], "one_value");
  EXPECT_EQ(left_out[1]["reason"], "tells_least");
}

TEST(FuzzyDedupe, FindsNothingAmongDifferentPersons) {
  EXPECT_EQ(RunChainOnText(Fuzzy(), Persons(2, 400, 0)).result.rows_out, 400);
}

// Schools of `districts` districts, 12 each, that share all but their names and grades.
std::string Schools(uint32_t seed, size_t districts) {
  std::mt19937 random(seed);
  std::string text = "school,district,street,phone,grades\n";
  for (size_t i = 0; i < districts; ++i) {
    const std::string shared = Word(random, 3) + "," + Word(random, 2) + " street,0" +
                               std::to_string(100000000 + random() % 900000000);
    for (int j = 0; j < 12; ++j) {
      text += Word(random, 4) + "," + shared + "," + std::to_string(1 + random() % 3) + "\n";
    }
  }
  return text;
}

TEST(FuzzyDedupe, MembersOfAGroupAreKeptAndTheReportNamesIt) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    const HarnessRun run = RunChainOnText(Fuzzy(), Schools(seed, 30));
    ASSERT_TRUE(run.status.ok()) << run.status << " seed " << seed;
    EXPECT_EQ(run.result.rows_out, 360) << "seed " << seed;
    EXPECT_NE(run.report.find("for a group, whose members differ in \\\"school\\\""),
              std::string::npos)
        << run.report;
  }
}

TEST(FuzzyDedupe, CountsEqualRecordsByTheirOwnKinds) {
  std::string table = Persons(3, 100, 0);
  const std::string first = Lines(table)[1];
  std::string shouted = first;
  for (char& c : shouted) c = static_cast<char>(std::toupper(c));
  table += first + "\n" + shouted + "\n";
  const HarnessRun run = RunChainOnText(Fuzzy(), table);
  EXPECT_NE(run.report.find("\"exact\": 1"), std::string::npos) << run.report;
  EXPECT_NE(run.report.find("\"normalised\": 1"), std::string::npos) << run.report;
  EXPECT_EQ(run.result.rows_out, 100);
}

TEST(FuzzyDedupe, RowsAddUpOrderStaysAndACleanedFileIsClean) {
  for (uint32_t seed = 0; seed < 8; ++seed) {
    const std::string table = Persons(seed, 120, 40);
    const HarnessRun run = RunChainOnText(Fuzzy(), table);
    ASSERT_TRUE(run.status.ok()) << run.status << " seed " << seed;
    EXPECT_EQ(run.result.rows_in, run.result.rows_out + run.result.duplicates_removed);
    const std::vector<std::string> before = Lines(table);
    size_t at = 0;
    for (const std::string& line : Lines(run.cleaned)) {
      while (at < before.size() && before[at] != line) ++at;
      ASSERT_LT(at++, before.size()) << "out of order: " << line << " seed " << seed;
    }
    EXPECT_EQ(RunChainOnText(Fuzzy(), run.cleaned).cleaned, run.cleaned) << "seed " << seed;
  }
}

TEST(FuzzyDedupe, ThreadsAndMemoryDoNotMatter) {
  const std::string table = Persons(9, 200, 80);
  ChainSpec spec = Fuzzy();
  const HarnessRun one = RunChainOnText(spec, table);
  spec.threads = 3;
  spec.memory_limit_bytes = int64_t{256} << 20;
  const HarnessRun three = RunChainOnText(spec, table);
  ASSERT_TRUE(three.status.ok()) << three.status;
  EXPECT_EQ(one.cleaned, three.cleaned);
  EXPECT_EQ(one.clusters, three.clusters);
}

// What a clusters file says of one row.
struct Member {
  std::string cluster;
  bool kept = false;
  double confidence = 0;
};

std::vector<Member> MembersOf(const std::string& clusters) {
  std::vector<Member> members;
  for (const std::string& line : Lines(clusters)) {
    std::istringstream cells(line);
    std::string row;
    std::string kept;
    std::string confidence;
    Member member;
    std::getline(cells, row, ',');
    std::getline(cells, member.cluster, ',');
    std::getline(cells, kept, ',');
    std::getline(cells, confidence, ',');
    if (row == "row") continue;
    member.kept = kept == "true";
    member.confidence = std::stod(confidence);
    members.push_back(member);
  }
  return members;
}

TEST(FuzzyDedupe, EveryRowOfAClusterIsListedWhateverThreadsAndMemory) {
  for (uint32_t seed = 100; seed < 160; ++seed) {
    const std::string table = Persons(seed, 10 + seed % 30, 8);
    ChainSpec spec = Fuzzy();
    const HarnessRun run = RunChainOnText(spec, table);
    ASSERT_TRUE(run.status.ok()) << run.status << " seed " << seed;
    std::set<std::string> clusters;
    std::set<std::string> survivors;
    const std::vector<Member> members = MembersOf(run.clusters);
    for (const Member& member : members) {
      clusters.insert(member.cluster);
      if (member.kept) {
        EXPECT_TRUE(survivors.insert(member.cluster).second) << "seed " << seed;
      }
      EXPECT_GT(member.confidence, 0) << "seed " << seed;
      EXPECT_LE(member.confidence, 1) << "seed " << seed;
    }
    EXPECT_EQ(clusters, survivors) << "seed " << seed;
    EXPECT_EQ(static_cast<int64_t>(members.size() - clusters.size()), run.result.duplicates_removed)
        << "seed " << seed;
    spec.threads = 1 + static_cast<int>(seed % 4);
    spec.memory_limit_bytes = int64_t{128} << 20;
    const HarnessRun other = RunChainOnText(spec, table);
    EXPECT_EQ(run.cleaned, other.cleaned) << "seed " << seed;
    EXPECT_EQ(run.clusters, other.clusters) << "seed " << seed;
  }
}

TEST(FuzzyDedupe, TooLittleMemoryIsSaid) {
  ChainSpec spec = Fuzzy();
  spec.memory_limit_bytes = kMemoryLimitBytesMin;
  const HarnessRun run = RunChainOnText(spec, Persons(10, 60000, 0));
  EXPECT_EQ(ReasonOf(run.status), "OUT_OF_MEMORY");
}

TEST(FuzzyDedupe, SmallAndOddTablesAreNoTrouble) {
  for (const char* table : {"a\n1\n", "a,b\n,\n,\n", "a\n", "a,b\nx,y\nx,y\nx,z\n",
                            "name\nжук\nжуки\n\xC3\xA4\n", "a,b\nn/a,null\n-,?\n1,2\n"}) {
    const HarnessRun run = RunChainOnText(Fuzzy(), table);
    EXPECT_TRUE(run.status.ok()) << run.status << " " << table;
  }
}

}  // namespace
}  // namespace dq
