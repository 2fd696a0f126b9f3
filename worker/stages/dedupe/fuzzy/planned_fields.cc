#include "worker/stages/dedupe/fuzzy/planned_fields.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/stages/dedupe/fuzzy/repeated_words.h"

namespace dq {
namespace {

// A field is of addresses when this share of its rows has a house number.
constexpr double kAddressesMin = 0.7;
// Only long texts hold what other columns say: words on average.
constexpr double kLongTextWords = 4;
// Of more fields of words the most telling ones are joined: a few of them are compared at last.
constexpr size_t kJoinedFieldsMax = 64;
// Records are joined in parts of so many, between which a stop is looked for.
constexpr RecordId kPartRecords = RecordId{1} << 16;

std::string_view TextOf(const RecordStore& store, RecordId record, size_t field) {
  const ValueId id = store.cell(record, field);
  return id == kNoValue ? std::string_view() : store.values(field).text(id);
}

double Telling(const RecordStore& store, size_t field) {
  const ValueDictionary& values = store.values(field);
  const auto rows = static_cast<double>(store.size());
  double bits = 0;
  for (ValueId id = 1; id <= values.size(); ++id) {
    const double share = values.count(id) / rows;
    if (share > 0) bits -= share * std::log2(share);
  }
  return bits;
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
                       const StageContext& context) {
  ValueDictionary texts(context.memory);
  std::vector<ValueId> ids(store.size());
  std::string text;
  for (RecordId record = 0; record < store.size(); ++record) {
    if (record % kPartRecords == 0) DQ_RETURN_IF_ERROR(CheckStop(context.stop));
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

// Makes one text of the fields that a long text repeats, with it.
class RepeatedFields {
 public:
  // All outlive the object.
  RepeatedFields(RecordStore& store, std::vector<PlannedField>& fields, const StageContext& context)
      : store_(store), fields_(fields), context_(context) {}

  absl::Status Join() {
    for (const size_t place : MostTelling()) Add(place);
    DQ_RETURN_IF_ERROR(Compare());
    for (std::vector<size_t> group = FindGroup(); !group.empty(); group = FindGroup()) {
      DQ_RETURN_IF_ERROR(JoinGroup(group));
      DQ_RETURN_IF_ERROR(Compare());
    }
    return absl::OkStatus();
  }

 private:
  struct Candidate {
    size_t place = 0;  // In fields_.
    bool is_long = false;
  };

  // The places of the fields of words, at most kJoinedFieldsMax, in order.
  std::vector<size_t> MostTelling() const {
    std::vector<size_t> places;
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (HoldsWords(fields_[i].kind)) places.push_back(i);
    }
    std::stable_sort(places.begin(), places.end(), [this](size_t a, size_t b) {
      return fields_[a].telling > fields_[b].telling;
    });
    if (places.size() > kJoinedFieldsMax) places.resize(kJoinedFieldsMax);
    std::sort(places.begin(), places.end());
    return places;
  }

  void Add(size_t place) {
    const PlannedField& field = fields_[place];
    const bool is_long =
        field.kind == FieldKind::kText && MeanWords(store_.values(field.field)) >= kLongTextWords;
    candidates_.push_back({place, is_long});
  }

  // Compares long texts with all others, as far as it was not done before.
  absl::Status Compare() {
    std::vector<FieldPair> pairs;
    for (; compared_ < candidates_.size(); ++compared_) {
      for (size_t i = 0; i < compared_; ++i) {
        if (!candidates_[i].is_long && !candidates_[compared_].is_long) continue;
        pairs.push_back(
            {fields_[candidates_[i].place].field, fields_[candidates_[compared_].place].field});
      }
    }
    DQ_ASSIGN_OR_RETURN(const std::vector<bool> repeat, FindRepeats(store_, pairs, context_));
    for (size_t i = 0; i < pairs.size(); ++i) {
      if (!repeat[i]) continue;
      repeats_.insert({pairs[i].a, pairs[i].b});
      repeats_.insert({pairs[i].b, pairs[i].a});
    }
    return absl::OkStatus();
  }

  // The places of the first long text and of what repeats it; empty when there is none.
  std::vector<size_t> FindGroup() const {
    for (const Candidate& text : candidates_) {
      if (!text.is_long) continue;
      std::vector<size_t> group;
      for (const Candidate& other : candidates_) {
        if (other.place == text.place ||
            repeats_.contains({fields_[text.place].field, fields_[other.place].field})) {
          group.push_back(other.place);
        }
      }
      if (group.size() > 1) return group;
    }
    return {};
  }

  absl::Status JoinGroup(const std::vector<size_t>& group) {
    std::vector<size_t> parts;
    PlannedField joined{.field = 0, .kind = FieldKind::kText, .columns = {}};
    for (const size_t place : group) {
      PlannedField& field = fields_[place];
      parts.push_back(field.field);
      joined.columns.insert(joined.columns.end(), field.columns.begin(), field.columns.end());
      field.kind = FieldKind::kIgnored;
    }
    std::erase_if(candidates_, [&](const Candidate& candidate) {
      return std::find(group.begin(), group.end(), candidate.place) != group.end();
    });
    compared_ = candidates_.size();
    DQ_RETURN_IF_ERROR(JoinTexts(store_, parts, context_));
    joined.field = store_.fields() - 1;
    joined.telling = Telling(store_, joined.field);
    fields_.push_back(joined);
    Add(fields_.size() - 1);
    return absl::OkStatus();
  }

  RecordStore& store_;
  std::vector<PlannedField>& fields_;
  const StageContext& context_;
  std::vector<Candidate> candidates_;            // What may be joined, in order.
  size_t compared_ = 0;                          // So many of them are compared with one another.
  std::set<std::pair<size_t, size_t>> repeats_;  // Fields of the store, both ways.
};

}  // namespace

absl::StatusOr<std::vector<PlannedField>> PlanFields(RecordStore& store,
                                                     const StageContext& context) {
  const size_t columns = store.fields();
  std::vector<PlannedField> fields;
  for (size_t field = 0; field < columns; ++field) {
    DQ_RETURN_IF_ERROR(CheckStop(context.stop));
    FieldKind kind = DecideKind(store, field);
    if (kind == FieldKind::kText && HoldsAddresses(store.values(field))) {
      kind = FieldKind::kAddress;
    }
    fields.push_back({field, kind, {store.column(field)}});
  }
  for (PlannedField& field : fields) {
    DQ_RETURN_IF_ERROR(CheckStop(context.stop));
    DQ_RETURN_IF_ERROR(Canonicalise(store, field.field, field.kind, context.memory));
    if (field.kind != FieldKind::kIgnored) field.telling = Telling(store, field.field);
  }
  DQ_RETURN_IF_ERROR(RepeatedFields(store, fields, context).Join());
  std::erase_if(fields, [&store](const PlannedField& field) {
    return field.kind == FieldKind::kIgnored || store.values(field.field).size() < 2;
  });
  return fields;
}

}  // namespace dq
