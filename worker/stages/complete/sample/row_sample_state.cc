// How a sample of rows is saved and restored.
#include "common/base/status_macros.h"
#include "worker/stages/complete/sample/row_sample.h"
#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"

namespace dq {
namespace {

constexpr int64_t kLevelMax = 48;

}  // namespace

void RowSample::Save(StateWriter& writer) const {
  writer.Put(int64_t{level_});
  writer.PutList(std::span(hashes_));
  for (const std::vector<std::string_view>& cells : cells_) {
    for (const std::string_view cell : cells) writer.PutText(cell);
  }
}

absl::Status RowSample::Restore(StateReader& reader) {
  level_ = static_cast<int>(reader.GetCount(kLevelMax));
  reader.GetList(hashes_, rows_max_);
  for (std::vector<std::string_view>& cells : cells_) {
    for (size_t row = 0; row < hashes_.size() && reader.ok(); ++row) {
      const std::string cell = reader.GetText(kSampleCellBytesMax);
      DQ_ASSIGN_OR_RETURN(const std::string_view kept, Keep(cell));
      cells.push_back(kept);
    }
  }
  return reader.status();
}

}  // namespace dq
