// How a table is read, apart from its form: what happens to bad rows, what reading may cost, who
// may stop it. Values only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "worker/table/bad_row.h"
#include "worker/table/bytes/byte_source.h"

namespace dq {

inline constexpr size_t kBatchBytesDefault = size_t{1} << 20;

struct ReadOptions {
  BadRowPolicy on_bad_row = BadRowPolicy::kReject;
  size_t batch_bytes = kBatchBytesDefault;  // That are read at once; never changes what is read.
  // Of the whole job; half of it, rounded down to a power of two, at most kZstdWindowBytesMax, may
  // be the window of a packed file.
  int64_t memory_limit_bytes = int64_t{512} << 20;
  // Asked now and then while the file is looked at before the first pass: true ends that with
  // CANCELLED. May be empty.
  std::function<bool()> stop = {};
  Digest digest = Digest::kWanted;
};

}  // namespace dq
