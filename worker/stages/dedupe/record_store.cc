#include "worker/stages/dedupe/record_store.h"

#include <limits>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/values/value_type.h"

#define XXH_INLINE_ALL
#include "xxhash.h"

namespace dq {

RecordStore::RecordStore(std::vector<size_t> columns, std::vector<CellForm> forms,
                         MemoryBudget& memory)
    : columns_(std::move(columns)),
      forms_(std::move(forms)),
      taken_(memory, "the records to compare") {
  values_.reserve(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) values_.emplace_back(memory);
}

absl::Status RecordStore::Add(const RowBatch& batch, size_t row) {
  if (rows_.size() == rows_.capacity()) DQ_RETURN_IF_ERROR(Grow());
  spelling_.clear();
  bool blank = true;
  for (size_t field = 0; field < columns_.size(); ++field) {
    const std::string_view cell = batch.cell(row, columns_[field]);
    blank = blank && TrimSpace(cell).empty();
    spelling_ += cell;
    spelling_ += '\0';
    folded_.clear();
    AppendCell(folded_, cell, forms_[field]);
    DQ_ASSIGN_OR_RETURN(const ValueId id, values_[field].Add(folded_));
    cells_.push_back(id);
  }
  rows_.push_back(batch.row(row).number);
  spellings_.push_back(XXH3_64bits(spelling_.data(), spelling_.size()));
  blanks_.push_back(blank);
  return absl::OkStatus();
}

absl::Status RecordStore::Grow() {
  const size_t wanted = rows_.capacity() * 3 / 2 + 1024;
  // Records are known by 32 bits.
  if (wanted > std::numeric_limits<RecordId>::max()) return taken_.Refuse(1);
  const size_t bytes_each = columns_.size() * sizeof(ValueId) + 17;
  DQ_RETURN_IF_ERROR(taken_.Take((wanted - rows_.capacity()) * bytes_each));
  cells_.reserve(wanted * columns_.size());
  rows_.reserve(wanted);
  spellings_.reserve(wanted);
  blanks_.reserve(wanted);
  return absl::OkStatus();
}

absl::Status RecordStore::Append(size_t column, ValueDictionary values,
                                 const std::vector<ValueId>& ids) {
  const size_t width = columns_.size();
  DQ_RETURN_IF_ERROR(taken_.Take(size() * (width + 1) * sizeof(ValueId)));
  std::vector<ValueId> cells;
  cells.reserve(size() * (width + 1));
  for (RecordId record = 0; record < size(); ++record) {
    cells.insert(cells.end(), this->cells(record), this->cells(record) + width);
    cells.push_back(ids[record]);
  }
  const size_t before = cells_.capacity() * sizeof(ValueId);
  cells_ = std::move(cells);
  taken_.Release(before);
  columns_.push_back(column);
  values_.push_back(std::move(values));
  return absl::OkStatus();
}

void RecordStore::Replace(size_t field, ValueDictionary values, const std::vector<ValueId>& ids) {
  const size_t width = columns_.size();
  for (size_t at = field; at < cells_.size(); at += width) cells_[at] = ids[cells_[at]];
  values_[field] = std::move(values);
}

}  // namespace dq
