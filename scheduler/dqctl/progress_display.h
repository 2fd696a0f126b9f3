// Shows on stderr how a job moves: a bar redrawn in place on a terminal, a plain line at every
// change of state elsewhere. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "dq/v1/job.pb.h"
#include "scheduler/dqctl/console.h"

namespace dq::dqctl {

class ProgressDisplay {
 public:
  // `console` outlives the display.
  explicit ProgressDisplay(const Console& console) : console_(console) {}
  // Takes the bar away.
  ~ProgressDisplay() { Clear(); }
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Shows the job as it is now.
  void Show(const dq::v1::Job& job);
  // Shows a line that changes; without a terminal only when it is another one.
  void ShowLine(const std::string& line);
  // Shows the bytes of a transfer, at most ten times a second; nothing without a terminal.
  void ShowTransfer(std::string_view what, int64_t done, int64_t total);
  // Writes a line of its own, for example that the connection is lost.
  void Note(std::string_view text);
  // Removes the bar, so that something else can be written.
  void Clear();

 private:
  void Draw(const std::string& line);

  const Console& console_;
  std::string last_line_;  // The last state line, without a terminal.
  absl::Time last_transfer_ = absl::InfinitePast();
  bool drawn_ = false;  // A bar stands on the current line of the terminal.
};

}  // namespace dq::dqctl
