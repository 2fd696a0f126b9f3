#include "worker/table/values/contact_form.h"

#include <algorithm>
#include <string>

#include "worker/table/values/ascii.h"

namespace dq {
namespace {

constexpr int kPhoneDigitsMin = 7;
constexpr int kPhoneDigitsMax = 15;
constexpr size_t kSchemeBytesMax = 8;
constexpr std::string_view kWww = "www.";

// A name with a point in it, as after an @ or //.
bool IsDomain(std::string_view text) {
  const size_t point = text.rfind('.');
  if (point == std::string_view::npos || point == 0 || text.size() - point < 3) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsDigit(c) || IsLetterOrBeyond(c) || c == '-' || c == '.';
  });
}

}  // namespace

bool IsEmail(std::string_view text) {
  const size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos) return false;
  return text.substr(0, at).find_first_of(" \t,;\"") == std::string_view::npos &&
         IsDomain(text.substr(at + 1));
}

bool IsUrl(std::string_view text) {
  if (text.find_first_of(" \t") != std::string_view::npos) return false;
  const std::string start = AsciiLower(text.substr(0, kSchemeBytesMax));
  for (const std::string_view scheme : {"http://", "https://", "ftp://"}) {
    if (start.starts_with(scheme)) return text.size() > scheme.size();
  }
  if (!start.starts_with(kWww)) return false;
  const std::string_view host = text.substr(kWww.size());
  return IsDomain(host.substr(0, host.find_first_of("/?#:")));
}

std::optional<PhoneMarks> ReadPhone(std::string_view text) {
  PhoneMarks marks;
  for (const char c : text) {
    if (IsDigit(c)) {
      ++marks.digits;
    } else if (std::string_view(" +-()./").find(c) != std::string_view::npos) {
      marks.separated |= c != '+' && c != '.';
    } else {
      return std::nullopt;
    }
  }
  if (marks.digits < kPhoneDigitsMin || marks.digits > kPhoneDigitsMax) return std::nullopt;
  return marks;
}

}  // namespace dq
