// Survivors and merged cells of equal records: the form that spills gives what the one in memory
// gives, whatever the limit and the threads.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"
#include "worker/stages/dedupe/cell_votes.h"

namespace dq {
namespace {

UniqueFd OpenTempDir() {
  return UniqueFd(::open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Customers, most of them several times, with holes, other spellings, blank keys, and dates that
// are written in several ways, some of which nobody can be certain of.
std::string Customers(uint32_t seed, size_t rows) {
  static constexpr const char* kDates[] = {"2024-01-%02u", "%u.1.2024", "1/%u/2024", "%u/%u/2024",
                                           "soon %u",      "%u",        ""};
  std::mt19937 random(seed);
  std::string text = "name,town,changed,phone,note\n";
  for (size_t i = 0; i < rows; ++i) {
    const std::string who = std::to_string(random() % (rows / 3 + 1));
    const std::string name = (random() % 3 == 0 ? "CUSTOMER " : "Customer ") + who;
    char date[40];
    const auto day = static_cast<unsigned>(1 + random() % 28);
    const auto month = static_cast<unsigned>(1 + random() % 12);
    std::snprintf(date, sizeof(date), kDates[random() % 7], day, month);
    text += (random() % 50 == 0 ? std::string() : name) + "," +
            (random() % 2 == 0 ? "Town " + std::to_string(random() % 5) : "") + "," + date + "," +
            (random() % 3 == 0 ? "" : std::to_string(random() % 4)) + "," +
            (random() % 4 == 0 ? "\"a, b\"" : "") + "\n";
  }
  return text;
}

std::vector<DedupeOptions> AllForms() {
  std::vector<DedupeOptions> forms;
  for (const bool merge : {false, true}) {
    for (const MatchKind match : {MatchKind::kExact, MatchKind::kNormalised}) {
      for (const SurvivorKind survivor :
           {SurvivorKind::kFirst, SurvivorKind::kMostComplete, SurvivorKind::kNewest}) {
        if (survivor == SurvivorKind::kFirst && !merge) continue;
        DedupeOptions form{.columns = {"name"}, .match = match, .survivor = survivor};
        if (survivor == SurvivorKind::kNewest) form.newest_column = "changed";
        form.merge = merge;
        forms.push_back(form);
      }
    }
  }
  return forms;
}

void ExpectSame(const HarnessRun& run, const HarnessRun& expected) {
  EXPECT_EQ(run.cleaned, expected.cleaned);
  EXPECT_EQ(run.changes, expected.changes);
  EXPECT_EQ(run.clusters, expected.clusters);
  nlohmann::json report = ComparableReport(run.report);
  nlohmann::json other = ComparableReport(expected.report);
  EXPECT_EQ(report, other);
}

TEST(SurvivorStage, GivesWhatTheStageGivesThatHoldsAllRecordsInMemory) {
  const UniqueFd temp_dir = OpenTempDir();
  for (uint32_t seed = 0; seed < 20; ++seed) {
    for (const DedupeOptions& form : AllForms()) {
      ChainSpec spec;
      spec.stages = {form};
      const std::string input = Customers(seed, 120);
      const HarnessRun expected = RunChainOnText(spec, input);
      ASSERT_TRUE(expected.status.ok()) << expected.status;
      const HarnessRun run = RunChainOnText(spec, input, std::nullopt, temp_dir.get());
      ASSERT_TRUE(run.status.ok()) << run.status;
      ExpectSame(run, expected);
      ASSERT_FALSE(HasFailure()) << "seed " << seed;
    }
  }
}

TEST(SurvivorStage, RecordsThatDoNotFitInMemoryAreSpilledAndGiveTheSame) {
  const UniqueFd temp_dir = OpenTempDir();
  const std::string input = Customers(3, 150'000);
  for (const DedupeOptions& form : AllForms()) {
    if (form.match == MatchKind::kExact) continue;
    ChainSpec spec;
    spec.stages = {form};
    const HarnessRun expected = RunChainOnText(spec, input);
    ASSERT_TRUE(expected.status.ok()) << expected.status;
    EXPECT_GT(expected.result.duplicates_removed, 1000);
    for (const int threads : {1, 3}) {
      spec.threads = threads;
      spec.memory_limit_bytes = kMemoryLimitBytesMin;
      const HarnessRun run = RunChainOnText(spec, input, std::nullopt, temp_dir.get());
      ASSERT_TRUE(run.status.ok()) << run.status;
      ExpectSame(run, expected);
      const nlohmann::json stage = nlohmann::json::parse(run.report)["stages"][0];
      EXPECT_GT(stage["spilled_bytes"], 0);
      EXPECT_LE(stage["peak_bytes"], kMemoryLimitBytesMin);
    }
  }
}

TEST(SurvivorStage, DuplicatesThatAreKeptAreTold) {
  const UniqueFd temp_dir = OpenTempDir();
  ChainSpec spec;
  spec.stages = {DedupeOptions{.columns = {"name"},
                               .survivor = SurvivorKind::kMostComplete,
                               .duplicates = DuplicateHandling::kKeep}};
  const std::string input = "name,town\nAda,\nada,Bonn\nBo,\n";
  const HarnessRun run = RunChainOnText(spec, input, std::nullopt, temp_dir.get());
  EXPECT_EQ(run.cleaned, input);
  EXPECT_EQ(run.clusters, "row,cluster_id,kept,confidence\n1,2,true,0.95\n2,2,true,1\n");
}

// Clusters of three: the survivor misses all cells, two others hold some.
class VotesOfManyClusters : public testing::Test {
 protected:
  static constexpr int64_t kClusters = 20'000;

  static std::string Encode(const std::vector<std::string>& cells) {
    RowBatch batch;
    batch.Reset(cells.size());
    const std::vector<std::string_view> views(cells.begin(), cells.end());
    batch.AddRow({.number = 1}, views.data());
    std::string text;
    AppendCells(text, batch, 0);
    return text;
  }

  absl::Status Count(int64_t limit_bytes) {
    MemoryBudget memory(limit_bytes);
    CellVotes votes(3, memory);
    merged_.clear();
    scans_ = 0;
    return votes.Count(
        [this](const CellVotes::Visit& visit) {
          ++scans_;
          for (int64_t i = 0; i < 3 * kClusters; ++i) {
            const int64_t cluster = i % kClusters;
            const std::string own = "value " + std::to_string(cluster) + std::string(100, 'x');
            const std::string cells = i < kClusters ? Encode({" ", "", "key"})
                                                    : Encode({own, std::to_string(i), "other"});
            const ClusteredRecord record{
                .row = 1 + i, .survivor = 1 + cluster, .same_spelling = i % 2 == 0, .cells = cells};
            if (absl::Status status = visit(record); !status.ok()) return status;
          }
          return absl::OkStatus();
        },
        [this](const MergedCell& cell) {
          merged_.push_back(cell);
          return absl::OkStatus();
        });
  }

  std::vector<MergedCell> merged_;
  int scans_ = 0;
};

TEST_F(VotesOfManyClusters, AreCountedInPartsWhenTheyDoNotFit) {
  ASSERT_TRUE(Count(int64_t{512} << 20).ok());
  EXPECT_EQ(scans_, 2);
  const std::vector<MergedCell> expected = merged_;
  ASSERT_EQ(expected.size(), 2 * kClusters);
  for (int64_t i = 0; i < kClusters; ++i) {
    const MergedCell& first = expected[static_cast<size_t>(2 * i)];
    ASSERT_EQ(first.survivor, 1 + i);
    ASSERT_EQ(first.value, "value " + std::to_string(i) + std::string(100, 'x'));
    const MergedCell& second = expected[static_cast<size_t>(2 * i + 1)];
    ASSERT_EQ(second.value, std::to_string(kClusters + i)) << "among equals the first";
    ASSERT_EQ(second.same_spelling, (kClusters + i) % 2 == 0);
  }
  ASSERT_TRUE(Count(kMemoryReservedBytes + (int64_t{3} << 20)).ok());
  EXPECT_GT(scans_, 4);
  ASSERT_EQ(merged_.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(merged_[i].survivor, expected[i].survivor);
    ASSERT_EQ(merged_[i].column, expected[i].column);
    ASSERT_EQ(merged_[i].value, expected[i].value);
  }
}

TEST_F(VotesOfManyClusters, FailWithTheLimitWhenNotEvenOneFits) {
  EXPECT_EQ(ReasonOf(Count(kMemoryReservedBytes + 100)), "OUT_OF_MEMORY");
}

}  // namespace
}  // namespace dq
