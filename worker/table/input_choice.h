// What is said by hand about the form of an input file; what is not said is found out. Values only.
#pragma once

#include <optional>

#include "worker/table/bytes/file_form.h"
#include "worker/table/delimited/dialect_choice.h"

namespace dq {

struct InputChoice {
  std::optional<TableFormat> format;
  std::optional<TextEncoding> encoding;
  DialectChoice dialect;
  bool operator==(const InputChoice&) const = default;
};

}  // namespace dq
