#include "common/base/error.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace dq {
namespace {

TEST(Error, KeepsReasonAndMetadataOfAnyBytes) {
  const absl::Status status = MakeError(absl::StatusCode::kNotFound, "FILE_NOT_FOUND",
                                        "No such file.", {{"a:1", "b:\n2"}, {"c", ""}});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(MessageOf(status), "No such file.");
  EXPECT_EQ(ReasonOf(status), "FILE_NOT_FOUND");
  EXPECT_EQ(MetadataOf(status), (ErrorMetadata{{"a:1", "b:\n2"}, {"c", ""}}));
}

TEST(Error, StatusWithoutReasonHasNone) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), "");
  EXPECT_TRUE(MetadataOf(absl::InternalError("x")).empty());
}

TEST(Error, ErrnoBecomesTheFittingCode) {
  const absl::Status status = ErrnoError(ENOSPC, "DISK_FULL", "write out.csv");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(MessageOf(status), "write out.csv: No space left on device");
}

}  // namespace
}  // namespace dq
