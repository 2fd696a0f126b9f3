#include "scheduler/dqctl/record.h"

#include <array>
#include <cstdio>
#include <utility>

#include "google/protobuf/util/json_util.h"
#include "scheduler/dqctl/job_text.h"

namespace dq::dqctl {
namespace {

std::string Fixed1(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

// Returns the last part of a resource name, which is what people type.
std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::string LimitText(int32_t limit) { return limit == 0 ? "none" : WithThousands(limit); }

std::string ScoreText(const dq::v1::Job& job) {
  return job.has_quality_score() ? Fixed1(job.quality_score()) : "";
}

// A job that completed between two reports has no progress of its own.
double PercentOf(const dq::v1::Job& job) {
  return job.state() == dq::v1::JOB_STATE_COMPLETED ? 100 : job.progress().percent();
}

template <typename Strings>
std::string Commas(const Strings& strings) {
  std::string joined;
  for (const auto& text : strings) joined += (joined.empty() ? "" : ",") + text;
  return joined;
}

std::string StageNames(const dq::v1::JobSpec& spec) {
  std::string names;
  for (const dq::v1::Stage& stage : spec.stages()) {
    const auto* field = dq::v1::Stage::descriptor()->FindFieldByNumber(stage.kind_case());
    names += (names.empty() ? "" : ",") + (field == nullptr ? std::string("?") : field->name());
  }
  return names;
}

// Where the next attempt goes on.
// A scheduler before this field says only whether it drains.
std::string WorkerStateName(const dq::v1::Worker& worker) {
  return worker.draining() ? "DRAINING" : "READY";
}

std::string CheckpointText(const dq::v1::Job& job) {
  if (!job.has_checkpoint()) return "";
  const dq::v1::JobCheckpoint& checkpoint = job.checkpoint();
  return Fixed1(checkpoint.percent()) + " %, in " + checkpoint.stage() + ", attempt " +
         std::to_string(checkpoint.attempt());
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message, OutputFormat format) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = format == OutputFormat::kJson;
  std::string json;
  // Fails only for invalid UTF-8, which protobuf refuses to receive.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  while (!json.empty() && json.back() == '\n') json.pop_back();
  return json;
}

void PrintRecord(const Console& console, OutputFormat format,
                 const google::protobuf::Message& record, const Table& table) {
  if (format == OutputFormat::kTable) {
    table.Print(console.out);
  } else {
    console.out << ToJson(record, format) << "\n";
  }
  console.out.flush();
}

void PrintAll(const Console& console, OutputFormat format,
              std::span<const google::protobuf::Message* const> records, const Table& table) {
  switch (format) {
    case OutputFormat::kTable:
      table.Print(console.out);
      break;
    case OutputFormat::kNdjson:
      for (const auto* record : records) console.out << ToJson(*record, format) << "\n";
      break;
    case OutputFormat::kJson:
      console.out << "[";
      for (size_t i = 0; i < records.size(); ++i) {
        console.out << (i == 0 ? "\n" : ",\n") << ToJson(*records[i], format);
      }
      console.out << (records.empty() ? "]\n" : "\n]\n");
      break;
  }
  console.out.flush();
}

Table JobsTable(std::span<const dq::v1::Job> jobs) {
  Table table({{"JOB"},
               {"STATE"},
               {"VERDICT"},
               {"SCORE", Align::kRight},
               {"PERCENT", Align::kRight},
               {"ATTEMPT", Align::kRight},
               {"CREATED (UTC)"},
               {"STAGES"},
               {"NAME"}});
  for (const dq::v1::Job& job : jobs) {
    table.AddRow({IdOf(job.name()), StateName(job.state()), VerdictName(job.verdict()),
                  ScoreText(job), Fixed1(PercentOf(job)), std::to_string(job.attempt()),
                  TimeText(job.create_time()), StageNames(job.spec()), job.display_name()});
  }
  return table;
}

Table EventsTable(std::span<const dq::v1::JobEvent> events) {
  Table table({{"#", Align::kRight},
               {"TIME (UTC)"},
               {"EVENT"},
               {"FROM"},
               {"TO"},
               {"ATTEMPT", Align::kRight},
               {"WORKER"},
               {"ACTOR"},
               {"REASON"},
               {"MESSAGE"}});
  for (const dq::v1::JobEvent& event : events) {
    table.AddRow({std::to_string(event.sequence()), TimeText(event.time()), event.event(),
                  StateName(event.from_state()), StateName(event.to_state()),
                  std::to_string(event.attempt()), event.worker(), event.actor(), event.reason(),
                  event.message()});
  }
  return table;
}

Table FilesTable(std::span<const dq::v1::File> files) {
  Table table({{"FILE"}, {"SIZE", Align::kRight}, {"CREATED (UTC)"}, {"PRODUCED BY"}, {"NAME"}});
  for (const dq::v1::File& file : files) {
    table.AddRow({IdOf(file.name()), HumanBytes(file.size_bytes()), TimeText(file.create_time()),
                  IdOf(file.produced_by()), file.display_name()});
  }
  return table;
}

std::string ReferenceStateName(dq::v1::ReferenceState state) {
  constexpr std::string_view kPrefix = "REFERENCE_STATE_";
  return dq::v1::ReferenceState_Name(state).substr(kPrefix.size());
}

Table ReferencesTable(std::span<const dq::v1::Reference> references) {
  Table table({{"REFERENCE"},
               {"STAGE"},
               {"ACTIVE"},
               {"VERSION", Align::kRight},
               {"STATE"},
               {"KEY"},
               {"FILE"},
               {"CREATED (UTC)"},
               {"NAME"}});
  for (const dq::v1::Reference& reference : references) {
    table.AddRow({IdOf(reference.name()), reference.stage(), reference.active() ? "yes" : "",
                  std::to_string(reference.version()), ReferenceStateName(reference.state()),
                  Commas(reference.key_columns()), IdOf(reference.file()),
                  TimeText(reference.create_time()), reference.display_name()});
  }
  return table;
}

Table ReferenceDetails(const dq::v1::Reference& reference) {
  Table table({{""}, {""}});
  table.AddRow({"reference", reference.name()});
  if (!reference.display_name().empty()) table.AddRow({"name", reference.display_name()});
  table.AddRow({"stage", reference.stage()});
  table.AddRow({"active", reference.active() ? "yes" : "no"});
  table.AddRow({"current version", std::to_string(reference.version())});
  for (const dq::v1::ReferenceVersion& version : reference.versions()) {
    table.AddRow({"version " + std::to_string(version.version()),
                  ReferenceStateName(version.state()) + "  " + version.file() + "  " +
                      TimeText(version.create_time())});
    if (version.key_columns_size() > 0) table.AddRow({"  key", Commas(version.key_columns())});
    if (version.has_error()) {
      table.AddRow({"  " + version.error().reason(), version.error().message()});
    }
    if (!version.validation_job().empty()) {
      table.AddRow({"  validated by", version.validation_job()});
    }
  }
  return table;
}

Table QueuesTable(std::span<const dq::v1::Queue> queues) {
  Table table({{"QUEUE"}, {"RUNNING"}, {"MAX"}, {"UNFINISHED"}, {"MAX"}});
  for (const dq::v1::Queue& queue : queues) {
    table.AddRow({IdOf(queue.name()), WithThousands(queue.running()),
                  LimitText(queue.running_max()), WithThousands(queue.live()),
                  LimitText(queue.live_max())});
  }
  return table;
}

Table ProjectsTable(std::span<const dq::v1::Project> projects) {
  Table table({{"PROJECT"}, {"WEIGHT"}, {"RUNNING"}, {"MAX"}, {"UNFINISHED"}, {"MAX"}});
  for (const dq::v1::Project& project : projects) {
    table.AddRow({IdOf(project.name()), std::to_string(project.weight()),
                  WithThousands(project.running()), LimitText(project.running_max()),
                  WithThousands(project.live()), LimitText(project.live_max())});
  }
  return table;
}

Table WorkersTable(std::span<const dq::v1::Worker> workers, absl::Time now) {
  Table table({{"WORKER"},
               {"BUSY", Align::kRight},
               {"SLOTS", Align::kRight},
               {"STATE"},
               {"REPORTED", Align::kRight},
               {"STAGES"},
               {"VERSION"},
               {"WHY DRAINED"}});
  for (const dq::v1::Worker& worker : workers) {
    const std::string reported =
        worker.has_last_report_time()
            ? ClockDuration(now - ToTime(worker.last_report_time())) + " ago"
            : "";
    table.AddRow({IdOf(worker.name()), std::to_string(worker.slots_busy()),
                  std::to_string(worker.slots()), WorkerStateName(worker), reported,
                  Commas(worker.stages()), worker.version(), worker.drain().reason()});
  }
  return table;
}

namespace {

std::string ReferenceText(const dq::v1::JobSpec& spec) {
  if (spec.reference_version() == 0) return spec.reference();
  return spec.reference() + ", version " + std::to_string(spec.reference_version());
}

}  // namespace

Table JobDetails(const dq::v1::Job& job, absl::Time now) {
  Table table({{""}, {""}});
  const auto add = [&table](const char* title, const std::string& value) {
    if (!value.empty()) table.AddRow({title, value});
  };
  add("job", job.name());
  add("name", job.display_name());
  add("state", StateLine(job, now));
  add("verdict", VerdictName(job.verdict()));
  add("score", ScoreText(job));
  add("progress", Fixed1(PercentOf(job)) + " %");
  add("step", job.progress().current_step());
  add("stages", StageNames(job.spec()));
  add("input", job.spec().input_file());
  add("reference", ReferenceText(job.spec()));
  add("result of", job.cached_from());
  add("batch", IdOf(job.batch()));
  add("queue", job.spec().queue());
  add("priority", std::to_string(job.spec().priority()));
  add("attempt", std::to_string(job.attempt()));
  add("checkpoint", CheckpointText(job));
  add("failed attempts", std::to_string(job.charges()));
  add("last error", job.error().reason());
  add("", job.error().message());
  add("worker", job.worker());
  add("created", TimeText(job.create_time()));
  add("started", TimeText(job.start_time()));
  add("ended", TimeText(job.end_time()));
  for (const dq::v1::OutputFile& file : job.output_files()) {
    add("output",
        OutputKindName(file.kind()) + "  " + file.file() + "  " + HumanBytes(file.size_bytes()));
  }
  return table;
}

}  // namespace dq::dqctl
