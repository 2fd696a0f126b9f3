#include "worker/sandbox/child_exit.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "common/base/error.h"

namespace dq {
namespace {

TEST(ErrorOfChildExit, ASignalIsACrashThatNamesIt) {
  const absl::Status error = ErrorOfChildExit({CLD_KILLED, SIGSEGV}, "line 1\nline 2\n");
  EXPECT_EQ(ReasonOf(error), "CRASHED");
  EXPECT_EQ(MetadataOf(error)["signal"], "SIGSEGV");
  EXPECT_EQ(MetadataOf(error)["category"], "system");
  EXPECT_EQ(MetadataOf(error)["stderr"], "line 1\nline 2");
}

TEST(ErrorOfChildExit, AnExitWithoutResultIsACrash) {
  const absl::Status error = ErrorOfChildExit({CLD_EXITED, 3}, "");
  EXPECT_EQ(ReasonOf(error), "CRASHED");
  EXPECT_EQ(MetadataOf(error)["exit_status"], "3");
}

TEST(ErrorOfChildExit, BadAllocOnStderrIsOutOfMemory) {
  const absl::Status error =
      ErrorOfChildExit({CLD_DUMPED, SIGABRT}, "terminate called after 'std::bad_alloc'");
  EXPECT_EQ(ReasonOf(error), "OUT_OF_MEMORY");
  EXPECT_EQ(MetadataOf(error)["category"], "processing");
}

TEST(ErrorOfChildExit, TheCpuLimitIsTyped) {
  const absl::Status error = ErrorOfChildExit({CLD_KILLED, SIGXCPU}, "");
  EXPECT_EQ(ReasonOf(error), "CPU_LIMIT");
  EXPECT_EQ(MetadataOf(error)["category"], "processing");
  EXPECT_FALSE(MetadataOf(error).contains("stderr")) << "it said nothing";
}

TEST(ErrorOfChildExit, OnlyTheEndOfStderrIsKept) {
  const absl::Status error = ErrorOfChildExit({CLD_EXITED, 1}, std::string(9000, 'x') + "end");
  EXPECT_LE(MetadataOf(error)["stderr"].size(), 1024u);
  EXPECT_TRUE(MetadataOf(error)["stderr"].ends_with("end"));
}

}  // namespace
}  // namespace dq
