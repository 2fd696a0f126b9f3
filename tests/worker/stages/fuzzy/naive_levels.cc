#include "tests/worker/stages/fuzzy/naive_levels.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>

namespace dq::naive {
namespace {

using Letters = std::vector<std::string>;
using Words = std::vector<std::string>;

// A letter is a code point of UTF-8.
Letters AllLettersOf(const std::string& text) {
  Letters letters;
  for (const char c : text) {
    if ((c & 0xC0) == 0x80 && !letters.empty()) {
      letters.back() += c;
    } else {
      letters.emplace_back(1, c);
    }
  }
  return letters;
}

// As far as they are compared.
Letters LettersOf(const std::string& text) {
  Letters letters = AllLettersOf(text);
  if (letters.size() > 64) letters.resize(64);
  return letters;
}

Words WordsOf(const std::string& text) {
  std::istringstream in(text);
  Words words;
  for (std::string word; std::getline(in, word, ' ');) words.push_back(word);
  return words;
}

bool HasDigit(const std::string& text) {
  return text.find_first_of("0123456789") != std::string::npos;
}

bool AreDigits(const std::string& text) {
  return text.find_first_not_of("0123456789") == std::string::npos;
}

// Jaro's and Winkler's measure as a fraction of whole numbers.
struct Fraction {
  int64_t above = 0;
  int64_t below = 1;
  bool IsAtLeast(int64_t hundredths) const { return above * 100 >= hundredths * below; }
  double value() const { return static_cast<double>(above) / static_cast<double>(below); }
};

Fraction JaroWinkler(const std::string& left, const std::string& right) {
  const Letters a = LettersOf(left);
  const Letters b = LettersOf(right);
  if (a == b) return {1, 1};
  const int longer = static_cast<int>(std::max(a.size(), b.size()));
  const int reach = std::max(0, longer / 2 - 1);
  std::vector<bool> of_a(a.size()), of_b(b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size() && !of_a[i]; ++j) {
      if (of_b[j] || a[i] != b[j] || std::abs(int(i) - int(j)) > reach) continue;
      of_a[i] = of_b[j] = true;
    }
  }
  Letters common_a, common_b;
  for (size_t i = 0; i < a.size(); ++i) {
    if (of_a[i]) common_a.push_back(a[i]);
  }
  for (size_t j = 0; j < b.size(); ++j) {
    if (of_b[j]) common_b.push_back(b[j]);
  }
  if (common_a.empty()) return {0, 1};
  int64_t moved = 0;
  for (size_t i = 0; i < common_a.size(); ++i) moved += common_a[i] != common_b[i] ? 1 : 0;
  const auto m = static_cast<int64_t>(common_a.size());
  const auto size_a = static_cast<int64_t>(a.size());
  const auto size_b = static_cast<int64_t>(b.size());
  // (m / |a| + m / |b| + (m - moved / 2) / m) / 3
  const int64_t below = 3 * size_a * size_b * m;
  const int64_t above = m * m * (size_a + size_b) + size_a * size_b * (m - moved / 2);
  int64_t prefix = 0;
  while (prefix < 4 && prefix < size_a && prefix < size_b &&
         a[static_cast<size_t>(prefix)] == b[static_cast<size_t>(prefix)]) {
    ++prefix;
  }
  return {10 * above + prefix * (below - above), 10 * below};
}

size_t FewerLetters(const std::string& a, const std::string& b) {
  return std::min(AllLettersOf(a).size(), AllLettersOf(b).size());
}

uint32_t LevelOfLikeness(const Fraction& alike) {
  if (alike.IsAtLeast(92)) return 1;
  if (alike.IsAtLeast(88)) return 2;
  return alike.IsAtLeast(70) ? 3 : 4;
}

std::string InAlphabeticalOrder(const std::string& text) {
  Words words = WordsOf(text);
  std::sort(words.begin(), words.end());
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// The number times 10,000.
std::optional<int64_t> NumberOf(const std::string& text) {
  std::string number;
  for (const char c : text) {
    if ((c == '-' && number.empty()) || c == '.' || (c >= '0' && c <= '9')) number += c;
  }
  const size_t point = number.find('.');
  std::string whole = number.substr(0, point);
  std::string rest = point == std::string::npos ? "" : number.substr(point + 1);
  rest = rest.substr(0, rest.find('.'));
  if (!HasDigit(whole + rest)) return std::nullopt;
  rest.resize(4, '0');
  return std::stoll(whole + rest);
}

// How far two words are the same.
double Alike(const std::string& a, const std::string& b) {
  if (a == b) return 1;
  if (a.size() > b.size()) return Alike(b, a);
  if (HasDigit(a) || HasDigit(b)) return 0;
  const Letters word = AllLettersOf(a);
  const Letters full = AllLettersOf(b);
  if (word.size() >= 2 && word.size() < full.size() && word.front() == full.front()) {
    if (std::equal(word.begin(), word.end(), full.begin())) return 0.85;
    size_t found = 0;
    for (const std::string& letter : full) {
      if (found < word.size() && word[found] == letter) ++found;
    }
    const bool in_order = found == word.size() && word.back() == full.back();
    if (in_order && 4 * word.size() <= 3 * full.size()) return 0.85;
  }
  const size_t fewer = std::min(word.size(), full.size());
  if (fewer < 4 || 2 * fewer < std::max(word.size(), full.size())) return 0;
  const Fraction alike = JaroWinkler(a, b);
  return alike.IsAtLeast(90) ? alike.value() : 0;
}

// The first 24 different words.
Words FirstWords(const std::string& text) {
  Words first;
  for (const std::string& word : WordsOf(text)) {
    if (std::count(first.begin(), first.end(), word) == 0 && first.size() < 24) {
      first.push_back(word);
    }
  }
  return first;
}

std::vector<std::string> GramsIn(const std::string& value) {
  const std::string text = " " + value.substr(0, 4096) + " ";
  std::vector<std::string> grams;
  for (size_t i = 0; i + 3 <= text.size(); ++i) grams.push_back(text.substr(i, 3));
  return grams;
}

std::string HouseOf(const std::string& address) {
  const Words words = WordsOf(address);
  const auto is_house = [](const std::string& word) {
    return !word.empty() && HasDigit(word.substr(0, 1)) && word.size() <= 6;
  };
  if (words.size() < 2) return "";
  if (is_house(words.front())) return words.front();
  return is_house(words.back()) ? words.back() : "";
}

}  // namespace

int Edits(const std::string& left, const std::string& right) {
  const Letters a = LettersOf(left);
  const Letters b = LettersOf(right);
  std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = static_cast<int>(i + j);
        continue;
      }
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

uint32_t NameLevel(const std::string& a, const std::string& b) {
  uint32_t level = LevelOfLikeness(JaroWinkler(a, b));
  if (Edits(a, b) <= 1 && FewerLetters(a, b) >= 4) level = 1;
  if (WordsOf(a).size() > 1 && WordsOf(b).size() > 1) {
    const Fraction sorted = JaroWinkler(InAlphabeticalOrder(a), InAlphabeticalOrder(b));
    level = std::min(level, LevelOfLikeness(sorted));
  }
  return level;
}

uint32_t CodeLevel(const std::string& a, const std::string& b) {
  const int edits = Edits(a, b);
  if (edits <= 1) return FewerLetters(a, b) >= 3 ? 1 : 2;
  return edits == 2 && FewerLetters(a, b) >= 6 ? 2 : 3;
}

uint32_t PhoneLevel(const std::string& a, const std::string& b) {
  const bool have_ends = a.size() >= 7 && b.size() >= 7;
  if (have_ends && a.substr(a.size() - 7) == b.substr(b.size() - 7)) return 1;
  return CodeLevel(a, b);
}

uint32_t EmailLevel(const std::string& a, const std::string& b) {
  const std::string person_a = a.substr(0, a.find('@'));
  const std::string person_b = b.substr(0, b.find('@'));
  if (person_a == person_b && AllLettersOf(person_a).size() >= 4) return 1;
  if (Edits(a, b) <= 1) return 1;
  const Fraction alike = JaroWinkler(a, b);
  return alike.IsAtLeast(92) ? 2 : alike.IsAtLeast(85) ? 3 : 4;
}

uint32_t DateLevel(const std::string& a, const std::string& b) {
  const int edits = Edits(a, b);
  if (edits <= 1) return 1;
  if (a.size() != 8 || b.size() != 8 || !AreDigits(a + b)) return 4;
  const std::string year_a = a.substr(0, 4), month_a = a.substr(4, 2), day_a = a.substr(6, 2);
  const std::string year_b = b.substr(0, 4), month_b = b.substr(4, 2), day_b = b.substr(6, 2);
  if (year_a == year_b && month_a == day_b && day_a == month_b) return 1;
  if (edits == 2 || (year_a == year_b && month_a == month_b)) return 2;
  return year_a == year_b || (month_a == month_b && day_a == day_b) ? 3 : 4;
}

uint32_t NumberLevel(const std::string& a, const std::string& b) {
  const std::optional<int64_t> left = NumberOf(a);
  const std::optional<int64_t> right = NumberOf(b);
  if (!left || !right) return 5;
  const int64_t apart = std::abs(*left - *right);
  const int64_t greater = std::max(std::abs(*left), std::abs(*right));
  uint32_t level = 1;
  for (const int64_t percent : {1, 5, 20, 50}) {
    if (apart * 100 <= percent * greater) return level;
    ++level;
  }
  return level;
}

uint32_t PhraseLevel(const std::string& a, const std::string& b, double share) {
  uint32_t level = 1;
  for (const double bound : {0.9, 0.75, 0.6, 0.45, 0.25}) level += share < bound ? 1 : 0;
  const bool alike = JaroWinkler(a, b).IsAtLeast(92) && !HasDigit(a + b);
  return alike ? std::min(level, 2U) : level;
}

uint32_t AddressLevel(const std::string& a, const std::string& b, double street_share) {
  const bool same_house = !HouseOf(a).empty() && HouseOf(a) == HouseOf(b);
  if (same_house) {
    return street_share >= 0.85 ? 1 : street_share >= 0.55 ? 2 : street_share >= 0.25 ? 3 : 6;
  }
  return street_share >= 0.85 ? 4 : street_share >= 0.55 ? 5 : 6;
}

uint32_t TextLevel(double cosine) {
  uint32_t level = 1;
  for (const double bound : {0.9, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1}) {
    level += cosine < bound ? 1 : 0;
  }
  return level;
}

std::string StreetOf(const std::string& address) {
  const std::string house = HouseOf(address);
  if (house.empty()) return address;
  const Words words = WordsOf(address);
  if (words.front() == house) return address.substr(house.size() + 1);
  return address.substr(0, address.size() - house.size() - 1);
}

bool IsNearBound(double share) {
  // All bounds are multiples of a twentieth.
  return share > 0.07 && share < 0.93 && std::abs(share * 20 - std::round(share * 20)) < 1e-5;
}

bool AreSwapped(const std::string& a_here, const std::string& a_other, const std::string& b_here,
                const std::string& b_other) {
  const bool across_known = !a_here.empty() && !b_other.empty();
  const bool back_known = !b_here.empty() && !a_other.empty();
  const Fraction across = JaroWinkler(a_here, b_other);
  const Fraction back = JaroWinkler(b_here, a_other);
  if (across_known && back_known) {
    return across.IsAtLeast(85) && back.IsAtLeast(85) &&
           (across.IsAtLeast(92) || back.IsAtLeast(92));
  }
  return (across_known && across.IsAtLeast(92)) || (back_known && back.IsAtLeast(92));
}

const Shares::Weights& Shares::GramsOf(const std::string& value) {
  if (gram_values_.empty()) {
    for (const std::string& other : values_) {
      const std::vector<std::string> grams = GramsIn(other);
      for (const std::string& gram : std::set(grams.begin(), grams.end())) ++gram_values_[gram];
    }
  }
  if (const auto found = grams_.find(value); found != grams_.end()) return found->second;
  std::map<std::string, int> times;
  for (const std::string& gram : GramsIn(value)) ++times[gram];
  Weights& weights = grams_[value];
  for (const auto& [gram, count] : times) {
    const double rarity = std::log((static_cast<double>(values_.size()) + 1) / gram_values_[gram]);
    weights[gram] = (1 + std::log(count)) * rarity;
  }
  return weights;
}

double Shares::OfGrams(const std::string& a, const std::string& b) {
  const Weights& left = GramsOf(a);
  const Weights& right = GramsOf(b);
  double common = 0, squares_a = 0, squares_b = 0;
  for (const auto& [gram, weight] : left) {
    squares_a += weight * weight;
    if (const auto found = right.find(gram); found != right.end()) common += weight * found->second;
  }
  for (const auto& [gram, weight] : right) squares_b += weight * weight;
  return common / std::sqrt(squares_a * squares_b);
}

double Shares::RarityOf(const std::string& word) {
  if (word_values_.empty()) {
    for (const std::string& value : values_) {
      for (const std::string& each : FirstWords(value)) ++word_values_[each];
    }
  }
  return std::log(1 + static_cast<double>(values_.size()) / word_values_[word]);
}

double Shares::OfWords(const std::string& a, const std::string& b) {
  const Words left = FirstWords(a);
  Words right = FirstWords(b);
  double squares_a = 0, squares_b = 0, common = 0;
  for (const std::string& word : left) squares_a += std::pow(RarityOf(word), 2);
  for (const std::string& word : right) squares_b += std::pow(RarityOf(word), 2);
  Words unmatched;
  for (const std::string& word : left) {
    const auto same = std::find(right.begin(), right.end(), word);
    if (same == right.end()) {
      unmatched.push_back(word);
      continue;
    }
    common += std::pow(RarityOf(word), 2);
    right.erase(same);
  }
  for (const std::string& word : unmatched) {
    auto best = right.end();
    for (auto other = right.begin(); other != right.end(); ++other) {
      const double alike = Alike(word, *other);
      if (alike > (best == right.end() ? 0 : Alike(word, *best))) best = other;
    }
    if (best == right.end()) continue;
    common += Alike(word, *best) * std::pow(std::min(RarityOf(word), RarityOf(*best)), 2);
    right.erase(best);
  }
  return std::min(1.0, common / std::sqrt(squares_a * squares_b));
}

}  // namespace dq::naive
