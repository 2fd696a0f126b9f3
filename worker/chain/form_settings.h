// The forms of input and output, and what becomes of rows that do not fit, as named texts: as
// flags, JSON and messages carry them. Stateless.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "worker/table/bad_row.h"
#include "worker/table/input_choice.h"
#include "worker/table/output_choice.h"

namespace dq {

struct FormChoice {
  InputChoice input;
  OutputChoice output;
  BadRowPolicy on_bad_row = BadRowPolicy::kReject;
};

// Sets one part by name; BAD_FIELD, naming it, for a name or a text that is none:
//   format        auto | csv | tsv | jsonl
//   encoding      auto | utf-8 | utf-16le | utf-16be | latin-1 | windows-1252
//   delimiter     one ASCII character, or tab | space | comma | semicolon | bar
//   quote, escape, comment    one ASCII character or none
//   skip_space, header        yes | no
//   line_end      lf | crlf | cr
//   skip_lines    lines before the table
//   output_format      same | csv | tsv | jsonl
//   output_compression none | gzip | zstd
//   formula_guard      yes | no
//   on_bad_row         reject | fail | pad
absl::Status SetForm(std::string_view name, std::string_view text, FormChoice& form);

// All parts that are not left open, so that SetForm makes an equal choice of them.
std::vector<std::pair<std::string, std::string>> FormSettings(const FormChoice& form);

// BAD_FIELD when one character is to be two things.
absl::Status CheckForm(const FormChoice& form);

}  // namespace dq
