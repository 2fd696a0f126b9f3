// What holds for every table: accounts add up, a cleaned file is clean, equal runs are equal.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"
#include "tests/support/memory_file.h"
#include "worker/stages/build_stages.h"
#include "worker/stages/complete/profile/column_profile.h"

namespace dq {
namespace {

// A small table of the values that matter, seeded.
std::string RandomTable(uint32_t seed) {
  static constexpr const char* kNames[] = {"Ada", "ada", "Ádá", "Bo Li", " bo  li", "Cy", ""};
  static constexpr const char* kNumbers[] = {"1", "2.5", "-3", "n/a", "?", "", "7"};
  static constexpr const char* kWords[] = {"\"x\ny\"", "\"a,b\"",   "red", "null",
                                           "-",        "\"q\"\"\"", ""};
  std::mt19937 random(seed);
  std::string text = "id,name,n,word\n";
  const size_t rows = random() % 60;
  for (size_t i = 0; i < rows; ++i) {
    if (random() % 30 == 0) text += "only,three,cells\n";
    text += std::to_string(random() % 20) + "," + kNames[random() % 7] + "," +
            kNumbers[random() % 7] + "," + kWords[random() % 7] + "\n";
  }
  return text;
}

std::string RandomReference(uint32_t seed) {
  std::mt19937 random(seed);
  std::string text = "id,name,n\n";
  for (size_t id = 0; id < 20; ++id) {
    if (random() % 3 == 0) continue;
    text += std::to_string(id) + ",Ref " + std::to_string(id) + "," + std::to_string(random() % 9) +
            "\n";
  }
  return text;
}

ChainSpec KeyedSpec(FillMethod fill) {
  ChainSpec spec;
  spec.stages = {CompleteOptions{.key_columns = {"id"}, .fill = fill}, DedupeOptions{}};
  spec.reference_key_columns = {"id"};
  return spec;
}

TEST(Chain, EveryRowIsAccountedFor) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    const HarnessRun run =
        RunChainOnText(KeyedSpec(FillMethod::kStatistic), RandomTable(seed), RandomReference(seed));
    ASSERT_TRUE(run.status.ok()) << run.status << " seed " << seed;
    const ChainResult& result = run.result;
    ASSERT_EQ(result.rows_in, result.rows_out + result.duplicates_removed + result.rows_rejected)
        << "seed " << seed;
  }
}

TEST(Chain, CleaningACleanedFileChangesNothing) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    const ChainSpec spec = KeyedSpec(FillMethod::kReference);
    const std::string reference = RandomReference(seed);
    const HarnessRun once = RunChainOnText(spec, RandomTable(seed), reference);
    ASSERT_TRUE(once.status.ok()) << once.status;
    const HarnessRun twice = RunChainOnText(spec, once.cleaned, reference);
    ASSERT_EQ(twice.cleaned, once.cleaned) << "seed " << seed;
    ASSERT_EQ(twice.result.cells_filled, 0) << "seed " << seed;
  }
}

// Flats with a rent, an area and a telephone each, month by month; now and then a number that
// stands for no value, near the others or far from them, an empty cell or a row twice.
std::string RandomFlats(uint32_t seed) {
  static constexpr const char* kStrange[] = {"0", "-999", "99999", "n/a"};
  static constexpr uint32_t kLowest[] = {40, 300, 5000};
  std::mt19937 random(seed);
  const size_t flats = 6 + random() % 40;
  const size_t months = 3 + random() % 8;
  const uint32_t lowest = kLowest[random() % 3];
  const std::string strange = kStrange[random() % 4];
  const auto per_cent = [&random](uint32_t share) { return random() % 100 < share; };
  const auto often = static_cast<uint32_t>(2 + random() % 20);
  std::vector<std::array<std::string, 3>> known(flats);
  for (auto& [rent, area, phone] : known) {
    rent = std::to_string(lowest + random() % (lowest == 300 ? 1600 : 900));
    area = std::to_string(20 + random() % 70);
    phone = "0" + std::to_string(201'000'000 + random() % 900'000);
  }
  std::string text = "month,flat,rent,area,phone\n";
  for (size_t i = 0; i < months * flats; ++i) {
    const auto& [rent, area, phone] = known[i % flats];
    std::string row = "m" + std::to_string(i / flats) + ",f" + std::to_string(i % flats) + ",";
    row += (per_cent(often) ? strange : per_cent(4) ? "" : rent) + ",";
    row += (per_cent(5) ? "-1" : per_cent(4) ? "" : area) + ",";
    row += (per_cent(5) ? "0000000000" : per_cent(4) ? "" : phone) + "\n";
    text += row;
    if (per_cent(3)) text += row;
  }
  return text;
}

TEST(Chain, CleaningAFileCleanedByEvidenceChangesNothing) {
  size_t by_evidence = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    for (const double min_confidence : {0.5, 0.97}) {
      ChainSpec spec;
      spec.stages = {CompleteOptions{.min_confidence = min_confidence}, DedupeOptions{}};
      const HarnessRun once = RunChainOnText(spec, RandomFlats(seed));
      ASSERT_TRUE(once.status.ok()) << once.status;
      const HarnessRun twice = RunChainOnText(spec, once.cleaned);
      ASSERT_EQ(twice.cleaned, once.cleaned) << "seed " << seed << "\n" << twice.changes;
      if (once.changes.find(",clear,0.9") != std::string::npos) ++by_evidence;
    }
  }
  EXPECT_GT(by_evidence, 300);
}

TEST(Chain, TwoRunsGiveEqualOutputsAndReports) {
  const std::string table = RandomTable(42);
  ChainSpec spec = KeyedSpec(FillMethod::kStatistic);
  const HarnessRun one = RunChainOnText(spec, table, RandomReference(42));
  spec.threads = 2;
  const HarnessRun two = RunChainOnText(spec, table, RandomReference(42));
  EXPECT_EQ(one.cleaned, two.cleaned);
  EXPECT_EQ(one.changes, two.changes);
  EXPECT_EQ(ComparableReport(one.report), ComparableReport(two.report));
  spec.memory_limit_bytes = kMemoryLimitBytesMin;
  const HarnessRun small = RunChainOnText(spec, table, RandomReference(42));
  EXPECT_EQ(one.cleaned, small.cleaned);
  EXPECT_EQ(one.changes, small.changes);
}

// Some batches of persons, with duplicates, holes and bad rows; the key of every third is known.
std::string ManyPersons(uint32_t seed, size_t rows) {
  std::mt19937 random(seed);
  std::string text = "id,name,n,word\n";
  for (size_t i = 0; i < rows; ++i) {
    const std::string id = std::to_string(random() % rows);
    if (random() % 500 == 0) text += "only,\"three\",cells\n";
    text += "K" + id + ",Person  " + id + "," +
            (i % 7 == 0 ? "n/a" : std::to_string(random() % 99)) +
            (i % 5 == 0   ? ",\"a,b\"\n"
             : i % 5 == 1 ? ",\n"
                          : ",word " + id + "\n");
  }
  return text;
}

std::string ManyReferences(size_t rows) {
  std::string text = "id,n,word\n";
  for (size_t i = 0; i < rows; ++i) {
    text += "K" + std::to_string(i * 3) + "," + std::to_string(i % 99) + ",known word of person " +
            std::to_string(i) + "\n";
    if (i % 1000 == 0) text += "K" + std::to_string(i * 3) + ",1,twice\n";
  }
  return text;
}

TEST(Chain, TheResultDependsOnNeitherThreadsNorTheMemoryLimit) {
  const UniqueFd temp_dir(::open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY));
  const std::string input = ManyPersons(5, 40'000);
  const std::string reference = ManyReferences(160'000);
  ChainSpec spec = KeyedSpec(FillMethod::kStatistic);
  const HarnessRun expected = RunChainOnText(spec, input, reference);
  ASSERT_TRUE(expected.status.ok()) << expected.status;
  EXPECT_GT(expected.result.cells_filled, 1000);
  EXPECT_GT(expected.result.duplicates_removed, 100);
  bool spilled = false;
  for (const int threads : {1, 2, 5}) {
    for (const int64_t limit : {int64_t{40} << 20, int64_t{512} << 20}) {
      spec.threads = threads;
      spec.memory_limit_bytes = limit;
      const HarnessRun run = RunChainOnText(spec, input, reference, temp_dir.get());
      ASSERT_TRUE(run.status.ok()) << run.status << " " << threads << " " << limit;
      EXPECT_EQ(run.cleaned, expected.cleaned);
      EXPECT_EQ(run.changes, expected.changes);
      EXPECT_EQ(run.clusters, expected.clusters);
      EXPECT_EQ(run.rejects, expected.rejects);
      nlohmann::json report = ComparableReport(run.report);
      report["provenance"].erase("config_sha256");
      nlohmann::json expected_report = ComparableReport(expected.report);
      expected_report["provenance"].erase("config_sha256");
      EXPECT_EQ(report, expected_report);
      spilled |= nlohmann::json::parse(run.report)["stages"][0]["spilled_bytes"] != 0;
    }
  }
  EXPECT_TRUE(spilled);
}

TEST(Chain, DuplicatesThatDoNotFitInMemoryAreTheSameOnes) {
  const UniqueFd temp_dir(::open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY));
  const std::string input = ManyPersons(6, 160'000);  // Fewer wait in memory to be written.
  ChainSpec spec;
  spec.stages = {DedupeOptions{}};
  const HarnessRun expected = RunChainOnText(spec, input);
  ASSERT_TRUE(expected.status.ok()) << expected.status;
  EXPECT_GT(expected.result.duplicates_removed, 100);
  EXPECT_EQ(nlohmann::json::parse(expected.report)["stages"][0]["passes"], 1);
  for (const int threads : {1, 3}) {
    spec.threads = threads;
    spec.memory_limit_bytes = kMemoryLimitBytesMin;
    const HarnessRun run = RunChainOnText(spec, input, std::nullopt, temp_dir.get());
    ASSERT_TRUE(run.status.ok()) << run.status;
    EXPECT_EQ(run.cleaned, expected.cleaned);
    EXPECT_EQ(run.clusters, expected.clusters);
    EXPECT_EQ(run.result.duplicates_removed, expected.result.duplicates_removed);
    const nlohmann::json stage = nlohmann::json::parse(run.report)["stages"][0];
    EXPECT_NE(stage["spilled_bytes"], 0);
    EXPECT_EQ(stage["passes"], 2) << "the records are compared before any is written";
  }
}

TEST(Chain, WhatIsRememberedOfManyColumnsIsBounded) {
  EXPECT_LE(ProfileLimits::ForColumns(1000).BytesMaxForTest() * 1000, int64_t{400} << 20);
  EXPECT_EQ(ProfileLimits::ForColumns(12).values.distinct, size_t{1} << 20);
  EXPECT_EQ(ProfileLimits::ForColumns(12).values.precision, 16);
}

TEST(Chain, TheProfileHasAllColumnsWhateverTheReportHasRoomFor) {
  std::string input;
  for (int i = 0; i < 1200; ++i) input += (i == 0 ? "c" : ",c") + std::to_string(i);
  for (int row = 0; row < 12; ++row) {
    for (int i = 0; i < 1200; ++i) {
      input += (i == 0 ? '\n' : ',') + std::to_string(row * i) + (i % 3 == 0 ? " kg" : "");
    }
  }
  ChainSpec spec;
  spec.stages = {CompleteOptions{}};
  const HarnessRun run = RunChainOnText(spec, input + "\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  const auto columns = nlohmann::json::parse(run.report)["columns"];
  EXPECT_LE(columns.size(), 200u);
  std::istringstream lines(run.profile);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto column = nlohmann::json::parse(line);
    EXPECT_EQ(column["name"], "c" + std::to_string(count));
    EXPECT_EQ(column["top"].size(), count == 0 ? 1u : 5u) << "nothing is left out";
    EXPECT_EQ(column["distinct"], count == 0 ? 1 : 12);
  }
  EXPECT_EQ(count, 1200);
}

TEST(Chain, TheIntermediateIsWhatCompleteAloneWouldGive) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    ChainSpec spec = KeyedSpec(FillMethod::kStatistic);
    const std::string table = RandomTable(seed);
    const std::string reference = RandomReference(seed);
    EXPECT_EQ(RunChainOnText(spec, table, reference).intermediate, "") << "nobody asked for it";
    std::get<CompleteOptions>(spec.stages[0]).keep_intermediate = true;
    std::get<DedupeOptions>(spec.stages[1]).merge = true;
    const HarnessRun run = RunChainOnText(spec, table, reference);
    ASSERT_TRUE(run.status.ok()) << run.status;
    std::get<CompleteOptions>(spec.stages[0]).keep_intermediate = false;
    spec.stages.pop_back();
    const HarnessRun complete = RunChainOnText(spec, table, reference);
    ASSERT_EQ(run.intermediate, complete.cleaned) << "seed " << seed;
  }
}

TEST(Chain, PaddedRowsAreCountedInTheReport) {
  ChainSpec spec;
  spec.form.on_bad_row = BadRowPolicy::kPad;
  const HarnessRun run = RunChainOnText(spec, "a,b\n1\n2,3\n4\n");
  EXPECT_EQ(run.cleaned, "a,b\n1,\n2,3\n4,\n");
  EXPECT_NE(run.report.find("2 rows were too short and got empty cells"), std::string::npos);
}

TEST(Chain, AnUnexpectedContentIsRefused) {
  ChainSpec spec;
  spec.input_sha256 = std::string(64, '0');
  EXPECT_EQ(ReasonOf(RunChainOnText(spec, "a,b\n1,2\n").status), "INPUT_CHANGED");
}

TEST(Chain, TheGateJudgesTheReport) {
  ChainSpec spec;
  spec.gate = ChainGate{.min_score = 99.9, .max_duplicate_ratio = {}};
  HarnessRun run = RunChainOnText(spec, "a,b\n1,\n2,x\n");
  EXPECT_EQ(run.result.verdict, Verdict::kFailed);
  EXPECT_NE(run.result.verdict_reason.find("below 99.9"), std::string::npos);
  spec.gate->min_score = 50;
  EXPECT_EQ(RunChainOnText(spec, "a,b\n1,\n2,x\n").result.verdict, Verdict::kPassed);
  spec.gate->max_duplicate_ratio = 0.1;
  EXPECT_EQ(RunChainOnText(spec, "a,b\n1,x\n1,x\n").result.verdict, Verdict::kFailed);
}

class Recorder final : public ProgressSink {
 public:
  explicit Recorder(CancelToken& cancel) : cancel_(cancel) {}
  void OnProgress(const ChainProgress& progress) override {
    EXPECT_GE(progress.percent, last_.percent);
    last_ = progress;
    if (cancel_after_start) cancel_.Cancel();
  }
  bool cancel_after_start = false;
  ChainProgress last_;

 private:
  CancelToken& cancel_;
};

TEST(Chain, ProgressIsMonotoneAndEndsAtOneHundred) {
  const MemoryFile input(RandomTable(5));
  CancelToken cancel;
  Recorder recorder(cancel);
  ChainSpec spec;
  spec.stages = {CompleteOptions{}, DedupeOptions{}};
  EXPECT_TRUE(RunChain(spec, BuildStages, {.input_fd = input.fd()}, recorder, cancel).ok());
  EXPECT_EQ(recorder.last_.percent, 100);
}

TEST(Chain, ACancelIsNoticedWithinOneBatch) {
  const MemoryFile input(RandomTable(5));
  CancelToken cancel;
  Recorder recorder(cancel);
  recorder.cancel_after_start = true;
  ChainSpec spec;
  spec.stages = {CompleteOptions{}, DedupeOptions{}};
  const auto result = RunChain(spec, BuildStages, {.input_fd = input.fd()}, recorder, cancel);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
  EXPECT_LT(recorder.last_.percent, 100);
}

}  // namespace
}  // namespace dq
