#include "scheduler/dqctl/run.h"

namespace dq::dqctl {

ExitCode RunCommand(const Command& command, Session& session) {
  const absl::StatusOr<ExitCode> result =
      std::visit([&session](const auto& one) { return Run(one, session); }, command);
  session.console.out.flush();
  if (result.ok()) return *result;
  PrintError(session.console, result.status());
  return ExitCodeOf(result.status());
}

}  // namespace dq::dqctl
