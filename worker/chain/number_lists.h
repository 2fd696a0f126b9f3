// Shortens indented JSON for readers and for its size. Stateless; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace dq {

// Returns `json`, as it was dumped with line ends and indents, with every list that holds nothing
// but numbers (true, false, null) on one line.
std::string NumberListsOnOneLine(std::string_view json);

}  // namespace dq
