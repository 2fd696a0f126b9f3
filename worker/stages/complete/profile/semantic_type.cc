#include "worker/stages/complete/profile/semantic_type.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <vector>

#include "worker/chain/report.h"
#include "worker/table/values/ascii.h"
#include "worker/table/values/contact_form.h"
#include "worker/table/values/value_type.h"

namespace dq {
namespace {

constexpr int64_t kCellsMin = 5;
constexpr double kConformityMin = 0.9;

// The words of a name in lower case: homePhone, home_phone and "HOME PHONE" are home and phone. A
// number behind a word is no part of it.
std::vector<std::string> WordsOf(std::string_view name) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < name.size(); ++i) {
    const bool follows = i > 0 && IsLetter(name[i - 1]);
    const bool ends_capitals =
        follows && i + 1 < name.size() && IsLetter(name[i + 1]) && !IsUpper(name[i + 1]);
    const bool begins = IsUpper(name[i]) && follows && (!IsUpper(name[i - 1]) || ends_capitals);
    const bool in_word = IsLetterOrBeyond(name[i]);
    if (begins || !in_word) words.emplace_back();
    if (in_word) words.back() += AsciiLower(name.substr(i, 1));
  }
  std::erase_if(words, [](const std::string& word) { return word.empty(); });
  return words;
}

// Whether one of `words`, or two neighbours written as one (post_code), is in `known`.
template <size_t n>
bool NameSays(const std::vector<std::string>& words, const std::array<std::string_view, n>& known) {
  const auto is_known = [&](const std::string& word) {
    return std::find(known.begin(), known.end(), word) != known.end();
  };
  for (size_t i = 0; i < words.size(); ++i) {
    if (is_known(words[i]) || (i > 0 && is_known(words[i - 1] + words[i]))) return true;
  }
  return false;
}

bool LooksLikePhone(std::string_view value, bool named) {
  const std::optional<PhoneMarks> phone = ReadPhone(value);
  if (!phone.has_value() || TypeOf(value) == ValueType::kDate) return false;
  if (named || value[0] == '+' || value[0] == '(') return true;
  if (value[0] == '0') return phone->digits >= 9;
  return phone->separated && phone->digits >= 10;
}

// Digits as 9, letters as a, other bytes as they are.
std::string Shape(std::string_view value) {
  std::string shape;
  for (const char c : value) shape += IsDigit(c) ? '9' : IsLetter(c) ? 'a' : c;
  return shape;
}

bool IsPostcode(std::string_view value, bool named) {
  static constexpr std::array<std::string_view, 10> kShapes = {
      "a9 9aa",   "a99 9aa", "aa9 9aa", "aa99 9aa",   "a9a 9aa",
      "aa9a 9aa", "a9a 9a9", "9999 aa", "99999-9999", "aa-9999"};
  const std::string shape = Shape(value);
  if (std::find(kShapes.begin(), kShapes.end(), shape) != kShapes.end()) return true;
  if (!named || value.size() < 3 || value.size() > 10) return false;
  return std::all_of(shape.begin(), shape.end(),
                     [](char c) { return c == '9' || c == 'a' || c == ' ' || c == '-'; }) &&
         shape.find('9') != std::string::npos;
}

bool IsCountry(std::string_view value, bool named) {
  static constexpr std::string_view kNames =
      "|afghanistan|albania|algeria|andorra|angola|argentina|armenia|australia|austria|azerbaijan|"
      "bahrain|bangladesh|belarus|belgium|belize|bolivia|botswana|brazil|bulgaria|cambodia|"
      "cameroon|"
      "canada|chile|china|colombia|costa rica|croatia|cuba|cyprus|czechia|czech republic|denmark|"
      "dominican republic|ecuador|egypt|el "
      "salvador|england|estonia|ethiopia|finland|france|georgia|"
      "germany|ghana|greece|greenland|guatemala|haiti|honduras|hong kong|hungary|iceland|india|"
      "indonesia|iran|iraq|ireland|israel|italy|ivory coast|jamaica|japan|jordan|kazakhstan|kenya|"
      "kosovo|kuwait|latvia|lebanon|libya|liechtenstein|lithuania|luxembourg|malaysia|malta|mexico|"
      "moldova|monaco|mongolia|montenegro|morocco|mozambique|namibia|nepal|netherlands|new zealand|"
      "nicaragua|nigeria|north macedonia|norway|oman|pakistan|panama|paraguay|peru|philippines|"
      "poland|portugal|qatar|romania|russia|rwanda|saudi arabia|scotland|senegal|serbia|singapore|"
      "slovakia|slovenia|south africa|south korea|spain|sri lanka|sudan|sweden|switzerland|syria|"
      "taiwan|tanzania|thailand|tunisia|turkey|uganda|ukraine|united arab emirates|united kingdom|"
      "united states|united states of america|uruguay|uzbekistan|venezuela|vietnam|wales|yemen|"
      "zambia|zimbabwe|";
  // Most values that are no names of countries show it at a glance.
  const bool words =
      std::all_of(value.begin(), value.end(), [](char c) { return c == ' ' || IsLetter(c); });
  if (words && kNames.find("|" + AsciiLower(value) + "|") != std::string_view::npos) return true;
  return named && (value.size() == 2 || value.size() == 3) &&
         std::all_of(value.begin(), value.end(), IsLetter);
}

struct NameHints {
  bool phone = false;
  bool postcode = false;
  bool country = false;
};

using Judge = bool (*)(std::string_view value, const NameHints& hints);
struct Semantic {
  std::string_view type;
  Judge fits;
};
constexpr std::array<Semantic, 5> kSemantics = {{
    {"email", [](std::string_view value, const NameHints&) { return IsEmail(value); }},
    {"url", [](std::string_view value, const NameHints&) { return IsUrl(value); }},
    {"postcode", [](std::string_view value,
                    const NameHints& hints) { return IsPostcode(value, hints.postcode); }},
    {"phone", [](std::string_view value,
                 const NameHints& hints) { return LooksLikePhone(value, hints.phone); }},
    {"country", [](std::string_view value,
                   const NameHints& hints) { return IsCountry(value, hints.country); }},
}};

// How many of `cells` fit; 0 as soon as they cannot be enough any more.
int64_t CountFitting(const EncodedColumn& column, const Semantic& semantic, const NameHints& hints,
                     int64_t cells) {
  const double misses_max = (1 - kConformityMin) * static_cast<double>(cells) + 1;
  int64_t fitting = 0;
  int64_t misses = 0;
  for (size_t code = 0; code < column.values.size(); ++code) {
    if (column.counts[code] == 0) continue;
    (semantic.fits(column.values[code], hints) ? fitting : misses) += column.counts[code];
    if (static_cast<double>(misses) > misses_max) return 0;
  }
  return fitting;
}

}  // namespace

SemanticFinding FindSemanticType(const std::string& name, const EncodedColumn& column) {
  static constexpr std::array<std::string_view, 12> kPhone = {
      "phone", "phones",    "telephone",   "telefon",   "tel",       "fax",
      "cell",  "cellphone", "phonenumber", "homephone", "workphone", "mobile"};
  static constexpr std::array<std::string_view, 7> kPostcode = {
      "zip", "zipcode", "postal", "postcode", "postalcode", "plz", "pincode"};
  static constexpr std::array<std::string_view, 5> kCountry = {"country", "countries",
                                                               "countrycode", "nation", "iso"};
  const std::vector<std::string> words = WordsOf(name);
  const NameHints hints{NameSays(words, kPhone), NameSays(words, kPostcode),
                        NameSays(words, kCountry)};
  const int64_t cells = std::accumulate(column.counts.begin(), column.counts.end(), int64_t{0});
  std::array<int64_t, kSemantics.size()> fitting{};
  for (size_t i = 0; i < kSemantics.size(); ++i) {
    fitting[i] = CountFitting(column, kSemantics[i], hints, cells);
  }
  const auto best = std::max_element(fitting.begin(), fitting.end());
  const double share = cells == 0 ? 0 : static_cast<double>(*best) / static_cast<double>(cells);
  if (cells < kCellsMin || share < kConformityMin) return {};
  return {kSemantics[static_cast<size_t>(best - fitting.begin())].type, RoundedShare(share)};
}

}  // namespace dq
