// Deciding about wide files takes a while: a stop ends it in whatever step it is.
#include <gtest/gtest.h>

#include <string>

#include "common/base/error.h"
#include "common/base/task_pool.h"
#include "tests/support/memory_file.h"
#include "worker/stages/complete/complete_stage.h"
#include "worker/table/open_table.h"

namespace dq {
namespace {

constexpr int kColumns = 40;

// Columns that say something about each other, each with missing cells.
std::string WideTable() {
  std::string text;
  for (int column = 0; column < kColumns; ++column)
    text += (column > 0 ? ",c" : "c") + std::to_string(column);
  for (int row = 0; row < 400; ++row) {
    text += '\n';
    for (int column = 0; column < kColumns; ++column) {
      if (column > 0) text += ',';
      if ((row + 3 * column) % 17 != 0) text += "v" + std::to_string(row % (5 + column));
    }
  }
  return text + "\n";
}

// Learns the table and decides; the question `stop_at` whether to stop is answered with yes, and
// those after it. Says how often was asked.
struct Decision {
  explicit Decision(int stop_at) {
    const MemoryFile file(WideTable());
    MemoryBudget memory(int64_t{256} << 20);
    TaskPool pool(1);
    const StageContext context{.memory = memory,
                               .pool = pool,
                               .rows_max = [] { return 400; },
                               .stop = [&] { return ++asked >= stop_at; }};
    CompleteStage stage(CompleteOptions{}, {}, false, context);
    auto reader = OpenTable(file.fd(), {}, {});
    EXPECT_TRUE(reader.ok() && stage.Begin(Pass::kLearn, (*reader)->columns()).ok());
    for (RowBatch batch; *(*reader)->Next(batch);) EXPECT_TRUE(stage.Learn(batch).ok());
    asked = 0;
    status = stage.EndLearn();
  }

  int asked = 0;
  absl::Status status;
};

TEST(CompleteStage, AStopEndsDecidingAboutAWideFileInWhateverStepItIs) {
  const Decision whole(1 << 30);
  ASSERT_TRUE(whole.status.ok()) << whole.status;
  // Evidence, explanations, decisions; determinants alone and in pairs; dependencies.
  EXPECT_GT(whole.asked, 3 * kColumns + kColumns + 100);
  for (int at = 1; at <= whole.asked; at += 7) {
    const Decision stopped(at);
    EXPECT_EQ(ReasonOf(stopped.status), "CANCELLED") << at << " of " << whole.asked;
    // No more than the loop at hand asks on.
    EXPECT_LE(stopped.asked, at + 100);
  }
}

}  // namespace
}  // namespace dq
