// The one form of an e-mail address, an international phone number or a date, where the cell alone
// leaves no doubt what it is. Sits under folding. The rules are published in worker/README.md.
// Stateless; thread-safe.
#pragma once

#include <string_view>

namespace dq {

// Whether `text` may have such a form for its digits: cheap, and right about most cells. Addresses
// are not meant: whoever goes through a text finds an @ on the way.
inline bool MayBeNumberForm(std::string_view text) {
  if (text.size() < 8) return false;
  // A plus, white space before who knows what, or a digit; dates have their second or third mark at
  // the same place.
  if (static_cast<unsigned char>(text[0]) > '9') return false;
  return text[0] == '+' || text[0] <= ' ' || text[4] == text[7] || text[2] == text[5];
}

// The same for web addresses.
inline bool MayBeUrlForm(std::string_view text) {
  if (text.size() < 8 || (text[0] | 0x20) < 'f') return false;
  return text[3] == ':' || text[4] == ':' || text[5] == ':' || text[3] == '.';
}

// Writes the form of `text` (without white space at its ends) to `out`, which has room for as many
// bytes and kCopySlackBytes more, and returns its end; null, and nothing is written, when it has
// none:
//   - an e-mail address of ASCII: in lower case, all else as it is ("a.b@x.org" is not "ab@x.org");
//   - a web address (contact_form.h): its scheme and host in lower case, all else as it is, since
//     a path in capitals is another one;
//   - a phone number of 8 to 15 digits behind "+" and the code of a country: + and digits, a (0)
//     left out;
//   - a date, with or without a time: YYYY-MM-DD and a blank before the time. DD.MM.YYYY only where
//     the day is above 12, so that it cannot be the month.
char* WriteCertainForm(char* out, std::string_view text);

}  // namespace dq
