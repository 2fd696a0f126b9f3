// Sketches: exact while they can be, close beyond.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "worker/table/hyper_log_log.h"
#include "worker/table/quantile_sketch.h"
#include "worker/table/value_counter.h"

namespace dq {
namespace {

TEST(QuantileSketch, IsExactUpToItsCapacity) {
  QuantileSketch sketch(1000);
  for (int i = 998; i >= 0; --i) sketch.Add(i);
  EXPECT_TRUE(sketch.exact());
  EXPECT_EQ(sketch.At({0, 0.5, 1}), (std::vector<double>{0, 499, 998}));
}

TEST(QuantileSketch, TheMedianOfAnEvenNumberIsTheLowerOne) {
  QuantileSketch sketch(1000);
  for (const double number : {4, 1, 3, 2}) sketch.Add(number);
  EXPECT_EQ(sketch.At({0.5}), (std::vector<double>{2}));
}

TEST(QuantileSketch, IsCloseBeyondItsCapacity) {
  QuantileSketch sketch(4096);
  std::mt19937 random(7);
  constexpr int kNumbers = 1'000'000;
  for (int i = 0; i < kNumbers; ++i) sketch.Add(static_cast<double>(random() % 1'000'000));
  EXPECT_FALSE(sketch.exact());
  const auto answers = sketch.At({0.05, 0.5, 0.95});
  EXPECT_NEAR(answers[0], 50'000, 3000);
  EXPECT_NEAR(answers[1], 500'000, 3000);
  EXPECT_NEAR(answers[2], 950'000, 3000);
}

uint64_t Mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

TEST(HyperLogLog, IsWithinOnePerCentOverSixOrdersOfMagnitude) {
  HyperLogLog sketch(16);
  uint64_t added = 0;
  for (const uint64_t target : {100u, 10'000u, 100'000u, 300'000u, 3'000'000u}) {
    while (added < target) sketch.Add(Mixed(++added));
    EXPECT_NEAR(static_cast<double>(sketch.Estimate()), static_cast<double>(target),
                0.01 * static_cast<double>(target));
  }
}

TEST(ValueCounter, CountsFewValuesExactly) {
  ValueCounter counter(256, size_t{8} << 20, 12);
  for (int i = 0; i < 1000; ++i) {
    const std::string value = "v" + std::to_string(i % 10 < 4 ? 0 : i % 100);
    counter.Add(value, Mixed(std::hash<std::string>()(value)));
  }
  EXPECT_TRUE(counter.exact());
  EXPECT_EQ(counter.Distinct(), 61);
  EXPECT_EQ(counter.Top(1)[0].value, "v0");
  EXPECT_EQ(counter.Top(1)[0].count, 400);
}

TEST(ValueCounter, FindsTheFrequentOnesAmongManyAndKnowsItsError) {
  ValueCounter counter(256, size_t{8} << 20, 16);
  for (int i = 0; i < 100'000; ++i) {
    const std::string value = i % 20 == 0 ? "often" : "v" + std::to_string(i);
    counter.Add(value, Mixed(std::hash<std::string>()(value)));
  }
  EXPECT_FALSE(counter.exact());
  const CountedValue top = counter.Top(1)[0];
  EXPECT_EQ(top.value, "often");
  EXPECT_LE(top.count, 5000);
  EXPECT_GE(top.count + counter.error(), 5000);
  EXPECT_NEAR(static_cast<double>(counter.Distinct()), 95'001, 1500);
}

}  // namespace
}  // namespace dq
