// Sketches: exact while they can be, close beyond.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "worker/table/sketch/distinct_counter.h"
#include "worker/table/sketch/hyper_log_log.h"
#include "worker/table/sketch/quantile_sketch.h"
#include "worker/table/sketch/sort_numbers.h"
#include "worker/table/sketch/value_counter.h"

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

TEST(DistinctCounter, IsExactUpToItsLimitAndCloseBeyond) {
  DistinctCounter counter(50'000, 16);
  for (int round = 0; round < 2; ++round) {
    for (uint64_t i = 0; i < 50'000; ++i) counter.Add(i == 7 ? 0 : Mixed(i + 1));
  }
  EXPECT_TRUE(counter.exact());
  EXPECT_EQ(counter.Count(), 50'000);
  for (uint64_t i = 0; i < 200'000; ++i) counter.Add(Mixed(i + 1));
  EXPECT_FALSE(counter.exact());
  EXPECT_NEAR(static_cast<double>(counter.Count()), 200'000, 2000);
}

TEST(SortNumbers, GivesTheOrderOfComparing) {
  std::mt19937_64 random(3);
  for (const size_t count : {0, 1, 255, 256, 5000}) {
    std::vector<double> numbers;
    for (size_t i = 0; i < count; ++i) {
      const auto number = static_cast<double>(static_cast<int64_t>(random()));
      numbers.push_back(i % 3 == 0 ? std::round(number / 1e16) : number / 7e5);
    }
    std::vector<double> expected = numbers;
    std::sort(expected.begin(), expected.end());
    SortNumbers(numbers);
    EXPECT_EQ(numbers, expected);
  }
}

TEST(ValueCounter, CountsFewValuesExactly) {
  ValueCounter counter({.values = 256});
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
  ValueCounter counter({.values = 256, .distinct = 1000});
  const auto add = [&counter](const std::string& value) {
    counter.Add(value, Mixed(std::hash<std::string>()(value)));
  };
  for (int i = 0; i < 100'000; ++i) {
    add(i % 20 == 0 ? "often" : i > 50'000 && i % 20 == 1 ? "later" : "v" + std::to_string(i));
  }
  EXPECT_FALSE(counter.exact());
  const std::vector<CountedValue> top = counter.Top(2);
  EXPECT_EQ(top[0].value, "often");
  EXPECT_EQ(top[0].count, 5000);
  EXPECT_EQ(top[0].missed_max, 0);
  EXPECT_EQ(top[1].value, "later");
  EXPECT_LE(top[1].count, 2500);
  EXPECT_GE(top[1].count + top[1].missed_max, 2500);
  EXPECT_FALSE(counter.distinct_exact());
  EXPECT_NEAR(static_cast<double>(counter.Distinct()), 92'502, 1000);
}

}  // namespace
}  // namespace dq
