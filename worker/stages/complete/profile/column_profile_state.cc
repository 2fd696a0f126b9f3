// How what was learned about a column is saved and restored.
#include <limits>
#include <string>
#include <utility>

#include "worker/stages/complete/profile/column_profile.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {
namespace {

constexpr int64_t kTokensMax = 1 << 20;
constexpr size_t kTextBytesMax = size_t{64} << 20;

}  // namespace

void ColumnProfile::Save(StateWriter& writer) const {
  for (const int64_t count : {blank_, padded_blanks_, no_numbers_, codes_}) writer.Put(count);
  types_.Save(writer);
  shapes_.Save(writer);
  writer.Put(uint64_t{tokens_seen_.size()});
  for (const auto& [token, count] : tokens_seen_) {
    writer.PutText(token);
    writer.Put(count);
  }
  values_.Save(writer);
  numbers_.Save(writer);
  writer.Put(sum_);
  writer.Put(int64_t{decimals_min_});
  writer.Put(int64_t{decimals_max_});
  number_extremes_.Save(writer);
  dates_.Save(writer);
}

void ColumnProfile::Restore(StateReader& reader) {
  for (int64_t* count : {&blank_, &padded_blanks_, &no_numbers_, &codes_}) {
    *count = reader.GetCount(kStateCountMax);
  }
  types_.Restore(reader);
  shapes_.Restore(reader);
  const int64_t tokens = reader.GetCount(kTokensMax);
  for (int64_t i = 0; i < tokens && reader.ok(); ++i) {
    std::string token = reader.GetText(kTextBytesMax);
    tokens_seen_[std::move(token)] = reader.GetCount(kStateCountMax);
  }
  values_.Restore(reader);
  numbers_.Restore(reader);
  sum_ = reader.Get<double>();
  decimals_min_ = static_cast<int>(reader.GetCount(std::numeric_limits<int>::max()));
  decimals_max_ = static_cast<int>(reader.GetCount(std::numeric_limits<int>::max()));
  number_extremes_.Restore(reader);
  dates_.Restore(reader);
}

}  // namespace dq
