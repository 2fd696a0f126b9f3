// The conformance suite: what operators ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "scheduler/store/postgres_store.h"
#include "tests/scheduler/store/sql_probe.h"
#include "tests/scheduler/store/store_under_test.h"
#include "tests/support/store_database.h"

namespace dq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OperatorStoreTest : public StoreTest {
 protected:
  static OperatorWord Word(const std::string& actor) {
    return {actor, "a disk is “full”", JobScript::Start()};
  }
};
DQ_RUN_ON_EVERY_STORE(OperatorStoreTest);

TEST_P(OperatorStoreTest, ADrainKeepsItsFirstWordUntilItIsTakenBack) {
  EXPECT_THAT(*jobs().LoadDrains(), IsEmpty());
  const WorkerDrain drain = {"w-1", "alice", "a disk is “full”", JobScript::Start()};
  const auto first = operators().SaveDrain("w-1", Word("alice"), epoch());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, drain);
  EXPECT_EQ(*operators().SaveDrain("w-1", Word("bob"), epoch()), drain);
  ASSERT_TRUE(operators().SaveDrain("w-0", Word("bob"), epoch()).ok());
  EXPECT_THAT(*jobs().LoadDrains(), ElementsAre(testing::_, drain));
  ASSERT_TRUE(operators().EndDrain("w-0", Word("bob"), epoch()).ok());
  ASSERT_TRUE(operators().EndDrain("w-0", Word("bob"), epoch()).ok());
  EXPECT_THAT(*jobs().LoadDrains(), ElementsAre(drain));
}

TEST_P(OperatorStoreTest, OnlyTheLeaderRecordsDrains) {
  const int64_t next = jobs().AcquireLeadership("first", "", absl::Hours(1))->epoch;
  EXPECT_EQ(ReasonOf(operators().SaveDrain("w-1", Word("alice"), epoch()).status()), "NOT_LEADER");
  EXPECT_THAT(*jobs().LoadDrains(), IsEmpty());
  ASSERT_TRUE(operators().SaveDrain("w-1", Word("alice"), next).ok());
  EXPECT_EQ(ReasonOf(operators().EndDrain("w-1", Word("alice"), epoch())), "NOT_LEADER");
  EXPECT_EQ(jobs().LoadDrains()->size(), 1u);
}

TEST(OperatorAudit, EveryChangeOfADrainIsAnEventWithWhoAndWhy) {
  PostgresStoreOptions options;
  options.conninfo = NewStoreDatabase();
  const auto store = *PostgresStore::Create(options);
  const int64_t epoch = store->jobs().AcquireLeadership("first", "", absl::Hours(1))->epoch;
  const OperatorWord word = {"alice", "a disk", JobScript::Start()};
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(store->operators().SaveDrain("w-1", word, epoch).ok());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(store->operators().EndDrain("w-1", word, epoch).ok());
  ASSERT_TRUE(
      store->operators().AddEvent({"bulk_cancel", "projects/p", {{"filter", "a"}}}, word).ok());
  EXPECT_EQ(Probe(options.conninfo, "SELECT detail FROM operator_event WHERE action LIKE 'bulk%'"),
            R"({"filter": "a"})");
  EXPECT_EQ(Probe(options.conninfo,
                  "SELECT actor, action, subject, reason FROM operator_event WHERE action LIKE "
                  "'%drain%' ORDER BY "
                  "key"),
            "alice drain_worker workers/w-1 a disk\nalice undrain_worker workers/w-1 a disk");
}

}  // namespace
}  // namespace dq
