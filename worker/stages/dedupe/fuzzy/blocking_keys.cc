#include "worker/stages/dedupe/fuzzy/blocking_keys.h"

#include <algorithm>
#include <utility>

#include "worker/stages/dedupe/fuzzy/text_words.h"

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace dq {
namespace {

constexpr size_t kPairedFieldsMax = 8;
constexpr size_t kRareWordsMax = 8;
constexpr size_t kRareGramsMax = 8;
constexpr size_t kWordBuckets = size_t{1} << 20;

uint64_t HashText(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

BlockingKey Combine(uint64_t a, uint64_t b) {
  const uint64_t both[] = {a, b};
  return XXH3_64bits(both, sizeof(both));
}

// The form in which a value is combined with that of another field.
uint32_t CoarseForm(FieldKind kind, std::string_view text) {
  constexpr size_t kPhoneEnd = 4;
  constexpr size_t kEmailBegin = 4;
  switch (kind) {
    case FieldKind::kName:
    case FieldKind::kPhrase:
      return SoundOf(text);
    case FieldKind::kPhone:
      text.remove_prefix(text.size() - std::min(kPhoneEnd, text.size()));
      break;
    case FieldKind::kEmail:
      text = text.substr(0, kEmailBegin);
      break;
    case FieldKind::kCode:
    case FieldKind::kDate:
      break;
    case FieldKind::kIgnored:
    case FieldKind::kStanding:
    case FieldKind::kAddress:
    case FieldKind::kText:
    case FieldKind::kNumber:
      return 0;
  }
  return static_cast<uint32_t>(HashText(text)) | 1;
}

// Appends the keys with the smallest counts of `rare`, at most `most`.
void AddRarest(std::vector<std::pair<uint32_t, BlockingKey>>& rare, size_t most,
               std::vector<BlockingKey>& keys) {
  const size_t kept = std::min(most, rare.size());
  std::partial_sort(rare.begin(), rare.begin() + static_cast<std::ptrdiff_t>(kept), rare.end());
  for (size_t i = 0; i < kept; ++i) keys.push_back(rare[i].second);
}

}  // namespace

uint32_t SoundOf(std::string_view text) {
  //                                   abcdefghijklmnopqrstuvwxyz
  static constexpr char kClasses[] = "01230120022455012623010202";
  constexpr int kClassesMax = 4;
  uint32_t sound = 0;
  char last = '0';
  int count = 0;
  for (const char c : text) {
    if (c == ' ' && sound != 0) break;
    if ((c & 0x80) != 0) return static_cast<uint32_t>(HashText(text.substr(0, text.find(' ')))) | 1;
    if (c < 'a' || c > 'z') continue;
    const char sound_class = kClasses[c - 'a'];
    if (sound == 0) {
      sound = static_cast<uint32_t>(c);
    } else if (sound_class != '0' && sound_class != last && count < kClassesMax) {
      sound = sound << 3 | static_cast<uint32_t>(sound_class - '0');
      ++count;
    }
    if (c != 'h' && c != 'w') last = sound_class;
  }
  return sound;
}

BlockingKeys::BlockingKeys(const RecordComparison& comparison) : comparison_(comparison) {
  const size_t fields = comparison.fields().size();
  coarse_.resize(fields);
  word_records_.resize(fields);
  for (size_t field = 0; field < fields; ++field) {
    const ValueDictionary& values = comparison.values(field);
    coarse_[field].push_back(0);
    for (ValueId id = 1; id <= values.size(); ++id) {
      coarse_[field].push_back(CoarseForm(comparison.fields()[field].kind, values.text(id)));
    }
  }
  PlanPasses();
}

void BlockingKeys::PlanPasses() {
  std::vector<std::pair<uint32_t, size_t>> telling;  // Fields with most values first.
  for (size_t field = 0; field < coarse_.size(); ++field) {
    const FieldKind kind = comparison_.fields()[field].kind;
    passes_.push_back({.kind = BlockingPass::Kind::kValue, .field = field});
    if (kind == FieldKind::kText || kind == FieldKind::kAddress || kind == FieldKind::kPhrase ||
        kind == FieldKind::kName) {
      CountWords(field);
      passes_.push_back({.kind = BlockingPass::Kind::kWords, .field = field});
    }
    if (kind == FieldKind::kText) {
      passes_.push_back({.kind = BlockingPass::Kind::kGrams, .field = field});
    } else if (kind != FieldKind::kNumber && kind != FieldKind::kAddress) {
      telling.push_back({~comparison_.values(field).size(), field});
    }
  }
  std::sort(telling.begin(), telling.end());
  if (telling.size() > kPairedFieldsMax) telling.resize(kPairedFieldsMax);
  for (size_t i = 0; i < telling.size(); ++i) {
    for (size_t j = i + 1; j < telling.size(); ++j) {
      passes_.push_back({.kind = BlockingPass::Kind::kCoarsePair,
                         .field = telling[i].second,
                         .other = telling[j].second});
    }
  }
}

void BlockingKeys::CountWords(size_t field) {
  const ValueDictionary& values = comparison_.values(field);
  word_records_[field].assign(kWordBuckets, 0);
  for (ValueId id = 1; id <= values.size(); ++id) {
    for (const std::string_view word : TextWords(values.text(id))) {
      word_records_[field][HashText(word) % kWordBuckets] += values.count(id);
    }
  }
}

void BlockingKeys::Make(const BlockingPass& pass, RecordId record,
                        std::vector<BlockingKey>& keys) const {
  keys.clear();
  const ValueId value = comparison_.value(record, pass.field);
  if (value == kNoValue) return;
  switch (pass.kind) {
    case BlockingPass::Kind::kValue:
      keys.push_back(value);
      return;
    case BlockingPass::Kind::kCoarsePair: {
      const uint32_t here = coarse_[pass.field][value];
      const uint32_t there = coarse_[pass.other][comparison_.value(record, pass.other)];
      if (here != 0 && there != 0) keys.push_back(Combine(here, there));
      return;
    }
    case BlockingPass::Kind::kWords:
      AddRareWords(pass.field, comparison_.values(pass.field).text(value), keys);
      return;
    case BlockingPass::Kind::kGrams:
      AddRareGrams(pass.field, value, keys);
      return;
  }
}

void BlockingKeys::AddRareWords(size_t field, std::string_view text,
                                std::vector<BlockingKey>& keys) const {
  std::vector<std::pair<uint32_t, BlockingKey>> rare;
  for (const std::string_view word : TextWords(text)) {
    const uint64_t hash = HashText(word);
    const uint32_t count = word_records_[field][hash % kWordBuckets];
    if (count > 1) rare.push_back({count, hash});
  }
  AddRarest(rare, kRareWordsMax, keys);
}

void BlockingKeys::AddRareGrams(size_t field, ValueId value, std::vector<BlockingKey>& keys) const {
  const GramVectors& vectors = *comparison_.grams(field);
  std::vector<std::pair<uint32_t, BlockingKey>> rare;
  for (const uint32_t gram : vectors.grams(value)) {
    const uint32_t count = vectors.Documents(gram);
    if (count > 1) rare.push_back({count, GramVectors::HashOf(gram)});
  }
  AddRarest(rare, kRareGramsMax, keys);
}

}  // namespace dq
