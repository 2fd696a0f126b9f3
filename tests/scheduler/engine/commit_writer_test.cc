// The thread that writes batches, against stores that misbehave.
#include "scheduler/engine/commit_writer.h"

#include <future>
#include <memory>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "gtest/gtest.h"
#include "tests/support/fake_store.h"

namespace dq {
namespace {

// A database that lost the batches it acknowledged: none can follow.
class ForgetfulStore final : public FakeStore {
 public:
  using FakeStore::FakeStore;

  absl::StatusOr<BatchResult> Commit(const WriteBatch&) override {
    return MakeError(absl::StatusCode::kUnavailable, "BATCH_OUT_OF_ORDER", "there is none before");
  }
};

TEST(CommitWriter, ABatchWhosePredecessorIsGoneIsRefusedRatherThanRepeatedForEver) {
  ForgetfulStore store(SystemClock());
  std::promise<absl::Status> refused;
  CommitWriter writer(
      store, {.committed = [](int64_t, BatchResult) { ADD_FAILURE() << "nothing can be written"; },
              .refused = [&](int64_t, const absl::Status& why) { refused.set_value(why); },
              .failing = [](int64_t, const absl::Status&) {}});
  writer.Start();
  writer.Commit(std::make_shared<WriteBatch>());
  EXPECT_EQ(ReasonOf(refused.get_future().get()), "FENCED");
}

}  // namespace
}  // namespace dq
