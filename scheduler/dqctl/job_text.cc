#include "scheduler/dqctl/job_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "scheduler/dqctl/table.h"

namespace dq::dqctl {
namespace {

using dq::v1::Job;
using dq::v1::Progress;

constexpr size_t kBarColumnsMin = 10;
constexpr size_t kBarColumnsMax = 40;
constexpr int kWidthMin = 20;
constexpr int kDependenciesNamed = 3;

std::string WithoutPrefix(const std::string& name, std::string_view prefix) {
  const std::string rest = name.substr(std::min(prefix.size(), name.size()));
  return rest == "UNSPECIFIED" ? "" : rest;
}

// Cuts valid UTF-8 text after `columns` code points.
std::string Cut(const std::string& text, size_t columns) {
  size_t seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && seen++ == columns) return text.substr(0, i);
  }
  return text;
}

std::string UntilText(const dq::v1::Wait& wait, absl::Time now) {
  if (!wait.has_until()) return "";
  return " in " + ClockDuration(ToTime(wait.until()) - now);
}

std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::string DependencyText(const Job& job) {
  const auto& names = job.spec().depends_on();
  std::string text;
  for (int i = 0; i < std::min(names.size(), kDependenciesNamed); ++i) {
    text += (i == 0 ? "" : ", ") + IdOf(names[i]);
  }
  const int others = names.size() - kDependenciesNamed;
  if (others > 0) text += " and " + std::to_string(others) + " more";
  return "waits for " + (text.empty() ? "another job" : text) + " to complete";
}

std::string Named(const std::string& name) { return name.empty() ? "" : " " + name; }

// A job that is next waits for a slot alone.
std::string AheadText(int64_t position) {
  return position == 0 ? "next in its queue, waits for a free slot"
                       : WithThousands(position) + " ahead";
}

std::string WaitText(const Job& job, absl::Time now) {
  const dq::v1::Wait& wait = job.wait();
  switch (wait.reason()) {
    case dq::v1::WAIT_REASON_NOT_BEFORE:
      return ", starts" + UntilText(wait, now);
    case dq::v1::WAIT_REASON_BACKOFF:
      return ", next attempt" + UntilText(wait, now) + " after " + job.error().reason();
    case dq::v1::WAIT_REASON_DEPENDENCY:
      return ", " + DependencyText(job);
    case dq::v1::WAIT_REASON_INPUT_UPLOADING:
      return ", its input is being uploaded";
    case dq::v1::WAIT_REASON_BEHIND_OTHERS:
      return ", " + AheadText(wait.position());
    case dq::v1::WAIT_REASON_NO_WORKER_FOR_STAGE:
      return ", no connected worker offers its stages";
    case dq::v1::WAIT_REASON_QUEUE_AT_LIMIT:
      return ", its queue" + Named(job.spec().queue()) + " runs as many jobs as it may";
    case dq::v1::WAIT_REASON_PROJECT_AT_LIMIT:
      return ", its project runs as many jobs as it may";
    case dq::v1::WAIT_REASON_CONCURRENCY_KEY_AT_LIMIT:
      return ", as many jobs with its concurrency key" + Named(job.spec().concurrency_key()) +
             " run as may";
    default:
      return "";
  }
}

// Where a job stands among those that wait, for reasons that do not say it themselves.
std::string PositionText(const Job& job) {
  const dq::v1::Wait& wait = job.wait();
  const bool is_held_up = wait.reason() >= dq::v1::WAIT_REASON_NO_WORKER_FOR_STAGE;
  return is_held_up ? ", " + WithThousands(wait.position()) + " ahead" : "";
}

std::string Bar(double percent, size_t columns) {
  const auto filled =
      static_cast<size_t>(std::lround(percent / 100 * static_cast<double>(columns)));
  return "[" + std::string(filled, '#') + std::string(columns - filled, '-') + "]";
}

std::string PercentText(double percent) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%5.1f %%", percent);
  return text.data();
}

std::string StageText(const Progress& progress) {
  if (progress.stage().empty()) return "";
  std::string text = progress.stage();
  if (progress.stage_count() > 0) {
    text +=
        " " + std::to_string(progress.stage_index()) + "/" + std::to_string(progress.stage_count());
  }
  return text;
}

std::string EtaText(const Progress& progress, absl::Time now) {
  if (!progress.has_estimated_end_time()) return "";
  return "ETA " + ClockDuration(ToTime(progress.estimated_end_time()) - now);
}

size_t JoinedColumns(const std::vector<std::string>& parts) {
  size_t columns = 0;
  for (const std::string& part : parts) {
    if (!part.empty()) columns += (columns == 0 ? 0 : 2) + CodePoints(part);
  }
  return columns;
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string line;
  for (const std::string& part : parts) {
    if (!part.empty()) line += (line.empty() ? "" : "  ") + part;
  }
  return line;
}

}  // namespace

std::string StateName(dq::v1::JobState state) {
  return WithoutPrefix(dq::v1::JobState_Name(state), "JOB_STATE_");
}

std::string StateName(dq::v1::BatchState state) {
  return WithoutPrefix(dq::v1::BatchState_Name(state), "BATCH_STATE_");
}

std::string VerdictName(dq::v1::Verdict verdict) {
  return WithoutPrefix(dq::v1::Verdict_Name(verdict), "VERDICT_");
}

std::string OutputKindName(dq::v1::OutputKind kind) {
  return WithoutPrefix(dq::v1::OutputKind_Name(kind), "OUTPUT_KIND_");
}

std::string StateLine(const Job& job, absl::Time now) {
  std::string line = StateName(job.state());
  switch (job.state()) {
    case dq::v1::JOB_STATE_PENDING:
      return line + WaitText(job, now);
    case dq::v1::JOB_STATE_QUEUED:
      return line + WaitText(job, now) + PositionText(job);
    case dq::v1::JOB_STATE_PAUSED:
      return line + ", until `dqctl job resume " + IdOf(job.name()) + "`";
    case dq::v1::JOB_STATE_PROCESSING:
      if (!job.worker().empty()) line += " on " + job.worker();
      return job.attempt() > 1 ? line + ", attempt " + std::to_string(job.attempt()) : line;
    case dq::v1::JOB_STATE_FAILED:
    case dq::v1::JOB_STATE_SKIPPED:
      return line + ": " + job.error().reason() + ": " + job.error().message();
    default:
      return line;
  }
}

std::string ProgressLine(const Job& job, int width, absl::Time now) {
  const auto room = static_cast<size_t>(std::max(width, kWidthMin));
  if (job.state() != dq::v1::JOB_STATE_PROCESSING) return Cut(StateLine(job, now), room);
  const Progress& progress = job.progress();
  const double percent = std::clamp(progress.percent(), 0.0, 100.0);
  const std::string rows =
      progress.rows_done() > 0 ? WithThousands(progress.rows_done()) + " rows" : "";
  enum { kState, kBar, kPercent, kStage, kRows, kEta };
  std::vector<std::string> parts = {StateName(job.state()),
                                    Bar(percent, kBarColumnsMin),
                                    PercentText(percent),
                                    StageText(progress),
                                    rows,
                                    EtaText(progress, now)};
  for (const int droppable : {kRows, kStage, kEta, kBar, kState}) {
    if (JoinedColumns(parts) <= room) break;
    parts[static_cast<size_t>(droppable)].clear();
  }
  if (!parts[kBar].empty()) {
    const size_t spare = room - JoinedColumns(parts);
    parts[kBar] = Bar(percent, std::min(kBarColumnsMin + spare, kBarColumnsMax));
  }
  return Joined(parts);
}

std::string ClockDuration(absl::Duration duration) {
  const int64_t seconds =
      std::max<int64_t>(0, absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1))));
  std::array<char, 32> text{};
  if (seconds >= 3600) {
    std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60,
                  seconds % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%ld:%02ld", seconds / 60, seconds % 60);
  }
  return text.data();
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", ToTime(time), absl::UTCTimeZone());
}

}  // namespace dq::dqctl
