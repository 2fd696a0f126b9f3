#include "scheduler/dqctl/report_options.h"

#include <string>

#include "scheduler/dqctl/option_parts.h"

namespace dq::dqctl {
namespace {

constexpr char kJobHelp[] = "The job, or its report: an id or a resource name";

template <typename C>
void AddDetails(CLI::App& group, CommandLine& line, const std::string& name,
                const std::string& description) {
  const auto [app, command] = AddCommand<C>(
      group, line, name, description,
      "  dqctl report " + name + " j-0123\n  dqctl report " + name + " j-0123 -o ndjson\n");
  app->add_option("JOB", command->name, kJobHelp)->required();
  if constexpr (requires { command->column; }) {
    app->add_option("--column", command->column, "Only of this column");
  }
  AddLimit(*app, command->limit);
  AddFormat(*app, command->format);
}

}  // namespace

void AddReport(CLI::App& parent, CommandLine& line) {
  CLI::App* group = AddGroup(parent, "report", "Read quality reports and the details behind them",
                             "  dqctl report show j-0123\n"
                             "  dqctl report show j-0123 --html report.html\n"
                             "  dqctl report changes j-0123 --column city\n");
  const auto [show, shown] = AddCommand<ReportShowCommand>(
      *group, line, "show", "Print a report's head, or make a page of all of it",
      "  dqctl report show j-0123\n"
      "  dqctl report show j-0123 --html report.html\n"
      "  dqctl report show ./report.json --html report.html   # of a local run\n"
      "  dqctl report show j-0123 -o json\n");
  show->add_option("JOB", shown->name,
                   std::string(kJobHelp) + ", or a report's JSON file (with a dot or a slash)")
      ->required();
  show->add_option("--html", shown->html, "Write one self-contained page here");
  AddFormat(*show, shown->format);
  AddDetails<ReportFindingsCommand>(*group, line, "findings",
                                    "List what is wrong or worth knowing, the gravest first");
  AddDetails<ReportClustersCommand>(*group, line, "clusters", "List the clusters of duplicates");
  AddDetails<ReportChangesCommand>(*group, line, "changes", "List the cells that were changed");
  AddDetails<ReportColumnsCommand>(*group, line, "columns",
                                   "List what was found about every column");
}

}  // namespace dq::dqctl
