#include "worker/table/read_ahead.h"

#include <utility>

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
  if (resting_) return nullptr;
  DQ_RETURN_IF_ERROR(errand_.Wait());
  if (!more_) return nullptr;
  RowBatch* const batch = &batches_[reading_];
  reading_ = 1 - reading_;
  if (held_) {
    resting_ = true;
  } else {
    Start();
  }
  return batch;
}

void ReadAhead::GoOn() {
  held_ = false;
  if (std::exchange(resting_, false)) Start();
}

}  // namespace dq
