#include "scheduler/engine/storage_debts.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/fake_store.h"
#include "tests/support/manual_clock.h"

namespace dq {
namespace {

namespace fs = std::filesystem;

// Owes what the test says.
class OwingStore : public FakeStore {
 public:
  explicit OwingStore(const Clock& clock) : FakeStore(clock) {}
  absl::StatusOr<std::vector<StorageDebt>> LoadDebts(int64_t after, int limit) override {
    std::vector<StorageDebt> page;
    for (const StorageDebt& debt : debts) {
      if (debt.key > after && std::ssize(page) < limit) page.push_back(debt);
    }
    return page;
  }
  absl::Status PayDebt(int64_t key) override {
    std::erase_if(debts, [&](const StorageDebt& debt) { return debt.key == key; });
    return absl::OkStatus();
  }
  std::vector<StorageDebt> debts;
};

class StorageDebtsTest : public ::testing::Test {
 protected:
  StorageDebtsTest() : root_(NewRoot()), objects_(OpenFileObjectStore(root_.string()).value()) {
    for (const char* folder : {".tmp-a3-00112233-89abcdef", "a1-01234567", "a2-89abcdef"}) {
      Write(std::string("j/") + folder + "/manifest.json");
      Write(std::string("j/") + folder + "/cleaned.csv");
    }
  }
  ~StorageDebtsTest() override { fs::remove_all(root_); }

  static fs::path NewRoot() {
    std::string pattern = (fs::temp_directory_path() / "dq-debts-XXXXXX").string();
    return mkdtemp(pattern.data());
  }
  void Write(const std::string& path) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << "text";
  }
  bool Has(const std::string& path) const { return fs::exists(root_ / path); }
  static StorageDebt Debt(int64_t key) {
    return {.key = key,
            .uri = "",
            .job = {"default", "j"},
            .manifest_uri = "file:///j/a1-01234567/manifest.json",
            .kept_uris = {}};
  }
  int64_t PayAll() {
    return debts_.PayAll([] { return true; });
  }

  fs::path root_;
  std::unique_ptr<ObjectStore> objects_;
  ManualClock clock_;
  OwingStore store_{clock_};
  absl::Status named_ = absl::NotFoundError("nobody");
  int asked_ = 0;  // Whether a name is a job's.
  StorageDebts debts_{*objects_, store_, [](const JobName& job) { return "file:///" + job.id; },
                      [this](const JobName&) {
                        ++asked_;
                        return named_;
                      }};
};

TEST_F(StorageDebtsTest, EverythingThatTheJobLeftGoesWithItsFolder) {
  store_.debts = {Debt(1)};
  EXPECT_EQ(PayAll(), 1);
  EXPECT_FALSE(Has("j"));
  EXPECT_TRUE(store_.debts.empty());
  store_.debts = {Debt(2)};
  EXPECT_EQ(PayAll(), 1) << "twice is no error";
}

TEST_F(StorageDebtsTest, FilesThatAreNeededStay) {
  StorageDebt debt = Debt(1);
  debt.kept_uris = {"file:///j/a1-01234567/cleaned.csv"};
  store_.debts = {debt};
  EXPECT_EQ(PayAll(), 1);
  EXPECT_TRUE(Has("j/a1-01234567/cleaned.csv"));
  EXPECT_FALSE(Has("j/a1-01234567/manifest.json"));
  EXPECT_FALSE(Has("j/a2-89abcdef"));
}

TEST_F(StorageDebtsTest, OfAJobWhoseNameAnotherHasOnlyItsOutputsGo) {
  named_ = absl::OkStatus();
  store_.debts = {Debt(1)};
  EXPECT_EQ(PayAll(), 1);
  EXPECT_FALSE(Has("j/a1-01234567"));
  EXPECT_TRUE(Has("j/a2-89abcdef/cleaned.csv"));
  EXPECT_TRUE(Has("j/.tmp-a3-00112233-89abcdef/cleaned.csv"));
}

TEST_F(StorageDebtsTest, WhatIsNoFolderOfAnAttemptStays) {
  Write("j/notes/mine.txt");
  store_.debts = {Debt(1)};
  EXPECT_EQ(PayAll(), 1);
  EXPECT_TRUE(Has("j/notes/mine.txt"));
  EXPECT_FALSE(Has("j/a1-01234567"));
}

TEST_F(StorageDebtsTest, AFileByItselfGoes) {
  StorageDebt debt;
  debt.key = 1;
  debt.uri = "file:///j/a2-89abcdef/cleaned.csv";
  store_.debts = {debt};
  EXPECT_EQ(PayAll(), 1);
  EXPECT_FALSE(Has("j/a2-89abcdef/cleaned.csv"));
  EXPECT_TRUE(Has("j/a2-89abcdef/manifest.json"));
}

TEST_F(StorageDebtsTest, WhatCannotBeDoneNowStaysOwedAndHoldsNothingUp) {
  named_ = absl::UnavailableError("the database is away");
  StorageDebt file;
  file.key = 2;
  file.uri = "file:///j/a2-89abcdef/cleaned.csv";
  store_.debts = {Debt(1), file};
  EXPECT_EQ(PayAll(), 1);
  ASSERT_EQ(store_.debts.size(), 1U);
  EXPECT_EQ(store_.debts[0].key, 1);
  EXPECT_TRUE(Has("j/a1-01234567/cleaned.csv"));
  named_ = absl::NotFoundError("nobody");
  EXPECT_EQ(PayAll(), 1);
  EXPECT_FALSE(Has("j"));
}

// Or each step of a deletion of many would try, and log, all that its steps before have left.
TEST_F(StorageDebtsTest, WhatCannotBePaidIsNotAllTriedEveryTimeAndKeepsNothingElse) {
  named_ = absl::UnavailableError("the database is away");
  for (int64_t key = 1; key <= 25; ++key) store_.debts.push_back(Debt(key));
  StorageDebt file;
  file.key = 26;
  file.uri = "file:///j/a2-89abcdef/cleaned.csv";
  store_.debts.push_back(file);
  EXPECT_EQ(PayAll(), 0);
  EXPECT_EQ(asked_, 10);
  EXPECT_EQ(PayAll(), 0);
  EXPECT_EQ(asked_, 20);
  EXPECT_EQ(PayAll(), 1) << "the file behind them";
  EXPECT_EQ(asked_, 25);
  named_ = absl::NotFoundError("nobody");
  EXPECT_EQ(PayAll(), 25);
}

}  // namespace
}  // namespace dq
