// The long steps of fuzzy matching tell how far they are, and a cancel ends each of them.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "tests/support/memory_file.h"
#include "worker/chain/chain_runner.h"
#include "worker/stages/build_stages.h"

namespace dq {
namespace {

// Persons, a third of them twice with a slip of the pen; too many to compare all pairs.
std::string Persons() {
  std::mt19937 random(3);
  const auto word = [&random](size_t letters) {
    std::string text;
    for (size_t i = 0; i < letters; ++i) text += static_cast<char>('a' + random() % 26);
    return text;
  };
  std::string text = "given,family,town,born\n";
  for (int i = 0; i < 3000; ++i) {
    const std::string rest = "," + word(8) + "," + word(5) + "," +
                             std::to_string(1940 + random() % 60) + "-0" +
                             std::to_string(1 + random() % 9) + "-11\n";
    const std::string given = word(7);
    text += given + rest;
    if (i % 3 == 0) text += given.substr(0, 6) + "z" + rest;
  }
  return text;
}

// Remembers what it is told; cancels when a step begins.
class Observer final : public ProgressSink {
 public:
  explicit Observer(std::string cancel_at = "") : cancel_at_(std::move(cancel_at)) {}
  void OnProgress(const ChainProgress& progress) override {
    EXPECT_GE(progress.percent, percent);
    if (token.cancelled() && progress.current_step != cancel_at_) told_after_cancel = true;
    percent = progress.percent;
    percents.insert(percent);
    steps.insert(progress.current_step);
    if (progress.current_step == cancel_at_) token.Cancel();
  }
  CancelToken token;
  double percent = 0;
  std::set<double> percents;
  std::set<std::string> steps;
  bool told_after_cancel = false;

 private:
  std::string cancel_at_;
};

absl::Status RunFuzzy(const std::string& text, Observer& observer) {
  ChainSpec spec;
  spec.threads = 2;
  spec.stages = {DedupeOptions{.match = MatchKind::kFuzzy}};
  const MemoryFile input(text);
  return RunChain(spec, BuildStages, {.input_fd = input.fd()}, observer, observer.token).status();
}

const std::set<std::string> kSteps = {
    "Finding what the columns hold", "Finding pairs of records to compare",
    "Learning what duplicates look like", "Comparing records", "Putting records together"};

TEST(FuzzyProgress, MovesWithinEveryStep) {
  Observer observer;
  ASSERT_TRUE(RunFuzzy(Persons(), observer).ok());
  for (const std::string& step : kSteps) EXPECT_TRUE(observer.steps.contains(step)) << step;
  EXPECT_GE(observer.percents.size(), 12);
  EXPECT_EQ(observer.percent, 100);
}

TEST(FuzzyProgress, ACancelEndsEveryStep) {
  const std::string text = Persons();
  for (const std::string& step : kSteps) {
    Observer observer(step);
    EXPECT_EQ(RunFuzzy(text, observer).code(), absl::StatusCode::kCancelled) << step;
    EXPECT_FALSE(observer.told_after_cancel) << "work went on after " << step;
  }
}

}  // namespace
}  // namespace dq
