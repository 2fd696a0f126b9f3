// The reference, in memory and in a temporary file.
#include "worker/stages/complete/reference/reference_rows.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "tests/support/memory_file.h"
#include "worker/stages/complete/reference/reference_index.h"
#include "worker/stages/complete/reference/reference_table.h"

namespace dq {
namespace {

class ReferenceStorage : public testing::TestWithParam<bool> {
 protected:
  int temp_dir() const { return GetParam() ? dir_.get() : -1; }

  UniqueFd dir_{::open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY)};
  MemoryBudget memory_{int64_t{64} << 20};
};

INSTANTIATE_TEST_SUITE_P(InMemoryAndSpilled, ReferenceStorage, testing::Bool());

TEST_P(ReferenceStorage, ReadsBackEveryRow) {
  ReferenceRows rows(memory_, temp_dir(), int64_t{1} << 20);
  std::vector<int64_t> places;
  for (size_t i = 0; i < 5000; ++i) {
    const std::string key = std::to_string(i);
    const std::string value(i % 700, 'v');
    const std::vector<std::string_view> fields = {key, "", value, "end"};
    const auto place = rows.Add(fields);
    ASSERT_TRUE(place.ok()) << place.status();
    places.push_back(*place);
  }
  EXPECT_EQ(rows.spilled_bytes() > 0, GetParam());
  ReferenceRows::Shelf shelf;
  for (size_t i = places.size(); i-- > 0;) {
    if (i % 100 == 0) shelf.Clear();
    const auto row = rows.Read(places[i], shelf);
    ASSERT_TRUE(row.ok()) << row.status();
    EXPECT_EQ(ReferenceRows::Field(*row, 0), std::to_string(i));
    EXPECT_EQ(ReferenceRows::Field(*row, 1), "");
    EXPECT_EQ(ReferenceRows::Field(*row, 2), std::string(i % 700, 'v'));
    EXPECT_EQ(ReferenceRows::Field(*row, 3), "end");
  }
}

TEST_P(ReferenceStorage, RowsThatLeaveMemoryAreReadFromTheFileAndTakeNothing) {
  ReferenceRows rows(memory_, temp_dir(), int64_t{1} << 20);
  std::vector<int64_t> places;
  for (size_t i = 0; i < 5000; ++i) {
    const std::string key = std::to_string(i);
    const std::string value(i % 700, 'v');
    const std::vector<std::string_view> fields = {key, value};
    const auto place = rows.Add(fields);
    ASSERT_TRUE(place.ok()) << place.status();
    places.push_back(*place);
  }
  const int64_t before = memory_.available_bytes();
  ASSERT_TRUE(rows.LeaveMemory().ok());
  EXPECT_EQ(memory_.available_bytes() > before, GetParam());  // Without a file they stay.
  ReferenceRows::Shelf shelf;
  for (size_t step : {1U, 7U}) {
    for (size_t i = 0; i < places.size(); i += step) {
      shelf.ClearWhenLarge();
      const auto row = rows.Read(places[i], shelf);
      ASSERT_TRUE(row.ok()) << row.status();
      ASSERT_EQ(ReferenceRows::Field(*row, 0), std::to_string(i));
      ASSERT_EQ(ReferenceRows::Field(*row, 1).size(), i % 700);
    }
  }
}

TEST_P(ReferenceStorage, AShelfThatIsClearedStaysSmall) {
  ReferenceRows rows(memory_, temp_dir(), int64_t{1} << 20);
  const std::string value(20'000, 'v');
  std::vector<int64_t> places;
  for (size_t i = 0; i < 2000; ++i) {
    const std::string key = std::to_string(i);
    const std::vector<std::string_view> fields = {key, value};
    const auto place = rows.Add(fields);
    ASSERT_TRUE(place.ok()) << place.status();
    places.push_back(*place);
  }
  ReferenceRows::Shelf shelf;
  size_t most = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    const auto row = rows.Read(places[i], shelf);
    ASSERT_TRUE(row.ok()) << row.status();
    EXPECT_EQ(ReferenceRows::Field(*row, 0), std::to_string(i));
    most = std::max(most, shelf.BytesForTest());
    shelf.ClearWhenLarge();
  }
  EXPECT_LE(most, size_t{2} << 20);
}

TEST_P(ReferenceStorage, FindsEveryKeyWhereItsRowsWereJoined) {
  constexpr uint64_t kKeys = 400'000;
  // Place 2 * k + 1 holds key k, and place 2 * k too when k is a multiple of 1000. What is made of
  // both is at a place beyond.
  constexpr int64_t kJoined = 2'000'000;
  const auto hash_of = [](uint64_t key) { return key * 0x9E3779B97F4A7C15 ^ key << 40; };
  ReferenceIndex index(memory_, temp_dir());
  for (uint64_t key = 0; key < kKeys; ++key) {
    const auto place = static_cast<int64_t>(2 * key);
    if (key % 1000 == 0) {
      ASSERT_TRUE(index.Add({hash_of(key), place}).ok());
    }
    ASSERT_TRUE(index.Add({hash_of(key), place + 1}).ok());
  }
  using Joined = absl::StatusOr<std::optional<int64_t>>;
  const auto join = [](const ReferenceIndex::Clash& clash) -> Joined {
    if (clash.first_place / 2 != clash.place / 2) return std::nullopt;
    return kJoined + clash.first_place;
  };
  ASSERT_TRUE(index.Build(join).ok());
  EXPECT_EQ(index.spilled_bytes() > 0, GetParam());
  for (uint64_t key = 0; key < kKeys; ++key) {
    ReferenceIndex::Cursor cursor;
    bool found = false;
    while (!found && index.Next(hash_of(key), cursor)) {
      const bool joined = key % 1000 == 0;
      found = cursor.place == static_cast<int64_t>(2 * key) + (joined ? kJoined : 1);
    }
    ASSERT_TRUE(found) << key;
  }
  ReferenceIndex::Cursor cursor;
  EXPECT_FALSE(index.Next(12345, cursor));
}

TEST_P(ReferenceStorage, WhatDoesNotFitIsATypedError) {
  MemoryBudget tiny(kMemoryReservedBytes + (int64_t{2} << 20));
  ReferenceRows rows(tiny, temp_dir(), int64_t{1} << 20);
  const std::string value(100'000, 'v');
  const std::vector<std::string_view> fields = {value};
  absl::Status status;
  for (int i = 0; i < 50 && status.ok(); ++i) status = rows.Add(fields).status();
  EXPECT_EQ(ReasonOf(status), GetParam() ? "" : "OUT_OF_MEMORY");
}

// Every key has three rows that share their town, and of an odd key the last has another code.
TEST_P(ReferenceStorage, RowsOfAKeyFillWhatTheyAgreeOn) {
  constexpr int kKeys = 60'000;
  std::string content = "id,town,code\n";
  for (int copy = 0; copy < 3; ++copy) {
    for (int key = 0; key < kKeys; ++key) {
      const std::string text = std::to_string(key);
      content +=
          "k" + text + ",town " + text + "," + (copy == 2 && key % 2 == 1 ? "z" : "c") + "\n";
    }
  }
  const MemoryFile file(content);
  // In the file there is room for the index, but not for rows beside it.
  MemoryBudget memory(kMemoryReservedBytes + (int64_t{GetParam() ? 4 : 64} << 20));
  TaskPool pool(1);
  const MissingTokens tokens(MissingTokens::Vocabulary::kUsed, {}, {});
  const StageContext context{.memory = memory,
                             .pool = pool,
                             .temp_dir_fd = temp_dir(),
                             .rows_max = [] { return kKeys; },
                             .stop = {}};
  const ReferenceOptions options{.fd = file.fd(),
                                 .sha256 = "",
                                 .key_columns = {"id"},
                                 .file_columns = {"code", "id", "town"},
                                 .stop = {}};
  const auto table = ReferenceTable::Load(options, tokens, context);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->spilled_bytes() > 0, GetParam());
  EXPECT_EQ((*table)->ambiguous_keys(), kKeys / 2);
  ReferenceTable::Shelf shelf;
  for (int key = 0; key < kKeys; ++key) {
    shelf.ClearWhenLarge();
    std::string folded;
    ReferenceTable::AppendKey(folded, "K" + std::to_string(key));
    const auto row = (*table)->Find(folded, ReferenceTable::HashOf(folded), shelf);
    ASSERT_TRUE(row.ok() && *row != nullptr) << key;
    ASSERT_EQ((*table)->Value(*row, 0), key % 2 == 1 ? "" : "c") << key;
    ASSERT_EQ((*table)->Value(*row, 2), "town " + std::to_string(key));
  }
}

TEST(ReferenceTable, AStopGivesTheErrorOfAnyOtherStop) {
  MemoryBudget memory(int64_t{64} << 20);
  TaskPool pool(1);
  const MissingTokens tokens(MissingTokens::Vocabulary::kUsed, {}, {});
  for (const char* content : {"id,town\n1,Rome\n", "{\"id\": 1, \"town\": \"Rome\"}\n"}) {
    const MemoryFile file(content);
    const StageContext context{
        .memory = memory, .pool = pool, .rows_max = [] { return 1; }, .stop = {}};
    ReferenceOptions options;
    options.fd = file.fd();
    options.file_columns = {"id", "town"};
    options.stop = [] { return true; };
    const absl::Status status = ReferenceTable::Load(options, tokens, context).status();
    EXPECT_EQ(ReasonOf(status), "CANCELLED") << content;
    EXPECT_EQ(MetadataOf(status)["category"], "processing") << content;
  }
}

}  // namespace
}  // namespace dq
