#include "worker/stages/complete/profile/extreme_values.h"

#include <cmath>
#include <cstdint>

#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {
namespace {

constexpr size_t kTextBytesMax = size_t{64} << 20;

void SaveExtremes(StateWriter& writer, const std::vector<ExtremeValue>& values) {
  writer.Put(uint64_t{values.size()});
  for (const ExtremeValue& value : values) {
    writer.Put(value.key);
    writer.PutText(value.text);
  }
}

void RestoreExtremes(StateReader& reader, size_t kept_max, std::vector<ExtremeValue>& values) {
  values.resize(static_cast<size_t>(reader.GetCount(static_cast<int64_t>(kept_max))));
  for (ExtremeValue& value : values) {
    value.key = reader.Get<double>();
    value.text = reader.GetText(kTextBytesMax);
    if (!std::isfinite(value.key)) reader.Fail("a number in it is none");
  }
}

}  // namespace

void ExtremeValues::Save(StateWriter& writer) const {
  SaveExtremes(writer, least_);
  SaveExtremes(writer, greatest_);
}

void ExtremeValues::Restore(StateReader& reader) {
  RestoreExtremes(reader, kKept, least_);
  RestoreExtremes(reader, kKept, greatest_);
}

}  // namespace dq
