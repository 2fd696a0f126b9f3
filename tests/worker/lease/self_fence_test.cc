#include "worker/lease/self_fence.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);
constexpr absl::Duration kTtl = absl::Seconds(15);

SelfFence Connected() {
  SelfFence fence;
  fence.StreamOpened(kStart);
  fence.Welcomed(kTtl);
  return fence;
}

TEST(SelfFence, NothingIsFencedBeforeTheFirstWelcome) {
  SelfFence fence;
  EXPECT_EQ(fence.Deadline(), absl::InfiniteFuture());
  fence.StreamOpened(kStart);
  EXPECT_EQ(fence.Deadline(), absl::InfiniteFuture());
}

TEST(SelfFence, TheWelcomeCountsFromTheHello) {
  EXPECT_EQ(Connected().Deadline(), kStart + absl::Seconds(13));
}

TEST(SelfFence, AnAnswerCountsFromTheSendTimeOfItsReportNotFromItsArrival) {
  SelfFence fence = Connected();
  fence.ReportSent(1, kStart + absl::Seconds(3));
  fence.ReportSent(2, kStart + absl::Seconds(6));
  EXPECT_EQ(fence.Deadline(), kStart + absl::Seconds(13));
  fence.Answered(1);
  EXPECT_EQ(fence.Deadline(), kStart + absl::Seconds(16));
  fence.Answered(2);
  EXPECT_EQ(fence.Deadline(), kStart + absl::Seconds(19));
}

TEST(SelfFence, AnsweringALaterReportAnswersTheEarlierOnes) {
  SelfFence fence = Connected();
  fence.ReportSent(1, kStart + absl::Seconds(3));
  fence.ReportSent(2, kStart + absl::Seconds(6));
  fence.Answered(2);
  fence.Answered(1);
  EXPECT_EQ(fence.Deadline(), kStart + absl::Seconds(19));
}

TEST(SelfFence, NewsWithoutAnAnswerExtendsNothing) {
  SelfFence fence = Connected();
  fence.Answered(0);
  fence.Answered(7);
  EXPECT_EQ(fence.Deadline(), kStart + absl::Seconds(13));
}

TEST(SelfFence, ALostStreamAndATryWithoutWelcomeExtendNothing) {
  SelfFence fence = Connected();
  fence.ReportSent(1, kStart + absl::Seconds(3));
  fence.StreamOpened(kStart + absl::Seconds(5));
  fence.Answered(1);  // A number of the stream before.
  EXPECT_EQ(fence.Deadline(), kStart + absl::Seconds(13));
  fence.Welcomed(kTtl);
  EXPECT_EQ(fence.Deadline(), kStart + absl::Seconds(18));
}

TEST(SelfFence, AShortTtlKeepsAShorterMargin) {
  SelfFence fence;
  fence.StreamOpened(kStart);
  fence.Welcomed(absl::Seconds(2));
  EXPECT_EQ(fence.Deadline(), kStart + absl::Milliseconds(1500));
}

}  // namespace
}  // namespace dq
