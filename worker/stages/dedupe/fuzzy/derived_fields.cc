#include "worker/stages/dedupe/fuzzy/derived_fields.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/status_macros.h"

namespace dq {
namespace {

// A field is of addresses when this share of its rows has a house number.
constexpr double kAddressesMin = 0.7;
// Fields repeat one another when in this share of the rows that hold both, half of the words of
// one are words of the other.
constexpr double kRepeatingRowsMin = 0.3;
constexpr double kRepeatedWordsMin = 0.5;
// Only long texts hold what other columns say: words on average.
constexpr double kLongTextWords = 4;
// So many rows, evenly spread, tell whether fields repeat one another.
constexpr size_t kRowsLookedAt = 2000;

std::vector<std::string_view> SortedWords(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

bool Repeats(std::string_view a, std::string_view b) {
  const std::vector<std::string_view> left = SortedWords(a);
  const std::vector<std::string_view> right = SortedWords(b);
  std::vector<std::string_view> both;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                        std::back_inserter(both));
  const auto fewer = static_cast<double>(std::min(left.size(), right.size()));
  return fewer > 0 && static_cast<double>(both.size()) >= kRepeatedWordsMin * fewer;
}

std::string_view TextOf(const RecordStore& store, RecordId record, size_t field) {
  const ValueId id = store.cell(record, field);
  return id == kNoValue ? std::string_view() : store.values(field).text(id);
}

bool FieldsRepeat(const RecordStore& store, size_t a, size_t b) {
  const size_t step = store.size() / kRowsLookedAt + 1;
  double rows = 0;
  double repeating = 0;
  for (size_t record = 0; record < store.size(); record += step) {
    const std::string_view left = TextOf(store, static_cast<RecordId>(record), a);
    const std::string_view right = TextOf(store, static_cast<RecordId>(record), b);
    if (left.empty() || right.empty()) continue;
    rows += 1;
    repeating += Repeats(left, right) ? 1 : 0;
  }
  return rows > 0 && repeating >= kRepeatingRowsMin * rows;
}

double MeanWords(const ValueDictionary& values) {
  double words = 0;
  double rows = 0;
  for (ValueId id = 1; id <= values.size(); ++id) {
    const std::string_view text = values.text(id);
    const double times = values.count(id);
    words += times * static_cast<double>(1 + std::count(text.begin(), text.end(), ' '));
    rows += times;
  }
  return rows > 0 ? words / rows : 0;
}

bool HoldsAddresses(const ValueDictionary& values) {
  double addresses = 0;
  double rows = 0;
  for (ValueId id = 1; id <= values.size(); ++id) {
    rows += values.count(id);
    if (!SplitAddress(values.text(id)).house.empty()) addresses += values.count(id);
  }
  return addresses > kAddressesMin * rows;
}

absl::Status JoinTexts(RecordStore& store, const std::vector<size_t>& fields,
                       MemoryBudget& memory) {
  ValueDictionary texts(memory);
  std::vector<ValueId> ids(store.size());
  std::string text;
  for (RecordId record = 0; record < store.size(); ++record) {
    text.clear();
    for (const size_t field : fields) {
      const std::string_view part = TextOf(store, record, field);
      if (!text.empty() && !part.empty()) text += ' ';
      text += part;
    }
    DQ_ASSIGN_OR_RETURN(ids[record], texts.Add(text));
  }
  return store.Append(store.column(fields.front()), std::move(texts), ids);
}

bool HoldsWords(FieldKind kind) {
  return kind == FieldKind::kName || kind == FieldKind::kPhrase || kind == FieldKind::kText ||
         kind == FieldKind::kAddress || kind == FieldKind::kCode;
}

// The fields that a long text repeats, with it; empty when there are none.
std::vector<size_t> FindRepeating(const RecordStore& store,
                                  const std::vector<PlannedField>& fields) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].kind != FieldKind::kText ||
        MeanWords(store.values(fields[i].field)) < kLongTextWords) {
      continue;
    }
    std::vector<size_t> group;
    for (size_t j = 0; j < fields.size(); ++j) {
      if (j == i ||
          (HoldsWords(fields[j].kind) && FieldsRepeat(store, fields[i].field, fields[j].field))) {
        group.push_back(j);
      }
    }
    if (group.size() > 1) return group;
  }
  return {};
}

}  // namespace

absl::StatusOr<std::vector<PlannedField>> PlanFields(RecordStore& store, MemoryBudget& memory) {
  const size_t columns = store.fields();
  std::vector<PlannedField> fields;
  for (size_t field = 0; field < columns; ++field) {
    FieldKind kind = DecideKind(store, field);
    if (kind == FieldKind::kText && HoldsAddresses(store.values(field))) {
      kind = FieldKind::kAddress;
    }
    fields.push_back({field, kind, {store.column(field)}});
  }
  for (const PlannedField& field : fields) {
    DQ_RETURN_IF_ERROR(Canonicalise(store, field.field, field.kind, memory));
  }
  for (std::vector<size_t> group = FindRepeating(store, fields); !group.empty();
       group = FindRepeating(store, fields)) {
    std::vector<size_t> parts;
    PlannedField joined{.field = 0, .kind = FieldKind::kText, .columns = {}};
    for (const size_t i : group) {
      parts.push_back(fields[i].field);
      joined.columns.insert(joined.columns.end(), fields[i].columns.begin(),
                            fields[i].columns.end());
      fields[i].kind = FieldKind::kIgnored;
    }
    DQ_RETURN_IF_ERROR(JoinTexts(store, parts, memory));
    joined.field = store.fields() - 1;
    fields.push_back(joined);
  }
  std::erase_if(fields, [&store](const PlannedField& field) {
    return field.kind == FieldKind::kIgnored || store.values(field.field).size() < 2;
  });
  return fields;
}

}  // namespace dq
