#include "worker/table/read_ahead.h"

#include "common/base/status_macros.h"

namespace dq {

ReadAhead::ReadAhead(RowReader& reader, TaskPool& pool) : reader_(reader), errand_(pool) {
  Start();
}

void ReadAhead::Start() {
  errand_.Start([this]() -> absl::Status {
    DQ_ASSIGN_OR_RETURN(more_, reader_.Next(batches_[reading_]));
    return absl::OkStatus();
  });
}

absl::StatusOr<RowBatch*> ReadAhead::Next() {
  DQ_RETURN_IF_ERROR(errand_.Wait());
  if (!more_) return nullptr;
  RowBatch* const batch = &batches_[reading_];
  reading_ = 1 - reading_;
  Start();
  return batch;
}

}  // namespace dq
