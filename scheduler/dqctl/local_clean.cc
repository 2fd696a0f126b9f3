#include "scheduler/dqctl/local_clean.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "google/protobuf/util/json_util.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/child_process.h"
#include "scheduler/dqctl/clean_paths.h"
#include "scheduler/dqctl/form_options.h"
#include "scheduler/dqctl/programs.h"
#include "scheduler/dqctl/progress_display.h"
#include "scheduler/dqctl/report_file.h"

namespace dq::dqctl {
namespace {

namespace fs = std::filesystem;

constexpr double kEstimatePercentMin = 2;
constexpr absl::Duration kStopGrace = absl::Seconds(5);

std::string Joined(const std::vector<std::string>& parts, const char* separator) {
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : separator) + part;
  return joined;
}

std::vector<std::string> WorkerCommand(const std::string& program, const CleanCommand& command,
                                       const std::string& report) {
  std::vector<std::string> arguments = {
      program,      "run",      "--progress",         "json",     "--input",
      command.file, "--output", CleanedPath(command), "--report", report};
  const auto add = [&arguments](const char* flag, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {flag, value});
  };
  add("--reference", command.chain.reference);
  add("--key", Joined(command.chain.key, ","));
  add("--reference-key", Joined(command.chain.reference_key, ","));
  add("--chain", Joined(command.chain.stages, ","));
  add("--fill", command.chain.fill);
  add("--statistic", command.chain.statistic);
  for (const std::string& fill : command.chain.fill_values) add("--fill-value", fill);
  if (command.chain.min_confidence.has_value()) {
    add("--min-confidence", std::to_string(*command.chain.min_confidence));
  }
  add("--detect", command.chain.detect);
  add("--missing", Joined(command.chain.missing, ","));
  add("--not-missing", Joined(command.chain.not_missing, ","));
  add("--dedupe-columns", Joined(command.chain.dedupe_columns, ","));
  add("--match", command.chain.match);
  add("--survivor", command.chain.survivor);
  if (command.chain.merge) arguments.emplace_back("--merge");
  add("--duplicates", command.chain.duplicates);
  if (command.chain.match_threshold != 0) {
    add("--match-threshold", std::to_string(command.chain.match_threshold));
  }
  add("--gate", Joined(command.chain.gate, ","));
  add("--changes", command.changes);
  add("--clusters", command.clusters);
  add("--rejects", command.rejects);
  add("--profile", command.profile);
  add("--keep-intermediate", command.intermediate);
  const std::vector<std::string> form = WorkerFormArguments(command.chain.form);
  arguments.insert(arguments.end(), form.begin(), form.end());
  return arguments;
}

// A folder for the report when nobody asked for one. Removed with everything in it.
class ScratchFolder {
 public:
  ScratchFolder() : path_((fs::temp_directory_path() / "dqctl-XXXXXX").string()) {
    made_ = ::mkdtemp(path_.data()) != nullptr;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (made_) fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string File(const char* name) const { return (fs::path(path_) / name).string(); }

 private:
  std::string path_;
  bool made_ = false;
};

// Adds when the run will end, as far as the time it has taken so far tells.
void AddEstimate(absl::Time started, absl::Time now, dq::v1::Progress& progress) {
  if (progress.percent() < kEstimatePercentMin) return;
  const absl::Time end = started + (now - started) * (100 / progress.percent());
  progress.mutable_estimated_end_time()->set_seconds(absl::ToUnixSeconds(end));
}

// Shows progress lines and hands every other line through, until the child closes its stderr.
void RelayProgress(int fd, const Session& session) {
  const std::unique_ptr<FILE, int (*)(FILE*)> lines(::fdopen(fd, "r"), ::fclose);
  ProgressDisplay display(session.console);
  const absl::Time started = session.console.now();
  dq::v1::Job job;
  char* line = nullptr;
  size_t capacity = 0;
  for (ssize_t length = 0; (length = ::getline(&line, &capacity, lines.get())) > 0;) {
    std::string text(line, static_cast<size_t>(length));
    if (text.back() == '\n') text.pop_back();
    if (ReadProgressLine(text, job)) {
      AddEstimate(started, session.console.now(), *job.mutable_progress());
      display.Show(job);
    } else {
      constexpr std::string_view kSpeaker = "dq-worker: ";
      if (text.starts_with(kSpeaker)) text.replace(0, kSpeaker.size(), "dqctl: ");
      display.Note(text);
    }
  }
  std::free(line);
}

// Whether dq-worker ended with its outputs in place.
bool HasPublished(const ChildEnd& end) {
  const auto code = static_cast<ExitCode>(end.exit_code);
  return end.signal == 0 && (code == ExitCode::kOk || code == ExitCode::kGateFailed);
}

absl::StatusOr<ChildEnd> RunWorker(const std::vector<std::string>& command, Session& session) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return ErrnoError(errno, "START_FAILED", "pipe");
  UniqueFd read_end(pipe[0]);
  UniqueFd write_end(pipe[1]);
  const UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  DQ_ASSIGN_OR_RETURN(
      ChildProcess child,
      ChildProcess::Start({.command = command,
                           .stdout_fd = nowhere.get(),  // The report says more than its summary.
                           .stderr_fd = write_end.get(),
                           .account = std::nullopt,
                           .death_signal = SIGKILL}));
  write_end.Reset();
  const Interrupt::Scope scope(session.interrupt, [&child] { child.Signal(SIGTERM); });
  RelayProgress(read_end.Release(), session);
  if (!session.interrupt.triggered()) return child.Wait();
  const ChildEnd end = child.Stop(SIGTERM, kStopGrace);
  if (HasPublished(end)) return end;  // Ctrl-C came after the last moment to stop.
  return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED",
                   end.signal == SIGKILL ? "stopped; some outputs may have been written"
                                         : "stopped; nothing was written");
}

dq::v1::Verdict VerdictOf(const CleanCommand& command, ExitCode code) {
  if (command.chain.gate.empty()) return dq::v1::VERDICT_NOT_EVALUATED;
  return code == ExitCode::kGateFailed ? dq::v1::VERDICT_FAILED : dq::v1::VERDICT_PASSED;
}

}  // namespace

bool ReadProgressLine(const std::string& line, dq::v1::Job& job) {
  if (!line.starts_with("{")) return false;
  dq::v1::Progress progress;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (!google::protobuf::util::JsonStringToMessage(line, &progress, options).ok()) return false;
  job.set_state(dq::v1::JOB_STATE_PROCESSING);
  *job.mutable_progress() = std::move(progress);
  return true;
}

absl::StatusOr<ExitCode> CleanLocally(const CleanCommand& command, Session& session) {
  DQ_RETURN_IF_ERROR(SpecOf(command.chain).status());
  DQ_ASSIGN_OR_RETURN(const std::string program, FindProgram("dq-worker", session.program_folder,
                                                             session.environment("PATH")));
  const ScratchFolder scratch;
  const std::string report_path =
      command.report.empty() ? scratch.File("report.json") : command.report;
  DQ_ASSIGN_OR_RETURN(const ChildEnd end,
                      RunWorker(WorkerCommand(program, command, report_path), session));
  if (end.signal != 0) {
    return MakeError(absl::StatusCode::kInternal, "WORKER_LOST",
                     "dq-worker ended by " + end.Text());
  }
  const auto code = static_cast<ExitCode>(end.exit_code);
  if (!HasPublished(end)) return code;
  DQ_ASSIGN_OR_RETURN(const dq::v1::Report report, ReadReportFile(report_path));
  PrintCleaned(command, report, VerdictOf(command, code), session.console);
  return code;
}

}  // namespace dq::dqctl
