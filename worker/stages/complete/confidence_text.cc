#include "worker/stages/complete/confidence_text.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace dq {
namespace {

constexpr size_t kThousand = 1000;
constexpr double kInexact = 1e-9;  // By which a number of thousandths may lie below it.

std::string Thousandths(size_t thousandths) {
  if (thousandths >= kThousand) return "1";
  std::string digits = std::to_string(kThousand + thousandths).substr(1);
  return thousandths == 0 ? "0" : "0." + digits.substr(0, digits.find_last_not_of('0') + 1);
}

std::vector<std::string> AllThousandths() {
  std::vector<std::string> texts;
  for (size_t i = 0; i <= kThousand; ++i) texts.push_back(Thousandths(i));
  return texts;
}

}  // namespace

std::string_view ConfidenceText(double confidence) {
  static const std::vector<std::string>& texts = *new std::vector<std::string>(AllThousandths());
  const auto thousandths = static_cast<size_t>(confidence * kThousand + kInexact);
  return texts[std::min(thousandths, kThousand)];
}

}  // namespace dq
