#include "scheduler/dqctl/follow.h"

#include "common/base/error.h"
#include "scheduler/dqctl/job_text.h"
#include "scheduler/dqctl/progress_display.h"
#include "scheduler/dqctl/watch.h"

namespace dq::dqctl {

absl::StatusOr<dq::v1::Job> FollowJob(Client& client, const std::string& name, Session& session) {
  ProgressDisplay display(session.console);
  const WatchObserver observer{
      .on_job = [&display](const dq::v1::Job& job) { display.Show(job); },
      .on_connection = [&display](const std::string& text) { display.Note(text); }};
  absl::StatusOr<dq::v1::Job> job =
      WatchJob(client, name, session.watch, observer, session.interrupt);
  if (!job.ok()) return Detached(job.status(), name);
  return job;
}

ExitCode PrintEnd(const dq::v1::Job& job, const Session& session, const std::string& gate_finding) {
  const ExitCode code = ExitCodeOf(job);
  switch (code) {
    case ExitCode::kJobFailed: {
      ErrorMetadata metadata(job.error().metadata().begin(), job.error().metadata().end());
      metadata["job"] = job.name();
      PrintError(session.console, MakeError(absl::StatusCode::kAborted, job.error().reason(),
                                            job.error().message(), metadata));
      break;
    }
    case ExitCode::kJobCancelled:
      session.console.err << "dqctl: " << job.name() << " is " << StateName(job.state()) << "\n";
      break;
    case ExitCode::kGateFailed:
      session.console.err << "dqctl: GATE_FAILED: " << gate_finding << "\n";
      break;
    default:
      break;
  }
  return code;
}

std::string AttachHint(const std::string& name) {
  return "Attach again: dqctl job watch " + name + "; when it is done, `dqctl job get " + name +
         "` lists its files and `dqctl file download FILE -o OUT` fetches one";
}

absl::Status Detached(const absl::Status& status, const std::string& name) {
  if (ReasonOf(status) != "INTERRUPTED") return status;
  return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED",
                   "detached; the job goes on. " + AttachHint(name));
}

}  // namespace dq::dqctl
