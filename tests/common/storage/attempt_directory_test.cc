#include "common/storage/attempt_directory.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

TEST(AttemptDirectory, ItsNameTellsTheAttempt) {
  EXPECT_EQ(AttemptDirectory(12, "0123456789abcdef"), "a12-01234567");
  EXPECT_EQ(AttemptOfDirectory(AttemptDirectory(12, "0123456789abcdef")), 12);
}

TEST(AttemptDirectory, AnyOtherNameIsNone) {
  for (const char* name : {"", "a", "a1", "b1-01234567", "a-01234567", "a-1-01234567",
                           "a0-01234567", "ax-0", "1-01234567", "a99999999999999999999-01234567"}) {
    EXPECT_EQ(AttemptOfDirectory(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace dq
