#include "scheduler/dqctl/progress_display.h"

#include "scheduler/dqctl/exit_code.h"
#include "scheduler/dqctl/job_text.h"
#include "scheduler/dqctl/table.h"

namespace dq::dqctl {
namespace {

constexpr absl::Duration kTransferInterval = absl::Milliseconds(100);

}  // namespace

void ProgressDisplay::Show(const dq::v1::Job& job) {
  if (console_.err_is_terminal) {
    Draw(ProgressLine(job, console_.width() - 1, console_.now()));
    return;
  }
  // A line at a change of state or attempt, not whenever a countdown in it moves.
  const std::string key = StateName(job.state()) + " " + std::to_string(job.attempt());
  if (key == last_line_) return;
  last_line_ = key;
  // Why a job failed is said by whoever asked for it, once.
  const bool ended = IsTerminal(job.state());
  console_.err << (ended ? StateName(job.state()) : StateLine(job, console_.now())) << std::endl;
}

void ProgressDisplay::ShowLine(const std::string& line) {
  if (console_.err_is_terminal) return Draw(line);
  if (line == last_line_) return;
  last_line_ = line;
  console_.err << line << std::endl;
}

void ProgressDisplay::ShowTransfer(std::string_view what, int64_t done, int64_t total) {
  if (!console_.err_is_terminal) return;
  const absl::Time now = console_.now();
  if (done < total && now - last_transfer_ < kTransferInterval) return;
  last_transfer_ = now;
  Draw(std::string(what) + " " + HumanBytes(done) + " of " + HumanBytes(total));
}

void ProgressDisplay::Note(std::string_view text) {
  Clear();
  console_.err << text << std::endl;
}

void ProgressDisplay::Clear() {
  if (drawn_) console_.err << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

void ProgressDisplay::Draw(const std::string& line) {
  console_.err << "\r" << line << "\x1b[K" << std::flush;
  drawn_ = true;
}

}  // namespace dq::dqctl
