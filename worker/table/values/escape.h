// Makes any bytes fit to be shown as text. Stateless.
#pragma once

#include <string>
#include <string_view>

namespace dq {

// Returns `bytes` as valid UTF-8: what is not well-formed UTF-8, and control characters except tab
// and line ends, as \xHH. A backslash stays as it is: this is for people, not to be read back.
std::string EscapeUnprintable(std::string_view bytes);

}  // namespace dq
