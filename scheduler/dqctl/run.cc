#include "scheduler/dqctl/run.h"

#include "common/base/error.h"

namespace dq::dqctl {
namespace {

constexpr char kOutputFailed[] = "OUTPUT_FAILED";

}  // namespace

ExitCode RunCommand(const Command& command, Session& session) {
  const absl::StatusOr<ExitCode> result =
      std::visit([&session](const auto& one) { return Run(one, session); }, command);
  session.console.out.flush();
  const bool is_lost = !session.console.out;
  if (is_lost && IsStdoutClosed() && (result.ok() || ReasonOf(result.status()) == kOutputFailed)) {
    return result.value_or(ExitCode::kOk);
  }
  if (is_lost && result.ok()) {
    PrintError(session.console, MakeError(absl::StatusCode::kUnknown, kOutputFailed,
                                          "cannot write to stdout: what is there is not whole"));
    return ExitCode::kError;
  }
  if (result.ok()) return *result;
  PrintError(session.console, result.status());
  return ExitCodeOf(result.status());
}

}  // namespace dq::dqctl
