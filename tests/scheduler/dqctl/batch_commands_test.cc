// `dqctl batch submit` that is refused before anything is uploaded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/scheduler/dqctl/command_test.h"
#include "tests/scheduler/dqctl/fake_scheduler.h"

namespace dq::dqctl {
namespace {

using ::testing::HasSubstr;

class BatchCommandsTest : public CommandTest {
 protected:
  BatchCommandsTest() { session_.connection = {.address = fake_.address(), .project = "default"}; }
  int Submit(const std::vector<std::string>& files) {
    std::vector<std::string> arguments = {"batch", "submit", "--chain", "noop"};
    arguments.insert(arguments.end(), files.begin(), files.end());
    return Run(arguments);
  }

  FakeScheduler fake_;
};

TEST_F(BatchCommandsTest, MoreFilesThanABatchHasAreRefused) {
  EXPECT_EQ(Submit(std::vector<std::string>(100'001, "f")), static_cast<int>(ExitCode::kUsage));
  EXPECT_THAT(err_.str(), HasSubstr("100001 files, and a batch has at most 100,000"));
}

TEST_F(BatchCommandsTest, ARequestThatWouldBeTooLargeIsRefused) {
  const std::vector<std::string> files(90'000, std::string(400, 'f'));
  EXPECT_EQ(Submit(files), static_cast<int>(ExitCode::kUsage));
  EXPECT_THAT(err_.str(), HasSubstr("more than 64 MiB"));
}

}  // namespace
}  // namespace dq::dqctl
