#include "scheduler/dqctl/submit_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <istream>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/interruptible_input.h"
#include "scheduler/dqctl/job_lines.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

using dq::v1::BatchCreateJobsResult;

// What became of the jobs so far. For people their names are printed, for programs the results.
class Outcome {
 public:
  Outcome(const Console& console, OutputFormat format) : console_(console), format_(format) {}

  void Add(const dq::v1::CreateJobRequest& request, const BatchCreateJobsResult& result) {
    ++(result.has_error() ? refused_ : result.existed() ? existed_ : created_);
    if (result.has_error()) {
      console_.err << request.request_id() << ": " << result.error().reason() << ": "
                   << result.error().message() << "\n";
    }
    switch (format_) {
      case OutputFormat::kTable:
        if (!result.has_error()) console_.out << result.name() << "\n";
        return;
      case OutputFormat::kNdjson:
        console_.out << ToJson(result, format_) << "\n";
        return;
      case OutputFormat::kJson:
        all_.push_back(result);
    }
  }

  void PrintEnd() const {
    if (format_ == OutputFormat::kJson) PrintRecords(console_, format_, all_, Table({}));
    console_.err << created_ << " created, " << existed_ << " existed already, " << refused_
                 << " refused\n";
  }

  int64_t refused() const { return refused_; }
  int64_t decided() const { return created_ + existed_ + refused_; }

 private:
  const Console& console_;
  const OutputFormat format_;
  int64_t created_ = 0;
  int64_t existed_ = 0;
  int64_t refused_ = 0;
  std::vector<BatchCreateJobsResult> all_;  // With kJson.
};

// Opens the file that was named; nothing for stdin. That of a named pipe waits for no writer.
absl::StatusOr<UniqueFd> Open(const std::string& path) {
  if (path == "-") return UniqueFd();
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return ErrnoError(errno, "FILE_UNREADABLE", "cannot read " + path);
  return fd;
}

}  // namespace

absl::StatusOr<ExitCode> SubmitLines(const JobSubmitCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const UniqueFd file, Open(command.from_file));
  InterruptibleInput input(file ? file.get() : STDIN_FILENO, session.interrupt);
  std::istream in(&input);
  const std::string run = RequestIdOf(command.creation, "lines-");
  const auto is_ready = [&input] { return input.IsReady(); };
  JobLines lines(in, is_ready, "projects/" + session.connection.project, run);
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  // Said at once: whoever kills this has nothing else to go on with.
  if (command.creation.request_id.empty())
    session.console.err << "request ids begin with " << run << "\n";
  Outcome outcome(session.console, command.format);
  int64_t taken = 0;
  const MessageSource source = {
      .next = [&]() -> absl::StatusOr<std::optional<dq::v1::SubmitJobsRequest>> {
        auto message = lines.Next();
        // The line that was being read is not whole.
        if (session.interrupt.triggered()) return InterruptedError();
        if (message.ok() && message->has_value()) taken += (*message)->requests_size();
        return message;
      },
      .is_ready = is_ready};
  const absl::Status status = client->SubmitJobs(
      source,
      [&](const dq::v1::SubmitJobsRequest& request, const dq::v1::SubmitJobsResponse& response) {
        for (int i = 0; i < response.results_size(); ++i) {
          outcome.Add(request.requests(i), response.results(i));
        }
      },
      [&session](int64_t jobs) {
        session.console.err << "the scheduler is overloaded: " << jobs
                            << " jobs wait to be sent again\n";
      });
  outcome.PrintEnd();
  if (!status.ok()) {
    if (const int64_t unknown = taken - outcome.decided(); unknown > 0) {
      session.console.err << "of " << unknown << " more no answer came\n";
    }
    session.console.err << "the same file again with --request-id " << run
                        << " creates none of these twice\n";
    return status;
  }
  return outcome.refused() == 0 ? ExitCode::kOk : ExitCode::kError;
}

}  // namespace dq::dqctl
