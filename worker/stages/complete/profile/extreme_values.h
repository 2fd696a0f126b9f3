// The least and the greatest values of a column, a few of each, so that some remain when values
// turn out to stand for "no value". Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dq {

class StateReader;
class StateWriter;

struct ExtremeValue {
  double key = 0;    // By which values are ordered.
  std::string text;  // The first one seen with that key.
};

class ExtremeValues {
 public:
  // Adds a value; keys are numbers, never NaN.
  void Add(std::string_view text, double key) {
    if (least_.size() < kKept || key < least_.back().key) Keep(least_, text, key, std::less<>());
    if (greatest_.size() < kKept || key > greatest_.back().key) {
      Keep(greatest_, text, key, std::greater<>());
    }
  }
  // Some values, from the least one up and from the greatest one down. Empty without any value.
  const std::vector<ExtremeValue>& least() const { return least_; }
  const std::vector<ExtremeValue>& greatest() const { return greatest_; }

  // Writes the state; Restore reads it into a new object made alike and says with the reader when
  // it cannot be one.
  void Save(StateWriter& writer) const;
  void Restore(StateReader& reader);

 private:
  static constexpr size_t kKept = 16;

  template <typename Order>
  static void Keep(std::vector<ExtremeValue>& kept, std::string_view text, double key,
                   Order order) {
    size_t at = kept.size();
    while (at > 0 && order(key, kept[at - 1].key)) --at;
    if (at > 0 && kept[at - 1].key == key) return;
    if (kept.size() == kKept) kept.pop_back();
    kept.insert(kept.begin() + static_cast<ptrdiff_t>(at), {key, std::string(text)});
  }

  std::vector<ExtremeValue> least_;
  std::vector<ExtremeValue> greatest_;
};

}  // namespace dq
