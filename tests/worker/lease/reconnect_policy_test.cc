#include "worker/lease/reconnect_policy.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

TEST(ReconnectPolicy, FailuresGoRoundTheAddressesAndWaitLonger) {
  ReconnectPolicy policy({"a", "b"}, [] { return 1.0; });
  EXPECT_EQ(policy.address(), "a");
  EXPECT_EQ(policy.Failed(), absl::Milliseconds(100));
  EXPECT_EQ(policy.address(), "b");
  EXPECT_EQ(policy.Failed(), absl::Milliseconds(200));
  EXPECT_EQ(policy.address(), "a");
}

TEST(ReconnectPolicy, WaitsAreCappedAndJittered) {
  ReconnectPolicy high({"a"}, [] { return 1.0; });
  ReconnectPolicy low({"a"}, [] { return 0.0; });
  for (int i = 0; i < 20; ++i) {
    const absl::Duration longest = high.Failed();
    EXPECT_EQ(low.Failed(), longest / 2);
    EXPECT_LE(longest, kReconnectCap);
  }
  EXPECT_EQ(high.Failed(), kReconnectCap);
}

TEST(ReconnectPolicy, ASuccessStartsTheWaitsAgain) {
  ReconnectPolicy policy({"a"}, [] { return 1.0; });
  policy.Failed();
  policy.Failed();
  policy.Succeeded();
  EXPECT_EQ(policy.Failed(), kReconnectFirst);
}

TEST(ReconnectPolicy, AMoveOnlyChangesTheAddress) {
  ReconnectPolicy policy({"a", "b"}, [] { return 1.0; });
  policy.Moved();
  EXPECT_EQ(policy.address(), "b");
  EXPECT_EQ(policy.Failed(), kReconnectFirst);
}

}  // namespace
}  // namespace dq
