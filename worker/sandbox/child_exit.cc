#include "worker/sandbox/child_exit.h"

#include <signal.h>
#include <string.h>

#include "common/base/error.h"

namespace dq {
namespace {

// What fits into an error beside its other details.
constexpr size_t kStderrBytesMax = 1024;

std::string NameOfSignal(int signal_number) {
  const char* name = ::sigabbrev_np(signal_number);
  return name == nullptr ? std::to_string(signal_number) : "SIG" + std::string(name);
}

std::string Tail(std::string_view text) {
  if (text.size() > kStderrBytesMax) text.remove_prefix(text.size() - kStderrBytesMax);
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

absl::Status ErrorOfChildExit(const ChildExit& exit, std::string_view stderr_tail) {
  ErrorMetadata metadata = {{"category", "system"}};
  if (!stderr_tail.empty()) metadata["stderr"] = Tail(stderr_tail);
  std::string how;
  if (exit.code == CLD_EXITED) {
    metadata["exit_status"] = std::to_string(exit.status);
    how = "ended with status " + std::to_string(exit.status) + " and no result";
  } else {
    metadata["signal"] = NameOfSignal(exit.status);
    how = "was killed by " + NameOfSignal(exit.status);
  }
  if (exit.code != CLD_EXITED && exit.status == SIGXCPU) {
    metadata["category"] = "processing";
    return MakeError(absl::StatusCode::kResourceExhausted, "CPU_LIMIT",
                     "the job needs more CPU time than it may use: raise --cpu-per-job or split "
                     "the file",
                     metadata);
  }
  if (stderr_tail.find("std::bad_alloc") != std::string_view::npos) {
    metadata["category"] = "processing";
    return MakeError(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                     "the job needs more memory than it may use: raise --memory-per-job or split "
                     "the file",
                     metadata);
  }
  return MakeError(absl::StatusCode::kInternal, "CRASHED", "the job's process " + how, metadata);
}

}  // namespace dq
