#include "scheduler/dqctl/admin_text.h"

#include <cstdio>
#include <string>

#include "scheduler/dqctl/job_text.h"

namespace dq::dqctl {
namespace {

using google::protobuf::Duration;

absl::Duration ToDuration(const Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

// "0.125 s" up to a minute, then a clock.
std::string LengthText(const Duration& duration) {
  const absl::Duration length = ToDuration(duration);
  if (length >= absl::Minutes(1)) return ClockDuration(length);
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f s", absl::ToDoubleSeconds(length));
  return text;
}

std::string AgeText(bool is_set, const Duration& duration) {
  return is_set ? ClockDuration(ToDuration(duration)) : "";
}

std::string RateText(double rate) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", rate);
  return text;
}

std::string SummaryText(const dq::v1::DurationSummary& summary) {
  if (summary.count() == 0) return "";
  return LengthText(summary.median()) + " / " + LengthText(summary.p95()) + " / " +
         LengthText(summary.longest());
}

// "NO_PROGRESS" of "STUCK_DIAGNOSIS_NO_PROGRESS".
std::string WithoutPrefix(const std::string& name, const std::string& prefix) {
  return name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name;
}

}  // namespace

Table StatsDetails(const dq::v1::GetStatsResponse& stats) {
  Table table({{""}, {"", Align::kRight}});
  for (int i = 1; i < dq::v1::JobState_ARRAYSIZE; ++i) {
    const std::string state = StateName(static_cast<dq::v1::JobState>(i));
    const auto found = stats.jobs_by_state().find(state);
    const int64_t count = found == stats.jobs_by_state().end() ? 0 : found->second;
    table.AddRow({"jobs " + state, WithThousands(count)});
  }
  table.AddRow({"workers", WithThousands(stats.workers())});
  table.AddRow({"slots", WithThousands(stats.slots())});
  table.AddRow({"slots busy", WithThousands(stats.slots_busy())});
  if (stats.has_oldest_queued_age()) {
    table.AddRow(
        {"oldest queued", ClockDuration(absl::Seconds(stats.oldest_queued_age().seconds()))});
  }
  table.AddRow({"epoch", std::to_string(stats.epoch())});
  table.AddRow({"instance", stats.instance()});
  table.AddRow({"version", stats.version()});
  return table;
}

Table StatsWindowsTable(const dq::v1::GetStatsResponse& stats) {
  Table table({{"LAST", Align::kRight},
               {"CREATED/S", Align::kRight},
               {"STARTED/S", Align::kRight},
               {"ENDED/S", Align::kRight},
               {"COMPLETED", Align::kRight},
               {"FAILED", Align::kRight},
               {"CANCELLED", Align::kRight},
               {"SKIPPED", Align::kRight},
               {"FAILED ATTEMPTS", Align::kRight},
               {"WAIT (MEDIAN / 95 % / LONGEST)"},
               {"RUN (MEDIAN / 95 % / LONGEST)"}});
  for (const dq::v1::StatsWindow& window : stats.windows()) {
    table.AddRow({ClockDuration(ToDuration(window.length())), RateText(window.created_per_second()),
                  RateText(window.started_per_second()), RateText(window.ended_per_second()),
                  WithThousands(window.completed()), WithThousands(window.failed()),
                  WithThousands(window.cancelled()), WithThousands(window.skipped()),
                  WithThousands(window.attempts_failed()), SummaryText(window.wait()),
                  SummaryText(window.run())});
  }
  return table;
}

Table ConcurrencyTable(std::span<const dq::v1::Concurrency> entries) {
  Table table({{"KIND"},
               {"NAME"},
               {"KEY"},
               {"RUNNING", Align::kRight},
               {"MAX", Align::kRight},
               {"WAITING", Align::kRight},
               {"UNFINISHED", Align::kRight}});
  for (const dq::v1::Concurrency& entry : entries) {
    const std::string limit = entry.running_max() == 0 ? "-" : WithThousands(entry.running_max());
    table.AddRow({WithoutPrefix(dq::v1::ConcurrencyKind_Name(entry.kind()), "CONCURRENCY_KIND_"),
                  entry.name(), entry.key(), WithThousands(entry.running()), limit,
                  WithThousands(entry.waiting()), WithThousands(entry.live())});
  }
  return table;
}

Table StuckJobsTable(std::span<const dq::v1::StuckJob> jobs) {
  Table table({{"JOB"},
               {"STATE"},
               {"DIAGNOSIS"},
               {"NO PROGRESS", Align::kRight},
               {"WAITS", Align::kRight},
               {"WORKER"},
               {"LAST ERROR"},
               {"WHY"},
               {"WHAT TO DO"}});
  for (const dq::v1::StuckJob& job : jobs) {
    table.AddRow({job.job(), StateName(job.state()),
                  WithoutPrefix(dq::v1::StuckDiagnosis_Name(job.diagnosis()), "STUCK_DIAGNOSIS_"),
                  AgeText(job.has_no_progress_for(), job.no_progress_for()),
                  AgeText(job.has_waiting_for(), job.waiting_for()), job.worker(),
                  job.last_error().reason(), job.explanation(), job.suggestion()});
  }
  return table;
}

Table RefusalsTable(std::span<const dq::v1::JobRefusal> refusals) {
  Table table({{"JOB"}, {"REFUSED"}, {"WHY"}});
  for (const dq::v1::JobRefusal& refusal : refusals) {
    table.AddRow({refusal.job(), refusal.error().reason(), refusal.error().message()});
  }
  return table;
}

}  // namespace dq::dqctl
