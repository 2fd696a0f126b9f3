#include "scheduler/dqctl/batch_text.h"

#include <cmath>
#include <utility>

#include "scheduler/dqctl/job_text.h"

namespace dq::dqctl {
namespace {

std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

std::string DoneText(const dq::v1::Batch& batch) {
  return WithThousands(batch.counts().completed()) + " / " + WithThousands(batch.counts().total());
}

std::string LeftText(const dq::v1::Batch& batch) {
  if (!batch.has_estimated_time_remaining()) return "";
  return ClockDuration(absl::Seconds(batch.estimated_time_remaining().seconds()));
}

// How many operations there are in the other states than COMPLETED, those without one left out.
std::string OthersText(const dq::v1::BatchCounts& counts) {
  const std::pair<const char*, int64_t> others[] = {
      {"failed", counts.failed()},         {"skipped", counts.skipped()},
      {"cancelled", counts.cancelled()},   {"processing", counts.processing()},
      {"pausing", counts.pausing()},       {"paused", counts.paused()},
      {"cancelling", counts.cancelling()}, {"queued", counts.queued()},
      {"pending", counts.pending()},
  };
  std::string text;
  for (const auto& [name, count] : others) {
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + WithThousands(count) + " " + name;
  }
  return text;
}

// Where its operations come from; empty: they were listed.
std::string SourceText(const dq::v1::Batch& batch) {
  if (batch.has_generator()) return WithThousands(batch.generator().count()) + " generated";
  if (!batch.has_directory()) return "";
  const dq::v1::BatchDirectory& directory = batch.directory();
  const std::string glob = directory.glob().empty() ? "*" : directory.glob();
  return directory.prefix() + "/" + (directory.recursive() ? "…/" : "") + glob;
}

// How far that has become operations; empty: wholly.
std::string ExpansionText(const dq::v1::Batch& batch) {
  const dq::v1::BatchExpansion& expansion = batch.expansion();
  const std::string recorded = WithThousands(expansion.recorded());
  if (expansion.state() == dq::v1::BATCH_EXPANSION_STATE_HALTED) {
    return "halted after " + recorded + ": " + expansion.error().reason();
  }
  if (expansion.state() != dq::v1::BATCH_EXPANSION_STATE_EXPANDING) return "";
  return "expanding, " + recorded + " of " + WithThousands(expansion.found()) + " recorded";
}

void PrintOperations(const Console& console, const std::string& title,
                     std::span<const dq::v1::Job> jobs) {
  if (jobs.empty()) return;
  console.err << title << "\n";
  for (const dq::v1::Job& job : jobs) {
    console.err << "  " << IdOf(job.name()) << "  " << job.display_name();
    if (!job.error().reason().empty()) {
      console.err << "  " << job.error().reason() << ": " << job.error().message();
    }
    console.err << "\n";
  }
}

}  // namespace

void PrintFailedOperations(const Console& console, const dq::v1::Batch& batch,
                           std::span<const dq::v1::Job> failed,
                           std::span<const dq::v1::Job> below) {
  PrintOperations(console, "failed:", failed);
  if (batch.counts().failed() > static_cast<int64_t>(failed.size())) {
    console.err << "  and more: dqctl job list --filter 'batch = \"" << IdOf(batch.name())
                << "\" AND state = \"FAILED\"'\n";
  }
  PrintOperations(console, "below the gate:", below);
}

std::string BatchLine(const dq::v1::Batch& batch) {
  std::string line = StateName(batch.state()) + ", " + DoneText(batch) + " completed";
  if (batch.counts().failed() > 0) {
    line += ", " + WithThousands(batch.counts().failed()) + " failed";
  }
  if (batch.counts().skipped() > 0) {
    line += ", " + WithThousands(batch.counts().skipped()) + " skipped";
  }
  if (const std::string text = ExpansionText(batch); !text.empty()) line += ", " + text;
  if (!batch.current_operation().empty()) line += ", " + IdOf(batch.current_operation()) + " runs";
  if (const std::string left = LeftText(batch); !left.empty()) line += ", " + left + " left";
  return line;
}

Table BatchesTable(std::span<const dq::v1::Batch> batches) {
  Table table({{"BATCH"},
               {"STATE"},
               {"COMPLETED", Align::kRight},
               {"FAILED", Align::kRight},
               {"PERCENT", Align::kRight},
               {"CREATED (UTC)"},
               {"NAME"}});
  for (const dq::v1::Batch& batch : batches) {
    table.AddRow({IdOf(batch.name()), StateName(batch.state()), DoneText(batch),
                  WithThousands(batch.counts().failed()),
                  std::to_string(std::lround(batch.percent_complete())),
                  TimeText(batch.create_time()), batch.display_name()});
  }
  return table;
}

Table BatchDetails(const dq::v1::Batch& batch) {
  Table table({{""}, {""}});
  const auto add = [&table](const char* title, const std::string& value) {
    if (!value.empty()) table.AddRow({title, value});
  };
  add("batch", batch.name());
  add("name", batch.display_name());
  add("state", StateName(batch.state()));
  add("completed", DoneText(batch));
  add("others", OthersText(batch.counts()));
  add("progress", std::to_string(std::lround(batch.percent_complete())) + " %");
  add("runs", IdOf(batch.current_operation()));
  add("left", LeftText(batch));
  add("source", SourceText(batch));
  add("expansion", ExpansionText(batch));
  add("halted", batch.expansion().error().message());
  add("mode", batch.mode() == dq::v1::BATCH_MODE_SEQUENTIAL ? "sequential" : "parallel");
  add("at a time", batch.max_parallel() > 0 ? WithThousands(batch.max_parallel()) : "");
  add("on errors", batch.stop_on_error() ? "stops" : "goes on");
  add("retries", batch.retries() > 0 ? std::to_string(batch.retries()) : "");
  for (const dq::v1::OperationRefusal& refusal : batch.refusals()) {
    add("refused", std::to_string(refusal.operation_index()) + ": " + refusal.message());
  }
  add("created", TimeText(batch.create_time()));
  add("ended", TimeText(batch.end_time()));
  return table;
}

}  // namespace dq::dqctl
