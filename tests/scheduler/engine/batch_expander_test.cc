// What becomes of the source of a batch: pages of operations, whoever records them.
#include "scheduler/engine/batch_expander.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/engine/batch_world.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A directory, so to speak: its files come and go.
class Folder {
 public:
  absl::StatusOr<std::unique_ptr<OperationSource>> Open(const std::string& source) {
    ++opened;
    EXPECT_EQ(source, "source");
    if (!error.ok()) return error;
    return std::make_unique<Listing>(*this, std::vector<std::string>(files.begin(), files.end()));
  }
  SourceOpener opener() {
    return [this](const BatchRecord&, const std::string& source, const GoesOn&) {
      return Open(source);
    };
  }

  std::set<std::string> files;
  absl::Status error;
  std::function<void()> on_make = [] {};
  int opened = 0;

 private:
  class Listing final : public OperationSource {
   public:
    Listing(Folder& folder, std::vector<std::string> items)
        : folder_(folder), items_(std::move(items)) {}
    const std::vector<std::string>& items() const override { return items_; }
    absl::StatusOr<SourcedOperation> Make(const std::string& item, const GoesOn& goes_on) override {
      folder_.on_make();
      if (!goes_on()) return absl::CancelledError("abandoned");
      FileRecord file;
      file.project = "default";
      file.id = file.request_id = "f-" + item;
      return SourcedOperation{item, file};
    }

   private:
    Folder& folder_;
    const std::vector<std::string> items_;
  };
};

class BatchExpanderTest : public BatchRunnerTest {
 protected:
  BatchExpanderTest() {
    BatchRecord batch;
    batch.source = "source";
    batch.expansion = BatchExpansion::kGoing;
    key_ = Create(batch, {}).key;
  }
  static std::string Name(int number) { return "f" + std::to_string(100'000 + number); }
  void Fill(int files) {
    for (int i = 1; i <= files; ++i) folder_.files.insert(Name(i));
  }
  BatchExpander Expander() {
    return {store_, folder_.opener(), SystemClock(), [this](BatchKey key) {
              EXPECT_EQ(key, key_);
              ++grown_;
            }};
  }
  BatchRecord Record() { return View().record; }
  std::vector<std::string> Requests() {
    const auto operations = store_.LoadOperations(key_, 0, 1'000'000);
    std::vector<std::string> requests;
    for (const BatchOperation& operation : *operations) requests.push_back(operation.request);
    return requests;
  }
  std::vector<std::string> Files() const { return {folder_.files.begin(), folder_.files.end()}; }

  Folder folder_;
  BatchKey key_ = 0;
  int grown_ = 0;
};

TEST_F(BatchExpanderTest, ASourceBecomesOperationsPageByPageAndIsOpenedOnce) {
  Fill(2500);
  BatchExpander expander = Expander();
  EXPECT_EQ(expander.Step(key_), BatchPace::kAtOnce);
  EXPECT_EQ(Record().found, 2500);
  const int32_t first = Record().operations;
  EXPECT_GT(first, 0);
  EXPECT_LE(first, static_cast<int32_t>(BatchExpander::kPageOperationsMax));
  EXPECT_EQ(Record().expanded_to, Name(first));
  while (expander.Step(key_) == BatchPace::kAtOnce) {
  }
  EXPECT_EQ(Record().expansion, BatchExpansion::kDone);
  EXPECT_EQ(Requests(), Files());
  EXPECT_EQ(folder_.opened, 1);
  EXPECT_GE(grown_, 3);
  EXPECT_TRUE(store_.GetFile("default", "f-" + Name(2500)).ok());
  EXPECT_EQ(expander.Step(key_), BatchPace::kIdle);
}

TEST_F(BatchExpanderTest, AnotherLeaderGoesOnAfterTheLastItemThatIsRecorded) {
  Fill(1500);
  BatchExpander first = Expander();
  ASSERT_EQ(first.Step(key_), BatchPace::kAtOnce);
  const int32_t done = Record().operations;
  ASSERT_LT(done, 1500);
  folder_.files.erase(Name(1));         // It is an operation already.
  folder_.files.insert(Name(1) + "a");  // It would have come before.
  folder_.files.insert(Name(1500) + "a");
  BatchExpander second = Expander();
  // The first one sleeps with a page in hand; the second records the same items meanwhile.
  bool took_over = false;
  folder_.on_make = [&] {
    if (std::exchange(took_over, true)) return;
    while (second.Step(key_) == BatchPace::kAtOnce) {
    }
  };
  EXPECT_EQ(first.Step(key_), BatchPace::kAtOnce);  // Refused: it looks again.
  EXPECT_EQ(first.Step(key_), BatchPace::kIdle);
  std::vector<std::string> expected;
  for (int i = 1; i <= 1500; ++i) expected.push_back(Name(i));
  expected.push_back(Name(1500) + "a");
  EXPECT_EQ(Requests(), expected);
  EXPECT_EQ(Record().found, 1501);
}

TEST_F(BatchExpanderTest, WhatCannotBeOpenedHaltsItAndARetryOpensItAgain) {
  folder_.error = MakeError(absl::StatusCode::kNotFound, "DIRECTORY_MISSING", "it is gone");
  BatchExpander expander = Expander();
  EXPECT_EQ(expander.Step(key_), BatchPace::kIdle);
  EXPECT_EQ(Record().expansion, BatchExpansion::kHalted);
  EXPECT_EQ(Record().halt_reason, "DIRECTORY_MISSING");
  EXPECT_EQ(Record().halt_message, "it is gone");
  EXPECT_EQ(State(), BatchState::kFailed);
  EXPECT_EQ(grown_, 1);
  ASSERT_TRUE(store_.UpdateBatch(*WishRetry(View(), SystemClock().Now()), {}).ok());
  folder_.error = absl::OkStatus();
  Fill(2);
  EXPECT_EQ(expander.Step(key_), BatchPace::kIdle);
  EXPECT_EQ(Record().expansion, BatchExpansion::kDone);
  EXPECT_EQ(Requests(), Files());
}

TEST_F(BatchExpanderTest, ACancelOrAStopHaltsIt) {
  Fill(2500);
  BatchExpander expander = Expander();
  ASSERT_EQ(expander.Step(key_), BatchPace::kAtOnce);
  const int32_t recorded = Record().operations;
  BatchRecord batch = Record();
  batch.desire = BatchDesire::kStop;
  ASSERT_TRUE(store_.UpdateBatch(batch, {}).ok());
  EXPECT_EQ(expander.Step(key_), BatchPace::kIdle);
  EXPECT_EQ(Record().halt_reason, "BATCH_STOPPED");
  EXPECT_EQ(Record().operations, recorded);
}

TEST_F(BatchExpanderTest, ADatabaseThatIsAwayIsWaitedFor) {
  Fill(1);
  BatchExpander expander = Expander();
  store_.SetAvailable(false);
  EXPECT_EQ(expander.Step(key_), BatchPace::kLater);
  store_.SetAvailable(true);
  EXPECT_EQ(expander.Step(key_), BatchPace::kIdle);
  EXPECT_EQ(Record().operations, 1);
}

TEST_F(BatchExpanderTest, AnAbandonedStepRecordsNothing) {
  Fill(5);
  BatchExpander expander = Expander();
  folder_.on_make = [&] { expander.Abandon(); };
  EXPECT_EQ(expander.Step(key_), BatchPace::kLater);
  EXPECT_EQ(Record().operations, 0);
  EXPECT_THAT(Requests(), IsEmpty());
}

// Two replicas, one after the other: each a scheduler with both runners.
TEST_F(BatchExpanderTest, ABatchIsExpandedAndRunsToItsEndAcrossADeadLeader) {
  Fill(3000);
  const auto runner = [this](Replica& replica) {
    auto expansions = std::make_unique<BatchRunner>(store_, SystemClock(), QuickRunner());
    expansions->Start(
        replica.scheduler(),
        std::make_unique<BatchExpander>(store_, folder_.opener(), SystemClock(),
                                        [&replica](BatchKey key) { replica.runner().Wake(key); }));
    return expansions;
  };
  {
    Replica replica("s1", store_);
    const auto expansions = runner(replica);
    ASSERT_TRUE(WaitUntil([&] { return Record().operations > 0; }));
    expansions->Stop();
  }
  Replica replica("s2", store_);
  const auto expansions = runner(replica);
  Worker worker(replica.scheduler(), 500);
  ASSERT_TRUE(RunToEnd(worker));
  EXPECT_EQ(State(), BatchState::kCompleted);
  EXPECT_EQ(Requests(), Files());
  EXPECT_EQ(store_.Jobs().size(), 3000U);
}

}  // namespace
}  // namespace dq
