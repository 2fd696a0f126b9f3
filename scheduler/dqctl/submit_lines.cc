#include "scheduler/dqctl/submit_lines.h"

#include <fstream>
#include <iostream>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
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

 private:
  const Console& console_;
  const OutputFormat format_;
  int64_t created_ = 0;
  int64_t existed_ = 0;
  int64_t refused_ = 0;
  std::vector<BatchCreateJobsResult> all_;  // With kJson.
};

}  // namespace

absl::StatusOr<ExitCode> SubmitLines(const JobSubmitCommand& command, Session& session) {
  std::ifstream file;
  if (command.from_file != "-") {
    file.open(command.from_file);
    if (!file) return ErrnoError(errno, "FILE_UNREADABLE", "cannot read " + command.from_file);
  }
  const std::string run = RequestIdOf(command.creation, "lines-");
  JobLines lines(command.from_file == "-" ? std::cin : file,
                 "projects/" + session.connection.project, run);
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  // Said at once: whoever kills this has nothing else to go on with.
  if (command.creation.request_id.empty())
    session.console.err << "request ids begin with " << run << "\n";
  Outcome outcome(session.console, command.format);
  const absl::Status status = client->SubmitJobs(
      [&] { return lines.Next(); },
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
    session.console.err << "the same file again with --request-id " << run
                        << " creates none of these twice\n";
    return status;
  }
  return outcome.refused() == 0 ? ExitCode::kOk : ExitCode::kError;
}

}  // namespace dq::dqctl
