// Takes one line of JSON Lines apart into keys and cells. Holds a parser and its memory, so keep
// it. Not thread-safe. The parser is simdjson's.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "worker/table/bad_row.h"

namespace dq {

// Bytes that must be readable behind a line.
inline constexpr size_t kJsonPaddingBytes = 64;

struct JsonField {
  std::string_view key;
  std::string_view value;  // A text without its quotes; null as ""; all else as JSON text.
  bool is_text = false;
  std::string_view token = {};  // Where the value stands in the line, with the quotes of a text,
                                // the bytes of which may be those of `value` now.
};

class JsonObject {
 public:
  JsonObject();
  ~JsonObject();

  // Parses `line`, writable, with kJsonPaddingBytes readable behind it. kInvalidJson for what is no
  // object, kNulByte for a key or text with a byte 0; a key may be there twice. Escapes in texts
  // are resolved in place: a line with a backslash is not what it was.
  BadRow Parse(char* line, size_t size);
  // Of the last line that was parsed well; they point into the line.
  const std::vector<JsonField>& fields() const { return fields_; }

  // Whether `text` is an object or a list as JSON writes it, in one line and without blanks around
  // it. The fields stay.
  bool IsNested(std::string_view text);

 private:
  struct Parsers;
  BadRow TakeFields();

  std::unique_ptr<Parsers> parsers_;
  std::vector<JsonField> fields_;
};

// Whether `text` is a number as JSON writes it.
bool IsJsonNumber(std::string_view text);

// Appends `text` as a JSON text, with its quotes.
void AppendJsonText(std::string& out, std::string_view text);

}  // namespace dq
