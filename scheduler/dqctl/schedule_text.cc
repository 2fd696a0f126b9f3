#include "scheduler/dqctl/schedule_text.h"

#include "absl/strings/str_replace.h"
#include "scheduler/dqctl/job_text.h"

namespace dq::dqctl {
namespace {

std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// Returns what is left of an enum's name, in lower case words.
std::string Words(const std::string& name, const std::string& prefix) {
  std::string text = name.substr(prefix.size());
  for (char& c : text) c = c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  return text;
}

std::string OverlapText(dq::v1::OverlapPolicy policy) {
  return Words(dq::v1::OverlapPolicy_Name(policy), "OVERLAP_POLICY_");
}

std::string StateText(dq::v1::ScheduleRunState state) {
  return absl::StrReplaceAll(dq::v1::ScheduleRunState_Name(state), {{"SCHEDULE_RUN_STATE_", ""}});
}

std::string TargetOf(const dq::v1::ScheduleRun& run) {
  return IdOf(run.has_batch() ? run.batch() : run.job());
}

std::string NextText(const dq::v1::Schedule& schedule) {
  if (schedule.paused()) return "paused";
  return schedule.next_fire_times().empty() ? "" : TimeText(schedule.next_fire_times(0));
}

std::string TemplateText(const dq::v1::Schedule& schedule) {
  if (!schedule.has_batch()) return "a job";
  return "a batch of " + WithThousands(schedule.batch().operations_size());
}

// Returns "2026-11-22 02:30:00 COMPLETED nightly-20261122t0230".
std::string RunText(const dq::v1::ScheduleRun& run) {
  std::string text = TimeText(run.fire_time()) + " " + StateText(run.state());
  if (!TargetOf(run).empty()) text += " " + TargetOf(run);
  if (run.triggered()) text += ", triggered";
  if (!run.error_reason().empty()) text += " " + run.error_reason() + ": " + run.error_message();
  return text;
}

}  // namespace

Table SchedulesTable(std::span<const dq::v1::Schedule> schedules) {
  Table table({{"SCHEDULE"},
               {"CRON"},
               {"TIME ZONE"},
               {"NEXT (UTC)"},
               {"RUNS", Align::kRight},
               {"SKIPPED", Align::kRight},
               {"MISSED", Align::kRight},
               {"NAME"}});
  for (const dq::v1::Schedule& schedule : schedules) {
    table.AddRow({IdOf(schedule.name()), schedule.cron(), schedule.time_zone(), NextText(schedule),
                  WithThousands(schedule.runs()), WithThousands(schedule.skipped()),
                  WithThousands(schedule.missed()), schedule.display_name()});
  }
  return table;
}

Table ScheduleDetails(const dq::v1::Schedule& schedule) {
  Table table({{""}, {""}});
  const auto add = [&table](const char* title, const std::string& value) {
    if (!value.empty()) table.AddRow({title, value});
  };
  add("schedule", schedule.name());
  add("name", schedule.display_name());
  add("cron", schedule.cron());
  add("time zone", schedule.time_zone());
  add("makes", TemplateText(schedule));
  add("overlap", OverlapText(schedule.overlap_policy()));
  add("catch up", ClockDuration(absl::Seconds(schedule.catch_up_window().seconds())));
  add("paused", schedule.paused() ? "yes" : "");
  for (const auto& time : schedule.next_fire_times()) add("next (UTC)", TimeText(time));
  add("runs", WithThousands(schedule.runs()));
  add("skipped", WithThousands(schedule.skipped()));
  add("missed", WithThousands(schedule.missed()));
  for (const dq::v1::ScheduleRun& run : schedule.recent_runs()) {
    add(("run " + std::to_string(run.number())).c_str(), RunText(run));
  }
  add("created", TimeText(schedule.create_time()));
  add("changed", TimeText(schedule.update_time()));
  return table;
}

Table RunDetails(const dq::v1::ScheduleRun& run) {
  Table table({{""}, {""}});
  table.AddRow({"run " + std::to_string(run.number()), RunText(run)});
  return table;
}

}  // namespace dq::dqctl
