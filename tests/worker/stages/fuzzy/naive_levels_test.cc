// The levels of agreement against their definitions as published, on every pair of seeded columns
// of values: random and near ones, of other alphabets, empty, short and long ones.
#include "tests/worker/stages/fuzzy/naive_levels.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <numeric>
#include <optional>
#include <random>
#include <set>

#include "tests/worker/stages/fuzzy/filled_store.h"
#include "worker/stages/dedupe/fuzzy/record_comparison.h"

namespace dq {
namespace {

using Column = std::vector<std::string>;

// The values of a column, drawn at random.
class Draw {
 public:
  explicit Draw(uint32_t seed) : random_(seed) {}

  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t bound) { return Below(bound) == 0; }

  std::string Of(const std::vector<std::string>& letters, size_t from, size_t to) {
    std::string text;
    for (size_t size = from + Below(to - from + 1); size > 0; --size) {
      text += letters[Below(letters.size())];
    }
    return text;
  }
  std::string Digits(size_t from, size_t to) {
    return Of({"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, from, to);
  }
  std::string Word(size_t from = 1, size_t to = 12) {
    if (OneIn(8)) return Of({"и", "в", "а", "н", "е", "о"}, from, to);
    if (OneIn(12)) return Of({"東", "京", "大", "a", "😀"}, from, to);
    if (OneIn(20)) return Of({"a", "b", "c"}, 60, 70);
    return Of({"a", "e", "i", "o", "n", "r", "s", "t"}, from, to);
  }
  std::string Words(size_t from, size_t to) {
    std::string text = Word();
    for (size_t more = from - 1 + Below(to - from + 1); more > 0; --more) {
      text += ' ';
      text += OneIn(3) ? "street" : Word(2, 8);
    }
    return text;
  }
  // A copy with one to three slips of letters of ASCII, words in another order, or cut short.
  std::string Near(std::string text, const std::string& letters) {
    if (OneIn(6)) return InOtherOrder(text);
    if (OneIn(12)) return text.substr(0, text.find(' ') == std::string::npos ? 3 : text.rfind(' '));
    for (size_t slips = 1 + Below(3); slips > 0 && !text.empty(); --slips) {
      const size_t at = Below(text.size());
      const bool ascii =
          (text[at] & 0x80) == 0 && (at + 1 == text.size() || !(text[at + 1] & 0x80));
      if (!ascii) continue;
      const char letter = letters[Below(letters.size())];
      const size_t kind = Below(4);
      if (kind == 0) text[at] = letter;
      if (kind == 1) text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), letter);
      if (kind == 2) text.erase(at, 1);
      if (kind == 3 && at + 1 < text.size()) std::swap(text[at], text[at + 1]);
    }
    return text;
  }

 private:
  static std::string InOtherOrder(const std::string& text) {
    const size_t blank = text.find(' ');
    if (blank == std::string::npos) return text;
    return text.substr(blank + 1) + " " + text.substr(0, blank);
  }

  std::mt19937 random_;
};

// How a column of a kind is made.
struct Recipe {
  FieldKind kind = FieldKind::kName;
  size_t levels = 0;
  size_t rows = 100;
  std::string slips = "aeinrst";  // What letters are replaced by.
  size_t near_percent = 60;
  std::function<std::string(Draw&)> value;
};

// A column of a kind: some values drawn alone, the others near copies of them; some cells missing.
Column ColumnOf(Draw& draw, const Recipe& recipe) {
  Column column;
  for (size_t row = 0; row < recipe.rows; ++row) {
    const bool near = row > 8 && draw.Below(100) < recipe.near_percent;
    column.push_back(near ? draw.Near(column[draw.Below(row)], recipe.slips) : recipe.value(draw));
    if (draw.OneIn(30)) column.back().clear();
  }
  return column;
}

// The product's comparison of the rows of a table.
class Compared {
 public:
  explicit Compared(const std::vector<Column>& table) {
    std::vector<size_t> columns(table.size());
    std::iota(columns.begin(), columns.end(), 0);
    store_.emplace(columns, CellForm::kFolded, memory_);
    AddRows(*store_, table);
    auto made = RecordComparison::Prepare(
        *store_, {.memory = memory_, .pool = pool_, .rows_max = [] { return 1; }, .stop = {}});
    EXPECT_TRUE(made.ok()) << made.status();
    comparison_.emplace(*std::move(made));
  }
  const RecordComparison& operator*() const { return *comparison_; }
  const RecordComparison* operator->() const { return &*comparison_; }
  // The canonical text of a cell; "" when it is missing.
  std::string Text(RecordId record, size_t field) const {
    const ValueId id = comparison_->value(record, field);
    return id == kNoValue ? "" : std::string(comparison_->values(field).text(id));
  }
  Column TextsOf(size_t field) const {
    Column texts;
    for (RecordId record = 0; record < store_->size(); ++record) {
      texts.push_back(Text(record, field));
    }
    return texts;
  }

 private:
  MemoryBudget memory_{int64_t{1} << 30};
  TaskPool pool_{1};
  std::optional<RecordStore> store_;
  std::optional<RecordComparison> comparison_;
};

Column Different(const Column& column, const std::function<std::string(const std::string&)>& part) {
  Column values;
  std::set<std::string> seen;
  for (const std::string& text : column) {
    if (!text.empty() && seen.insert(text).second) values.push_back(part(text));
  }
  return values;
}

std::string Whole(const std::string& text) { return text; }

// The level that the rules give two cells of a column of a kind.
class Twin {
 public:
  struct Level {
    uint32_t level = 0;
    bool is_certain = true;  // The share does not lie on a bound to the last digit.
  };

  Twin(FieldKind kind, const Column& column)
      : kind_(kind),
        values_(Different(column, Whole)),
        shares_(Different(column, kind == FieldKind::kAddress ? naive::StreetOf : Whole)) {}

  Level Of(const std::string& a, const std::string& b) {
    if (a.empty() || b.empty()) return {kLevelUnknown};
    if (a == b) return {0};
    switch (kind_) {
      case FieldKind::kName:
        return {naive::NameLevel(a, b)};
      case FieldKind::kCode:
        return {naive::CodeLevel(a, b)};
      case FieldKind::kNumber:
        return {naive::NumberLevel(a, b)};
      case FieldKind::kDate:
        return {naive::DateLevel(a, b)};
      case FieldKind::kPhone:
        return {naive::PhoneLevel(a, b)};
      case FieldKind::kEmail:
        return {naive::EmailLevel(a, b)};
      default:
        return OfShare(a, b);
    }
  }

 private:
  Level OfShare(const std::string& a, const std::string& b) {
    if (kind_ == FieldKind::kText) {
      const double cosine = shares_.OfGrams(a, b);
      return {naive::TextLevel(cosine), !naive::IsNearBound(cosine)};
    }
    const bool address = kind_ == FieldKind::kAddress;
    std::string first = address ? naive::StreetOf(a) : a;
    std::string second = address ? naive::StreetOf(b) : b;
    if (PlaceOf(b) < PlaceOf(a)) std::swap(first, second);
    const double share = shares_.OfWords(first, second);
    const uint32_t level =
        address ? naive::AddressLevel(a, b, share) : naive::PhraseLevel(a, b, share);
    return {level, !naive::IsNearBound(share)};
  }
  std::ptrdiff_t PlaceOf(const std::string& value) const {
    return std::find(values_.begin(), values_.end(), value) - values_.begin();
  }

  FieldKind kind_;
  Column values_;
  naive::Shares shares_;
};

// Compares all pairs of seeded columns of one kind; every level must have been met.
void ExpectTwins(const Recipe& recipe) {
  std::array<size_t, kLevelUnknown + 1> met{};
  size_t on_bounds = 0;
  for (uint32_t seed = 0; seed < 3; ++seed) {
    Draw draw(seed);
    const Compared compared({ColumnOf(draw, recipe)});
    ASSERT_EQ(compared->fields().size(), 1U);
    ASSERT_EQ(compared->fields().front().kind, recipe.kind);
    ASSERT_EQ(compared->fields().front().levels, recipe.levels);
    Twin twin(recipe.kind, compared.TextsOf(0));
    for (RecordId b = 0; b < recipe.rows; ++b) {
      for (RecordId a = 0; a < b; ++a) {
        const Twin::Level wanted = twin.Of(compared.Text(a, 0), compared.Text(b, 0));
        ++met[wanted.level];
        on_bounds += wanted.is_certain ? 0 : 1;
        if (!wanted.is_certain) continue;
        EXPECT_EQ(LevelOf(compared->Compare(a, b).pattern, 0), wanted.level)
            << compared.Text(a, 0) << " | " << compared.Text(b, 0);
      }
    }
  }
  for (size_t level = 0; level < recipe.levels; ++level) EXPECT_GT(met[level], 0U) << level;
  EXPECT_GT(met[kLevelUnknown], 0U);
  EXPECT_LT(on_bounds, recipe.rows);
}

TEST(NaiveLevels, NamesAgreeAsTheRuleSays) {
  ExpectTwins({.kind = FieldKind::kName, .levels = 5, .rows = 130, .value = [](Draw& draw) {
                 if (draw.OneIn(40)) return draw.Words(6, 12);
                 return draw.OneIn(20) ? draw.Words(2, 3) : draw.Word();
               }});
}

TEST(NaiveLevels, PhrasesAgreeAsTheRuleSays) {
  ExpectTwins({.kind = FieldKind::kPhrase, .levels = 7, .value = [](Draw& draw) {
                 return draw.OneIn(60)
                            ? draw.Words(20, 30)
                            : draw.Words(1, 4) + (draw.OneIn(8) ? " " + draw.Digits(1, 2) : "");
               }});
}

TEST(NaiveLevels, AddressesAgreeAsTheRuleSays) {
  ExpectTwins(
      {.kind = FieldKind::kAddress, .levels = 7, .near_percent = 40, .value = [](Draw& draw) {
         const std::string house = std::to_string(draw.Below(4)) + (draw.OneIn(5) ? "a" : "");
         if (draw.OneIn(15)) return draw.Words(1, 4);
         return draw.OneIn(3) ? draw.Words(1, 4) + " " + house : house + " " + draw.Words(1, 4);
       }});
}

TEST(NaiveLevels, TextsAgreeAsTheRuleSays) {
  ExpectTwins({.kind = FieldKind::kText, .levels = 15, .value = [](Draw& draw) {
                 return draw.OneIn(30) ? draw.Words(1000, 1300) : draw.Words(4, 9);
               }});
}

TEST(NaiveLevels, CodesAgreeAsTheRuleSays) {
  ExpectTwins({.kind = FieldKind::kCode,
               .levels = 4,
               .rows = 150,
               .slips = "0123ab",
               .value = [](Draw& draw) {
                 if (draw.OneIn(20)) return draw.Digits(64, 70);
                 return (draw.OneIn(3) ? draw.Word(1, 3) : "") + draw.Digits(1, 7);
               }});
}

TEST(NaiveLevels, NumbersAgreeAsTheRuleSays) {
  ExpectTwins({.kind = FieldKind::kNumber,
               .levels = 6,
               .rows = 200,
               .slips = "0123456789.",
               .value = [](Draw& draw) {
                 if (draw.OneIn(20)) return draw.Digits(9, 12);
                 const std::string sign = draw.OneIn(10) ? "-" : draw.OneIn(3) ? "$" : "";
                 return sign + std::to_string(1 + draw.Below(draw.OneIn(2) ? 9 : 400)) + "." +
                        draw.Digits(1, 2);
               }});
}

TEST(NaiveLevels, DatesAgreeAsTheRuleSays) {
  ExpectTwins({.kind = FieldKind::kDate,
               .levels = 5,
               .rows = 150,
               .slips = "0123456789",
               .near_percent = 25,
               .value = [](Draw& draw) {
                 if (draw.OneIn(10)) return draw.Word(8, 8);
                 return std::to_string(1990 + draw.Below(4)) + std::to_string(10 + draw.Below(3)) +
                        std::to_string(10 + draw.Below(19));
               }});
}

TEST(NaiveLevels, PhonesAgreeAsTheRuleSays) {
  ExpectTwins({.kind = FieldKind::kPhone,
               .levels = 4,
               .rows = 150,
               .slips = "0123456789",
               .value = [](Draw& draw) {
                 const std::string area = draw.OneIn(2) ? "030-" : draw.OneIn(2) ? "+49 30 " : "";
                 return area + draw.Digits(3, 3) + "-" + draw.Digits(4, 4);
               }});
}

TEST(NaiveLevels, EmailsAgreeAsTheRuleSays) {
  ExpectTwins({.kind = FieldKind::kEmail,
               .levels = 5,
               .rows = 150,
               .slips = "abcx",
               .value = [](Draw& draw) {
                 const std::string person = draw.OneIn(2) ? draw.Word(2, 6) : draw.Word(5, 12);
                 if (draw.OneIn(8)) return person;
                 return person + (draw.OneIn(2) ? "@post.example" : "@" + draw.Word(2, 8) + ".org");
               }});
}

// The levels of two neighbouring columns that may have been swapped.
void ExpectSwapTwins(FieldKind kind, const std::function<std::string(Draw&)>& value) {
  size_t swaps = 0;
  for (uint32_t seed = 0; seed < 3; ++seed) {
    Draw draw(seed);
    Column here, other;
    for (size_t row = 0; row < 90; ++row) {
      const size_t from = draw.Below(std::max<size_t>(row, 1));
      const bool copied = row > 5 && draw.OneIn(2);
      here.push_back(copied ? draw.Near(other[from], "aeinrst") : value(draw));
      other.push_back(copied ? draw.Near(here[from], "aeinrst") : value(draw));
      if (draw.OneIn(15)) here.back().clear();
      if (draw.OneIn(15)) other.back().clear();
    }
    const Compared compared({here, other});
    ASSERT_EQ(compared->fields().size(), 2U);
    for (const ComparedField& field : compared->fields()) ASSERT_EQ(field.kind, kind);
    std::array twins = {Twin(kind, compared.TextsOf(0)), Twin(kind, compared.TextsOf(1))};
    for (RecordId b = 0; b < 90; ++b) {
      for (RecordId a = 0; a < b; ++a) {
        std::array<Twin::Level, 2> wanted;
        for (size_t i : {0, 1}) wanted[i] = twins[i].Of(compared.Text(a, i), compared.Text(b, i));
        if (!wanted[0].is_certain || !wanted[1].is_certain) continue;
        if (wanted[0].level > 2 && wanted[1].level > 2 &&
            naive::AreSwapped(compared.Text(a, 0), compared.Text(a, 1), compared.Text(b, 0),
                              compared.Text(b, 1))) {
          ++swaps;
          for (Twin::Level& level : wanted) level.level = level.level == kLevelUnknown ? 15 : 1;
        }
        const Pattern pattern = compared->Compare(a, b).pattern;
        for (size_t i : {0, 1}) {
          EXPECT_EQ(LevelOf(pattern, i), wanted[i].level)
              << compared.Text(a, 0) << ", " << compared.Text(a, 1) << " | " << compared.Text(b, 0)
              << ", " << compared.Text(b, 1);
        }
      }
    }
  }
  EXPECT_GT(swaps, 50U);
}

TEST(NaiveLevels, SwappedNamesAndPhrasesNearlyAgree) {
  ExpectSwapTwins(FieldKind::kName, [](Draw& draw) { return draw.Word(3, 9); });
  ExpectSwapTwins(FieldKind::kPhrase, [](Draw& draw) { return draw.Words(2, 3); });
}

}  // namespace
}  // namespace dq
