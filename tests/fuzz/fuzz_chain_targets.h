// Fuzz targets above the readers: a whole chain, and what is said to a job and by it.
#pragma once

#include <string_view>

namespace dq {

// The chain's description as text.
void ReadSpec(std::string_view bytes);
// Settings of a file's form, a line each: name=text.
void ReadFormSettings(std::string_view bytes);
// A line of a child's status pipe, and its orders.
void ReadChildLine(std::string_view bytes);
// Complete and dedupe over a file and, behind a byte 0x1E, a reference with the key of its first
// column; then again with a small memory limit.
void RunWholeChain(std::string_view bytes);

}  // namespace dq
