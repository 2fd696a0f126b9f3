#include "worker/chain/memory_budget.h"

#include <string>

#include "common/base/error.h"
#include "common/base/status_macros.h"

namespace dq {
namespace {

std::string MiB(int64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

}  // namespace

void MemoryBudget::NotePeak(int64_t taken) {
  int64_t peak = peak_bytes_;
  while (peak < taken && !peak_bytes_.compare_exchange_weak(peak, taken)) {
  }
}

absl::Status MemoryBudget::Take(int64_t bytes, std::string_view what) {
  if (whole_ != nullptr) {
    DQ_RETURN_IF_ERROR(whole_->Take(bytes, what));
    NotePeak(taken_bytes_ += bytes);
    return absl::OkStatus();
  }
  const int64_t most = limit_bytes_ - kMemoryReservedBytes - bytes;
  int64_t taken = taken_bytes_;
  while (taken <= most) {
    if (taken_bytes_.compare_exchange_weak(taken, taken + bytes)) return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                   std::string(what) + " needs " + MiB(bytes) +
                       " more, which passes the memory limit of " + MiB(limit_bytes_) +
                       "; raise the memory limit or split the file",
                   {{"category", "processing"}, {"limit_bytes", std::to_string(limit_bytes_)}});
}

}  // namespace dq
