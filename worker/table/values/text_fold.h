// Folds text so that spellings of the same thing become equal. The rules are published in
// worker/README.md. Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dq {

// Appends `text` (well-formed UTF-8) to `out` with
//   - case, accents and compatibility forms of Latin, Greek and Cyrillic letters folded;
//   - runs of white space as one space, none at the ends;
//   - full stops and apostrophes dropped, and , ; : ! ? " ( ) [ ] { } as white space, unless a
//     digit follows ("1.5" is not "15"); apostrophes and quotes stay behind a digit too (5' is
//     not 5");
//   - - _ / and dashes of Unicode up to the en dash between two letters as white space ("-5" is
//     not "5"), such dashes elsewhere as "-".
// E-mail and web addresses, phone numbers and dates get their one form instead (certain_form.h).
// All else stays as it is; so does, but for white space at its ends, a text that would become
// empty.
void AppendFolded(std::string& out, std::string_view text);

// The same to plain memory with room for FoldedBytesMax(text.size()); returns the end.
char* FoldTo(char* out, std::string_view text);
// The same; copies the text as it is to `copy`, too, which has room for kCopySlackBytes more.
char* FoldAndCopyTo(char* out, char* copy, std::string_view text);
constexpr size_t FoldedBytesMax(size_t text_bytes) { return 5 * text_bytes + 32; }

// Appends `text` for keys: with white space as above, case and the forms of the same letter folded
// (letters composed or with their accents behind them, as wide as kana or not), accents kept and
// nothing else.
void AppendKeyFolded(std::string& out, std::string_view text);
// The same to plain memory with room for FoldedBytesMax(text.size()); returns the end.
char* FoldKeyTo(char* out, std::string_view text);

}  // namespace dq
