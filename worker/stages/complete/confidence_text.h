// How the changes file writes a confidence. Beneath the fills of stage `complete`. Stateless;
// thread-safe.
#pragma once

#include <string_view>

namespace dq {

// Returns a confidence (0 to 1) rounded down to thousandths, without zeros at the end. The text
// lives as long as the process.
std::string_view ConfidenceText(double confidence);

}  // namespace dq
