// The structural bytes are found by every classifier of this processor alike.
#include "worker/table/delimited/structural_index.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace dq {
namespace {

TEST(StructuralIndex, FindsWhatLookingAtEveryByteFinds) {
  std::mt19937 random(9);
  const Dialect dialect{.delimiter = ';'};
  const std::string structural(";\"\n\r\0", 5);
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 10'000, 'x');
    const size_t share = 1 + random() % 30;
    for (char& c : text) {
      if (random() % share == 0) c = structural[random() % structural.size()];
      if (random() % 5000 == 0) c = '\xC3';
    }
    const size_t size = text.size();
    std::vector<uint32_t> expected;
    for (size_t i = 0; i < size; ++i) {
      if (structural.find(text[i]) != std::string::npos)
        expected.push_back(static_cast<uint32_t>(i));
    }
    expected.push_back(static_cast<uint32_t>(size));
    text.append(kIndexPaddingBytes, ';');
    for (const ByteClassifier classify : ByteClassifiers()) {
      StructuralIndex index(dialect, classify);
      index.Build(text.data(), size);
      ASSERT_EQ(std::vector<uint32_t>(index.positions(), index.positions() + expected.size()),
                expected);
      const bool ascii = text.substr(0, size).find('\xC3') == std::string::npos;
      ASSERT_EQ(index.MayHoldNonAscii(0, size), !ascii);
    }
  }
}

}  // namespace
}  // namespace dq
