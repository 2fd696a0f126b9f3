// Whether a text is written like an e-mail address, a web address or a phone number: what people
// mean, not what a standard allows. Only certain_form.h is narrower: what it writes anew must leave
// no doubt. Stateless; thread-safe.
#pragma once

#include <optional>
#include <string_view>

namespace dq {

// Something without white space, commas, semicolons and quotes, an @, and a name with a point in
// it.
bool IsEmail(std::string_view text);

// Without white space: something behind http://, https:// or ftp://, or a name with a point in it
// behind www., in any case.
bool IsUrl(std::string_view text);

// What a text holds that may be a phone number.
struct PhoneMarks {
  int digits = 0;
  bool separated = false;  // By a blank or one of - ( ) /
};
// Nothing for what is none: a phone number has 7 to 15 digits and else blanks and + - ( ) . /
// alone.
std::optional<PhoneMarks> ReadPhone(std::string_view text);

}  // namespace dq
