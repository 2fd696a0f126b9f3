#include "scheduler/dqctl/clean_paths.h"

#include <filesystem>

#include "common/base/earlier_file.h"
#include "common/base/error.h"
#include "common/base/same_file.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/new_file.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/report_head.h"

namespace dq::dqctl {
namespace {

// Returns the header of a details file, see OutputKind; "" for what always has content.
std::string HeaderOf(dq::v1::OutputKind kind) {
  switch (kind) {
    case dq::v1::OUTPUT_KIND_CHANGES:
      return "row,column,before,after,method,confidence\n";
    case dq::v1::OUTPUT_KIND_CLUSTERS:
      return "row,cluster_id,kept,confidence\n";
    case dq::v1::OUTPUT_KIND_REJECTS:
      return "row,byte,reason,content\n";
    default:
      return "";
  }
}

bool HasRejects(const dq::v1::Report& report) {
  const dq::v1::Dialect& dialect = report.dialect();
  return report.rows_rejected() > 0 || dialect.preamble_lines() > 0 || dialect.comment_lines() > 0;
}

std::string UnaskedRejectsPath(const CleanCommand& command) {
  return CleanedPath(command) + ".rejects.csv";
}

}  // namespace

std::string CleanedPath(const CleanCommand& command) {
  if (!command.output.empty()) return command.output;
  const std::filesystem::path input(command.file);
  std::filesystem::path name = input.filename();
  std::string packing;
  if (name.extension() == ".gz" || name.extension() == ".zst") {
    packing = name.extension().string();
    name = name.stem();
  }
  return (input.parent_path() /
          (name.stem().string() + ".cleaned" + name.extension().string() + packing))
      .string();
}

std::vector<std::pair<dq::v1::OutputKind, std::string>> WantedOutputs(
    const CleanCommand& command, const dq::v1::Report& report) {
  std::vector<std::pair<dq::v1::OutputKind, std::string>> wanted;
  const auto add = [&wanted](dq::v1::OutputKind kind, const std::string& path) {
    if (!path.empty()) wanted.emplace_back(kind, path);
  };
  add(dq::v1::OUTPUT_KIND_REPORT, command.report);
  add(dq::v1::OUTPUT_KIND_CHANGES, command.changes);
  add(dq::v1::OUTPUT_KIND_CLUSTERS, command.clusters);
  add(dq::v1::OUTPUT_KIND_PROFILE, command.profile);
  add(dq::v1::OUTPUT_KIND_INTERMEDIATE, command.intermediate);
  const bool unasked = command.rejects.empty() && HasRejects(report);
  add(dq::v1::OUTPUT_KIND_REJECTS, unasked ? UnaskedRejectsPath(command) : command.rejects);
  add(dq::v1::OUTPUT_KIND_CLEANED, CleanedPath(command));
  return wanted;
}

absl::Status CheckOutputs(const CleanCommand& command) {
  for (const std::string* const path :
       {&command.file, &command.output, &command.report, &command.changes, &command.clusters,
        &command.rejects, &command.profile, &command.intermediate}) {
    if (*path != "-") continue;
    return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                     "clean reads and writes files only: - is not one; write ./- if you mean it");
  }
  std::vector<std::string> taken = {command.file};
  if (!command.chain.reference.empty()) taken.push_back(command.chain.reference);
  dq::v1::Report with_rejects;
  with_rejects.set_rows_rejected(1);
  for (const auto& [kind, path] : WantedOutputs(command, with_rejects)) {
    for (const std::string& other : taken) {
      if (SameFile(path, other)) {
        return MakeError(absl::StatusCode::kInvalidArgument, "USAGE",
                         "the output " + path + " would replace another file of this command");
      }
    }
    taken.push_back(path);
    // A detached run writes nothing here.
    const bool is_asked = kind != dq::v1::OUTPUT_KIND_REJECTS || !command.rejects.empty();
    if (is_asked && !command.detach) DQ_RETURN_IF_ERROR(NewFile::Create(path).status());
  }
  return absl::OkStatus();
}

void RemoveStaleRejects(const CleanCommand& command, const dq::v1::Report& report) {
  if (!command.rejects.empty() || HasRejects(report)) return;
  RemoveEarlierFile(UnaskedRejectsPath(command), HeaderOf(dq::v1::OUTPUT_KIND_REJECTS));
}

absl::Status WriteOutputWithoutRows(dq::v1::OutputKind kind, const std::string& path) {
  const std::string header = HeaderOf(kind);
  if (header.empty()) {
    return MakeError(absl::StatusCode::kNotFound, "OUTPUT_MISSING",
                     "the job produced nothing for " + path);
  }
  DQ_ASSIGN_OR_RETURN(NewFile file, NewFile::Create(path));
  DQ_RETURN_IF_ERROR(file.Append(header));
  return file.Commit("");
}

void PrintCleaned(const CleanCommand& command, const dq::v1::Report& report,
                  dq::v1::Verdict verdict, const Console& console) {
  if (command.format != OutputFormat::kTable) {
    console.out << ToJson(report, command.format) << "\n";
  } else {
    console.out << "COMPLETED\n\n";
    PrintReportHead(console.out, report, verdict);
    console.out << "\n";
    for (const auto& [kind, path] : WantedOutputs(command, report)) {
      console.out << "wrote " << path << "\n";
    }
  }
  console.out.flush();
}

}  // namespace dq::dqctl
