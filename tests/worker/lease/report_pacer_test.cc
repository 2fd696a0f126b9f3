#include "worker/lease/report_pacer.h"

#include <gtest/gtest.h>

namespace dq {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1000);
constexpr absl::Duration kInterval = absl::Seconds(3);

TEST(ReportPacer, NothingIsDueWithoutAStream) {
  ReportPacer pacer([] { return 0.5; });
  pacer.News();
  EXPECT_EQ(pacer.Due(), absl::InfiniteFuture());
  pacer.Start(kInterval);
  pacer.Stop();
  EXPECT_EQ(pacer.Due(), absl::InfiniteFuture());
}

TEST(ReportPacer, TheFirstReportOfAStreamGoesAtOnceAndCountsFromOne) {
  ReportPacer pacer([] { return 0.5; });
  pacer.Start(kInterval);
  EXPECT_EQ(pacer.Due(), absl::InfinitePast());
  EXPECT_EQ(pacer.Sent(kNow), 1);
  EXPECT_EQ(pacer.Sent(kNow), 2);
  pacer.Start(kInterval);
  EXPECT_EQ(pacer.Sent(kNow), 1);
}

TEST(ReportPacer, TheIntervalIsJitteredByTenPercent) {
  for (const double random : {0.0, 0.5, 1.0}) {
    ReportPacer pacer([random] { return random; });
    pacer.Start(kInterval);
    pacer.Sent(kNow);
    EXPECT_NEAR(absl::ToDoubleSeconds(pacer.Due() - kNow), 2.7 + 0.6 * random, 1e-6);
  }
}

TEST(ReportPacer, NewsGoesAtOnceWhenTheLastReportIsAnswered) {
  ReportPacer pacer([] { return 0.5; });
  pacer.Start(kInterval);
  pacer.Sent(kNow);
  pacer.Answered(1);
  EXPECT_EQ(pacer.Due(), kNow + kInterval);
  pacer.News();
  EXPECT_EQ(pacer.Due(), absl::InfinitePast());
}

TEST(ReportPacer, NewsWaitsForTheAnswerButNotLongerThanTheInterval) {
  ReportPacer pacer([] { return 0.5; });
  pacer.Start(kInterval);
  pacer.Sent(kNow);
  pacer.News();
  EXPECT_EQ(pacer.Due(), kNow + kInterval);
  pacer.Answered(1);
  EXPECT_EQ(pacer.Due(), absl::InfinitePast());
  pacer.Sent(kNow);
  pacer.Answered(2);
  EXPECT_EQ(pacer.Due(), kNow + kInterval);
}

TEST(ReportPacer, AnAnswerToAnOlderReportDoesNotOpenTheWindow) {
  ReportPacer pacer([] { return 0.5; });
  pacer.Start(kInterval);
  pacer.Sent(kNow);
  pacer.Sent(kNow + kInterval);
  pacer.News();
  pacer.Answered(1);
  EXPECT_EQ(pacer.Due(), kNow + 2 * kInterval);
}

}  // namespace
}  // namespace dq
