// What is said by hand about how a delimited text file is written; what is not said is found out.
// Values only.
#pragma once

#include <cstdint>
#include <optional>

#include "worker/table/delimited/dialect.h"

namespace dq {

struct DialectChoice {
  std::optional<char> delimiter = {};
  std::optional<char> quote = {};  // 0: there is none; so for the next two.
  std::optional<char> escape = {};
  std::optional<char> comment = {};
  std::optional<bool> skip_space = {};
  std::optional<LineEnd> line_end = {};
  std::optional<int64_t> skip_lines = {};  // Lines before the table, blank ones too.
  std::optional<bool> header = {};         // Whether the first row holds the names of the columns.
  bool operator==(const DialectChoice&) const = default;
};

}  // namespace dq
