// Whether two paths name the same file: what a command writes may not replace what else it reads or
// writes. Stateless and thread-safe.
#pragma once

#include <string>

namespace dq {

// Follows links; a file need not be there yet. False for devices and pipes: nothing is replaced
// there, so they may be named twice.
bool SameFile(const std::string& a, const std::string& b);

}  // namespace dq
