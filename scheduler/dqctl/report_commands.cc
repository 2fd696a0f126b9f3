#include <filesystem>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/new_file.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/report_file.h"
#include "scheduler/dqctl/report_head.h"
#include "scheduler/dqctl/report_page.h"
#include "scheduler/dqctl/report_tables.h"
#include "scheduler/dqctl/run.h"

namespace dq::dqctl {
namespace {

using dq::v1::Change;
using dq::v1::ColumnReport;
using dq::v1::DuplicateCluster;
using dq::v1::Finding;
using dq::v1::Report;

// How much of the details a page shows.
constexpr int kPageFindingsMax = 200;
constexpr int kPageClustersMax = 50;
constexpr int kPageChangesMax = 200;
constexpr int kColumnsMax = 10'000;  // A table has no more.

// "projects/p/jobs/j" and "jobs/j" mean the job's report: it has the job's id.
std::string ReportName(const Session& session, std::string text) {
  const size_t jobs = text.find("jobs/");
  if (jobs != std::string::npos) text.replace(jobs, 5, "reports/");
  return ResourceName(session.connection.project, "reports", text);
}

std::string JobOf(std::string report) {
  return report.replace(report.find("/reports/"), 9, "/jobs/");
}

bool IsFile(const std::string& text) {
  if (text.rfind("projects/", 0) == 0 || text.rfind("jobs/", 0) == 0 ||
      text.rfind("reports/", 0) == 0) {
    return false;
  }
  return text.find_first_of("./") != std::string::npos;
}

absl::StatusOr<std::vector<Finding>> FetchFindings(Client& client, const std::string& report,
                                                   int limit) {
  dq::v1::ListFindingsRequest request;
  request.set_parent(report);
  return ListUpTo<Finding>(
      limit, request, [&](const auto& page) { return client.ListFindings(page); },
      [](const auto& response) { return response.findings(); });
}

absl::StatusOr<std::vector<DuplicateCluster>> FetchClusters(Client& client,
                                                            const std::string& report, int limit) {
  dq::v1::ListDuplicateClustersRequest request;
  request.set_parent(report);
  return ListUpTo<DuplicateCluster>(
      limit, request, [&](const auto& page) { return client.ListDuplicateClusters(page); },
      [](const auto& response) { return response.clusters(); });
}

absl::StatusOr<std::vector<Change>> FetchChanges(Client& client, const std::string& report,
                                                 const std::string& column, int limit) {
  dq::v1::ListChangesRequest request;
  request.set_parent(report);
  request.set_column(column);
  return ListUpTo<Change>(
      limit, request, [&](const auto& page) { return client.ListChanges(page); },
      [](const auto& response) { return response.changes(); });
}

absl::StatusOr<std::vector<ColumnReport>> FetchColumns(Client& client, const std::string& report,
                                                       int limit) {
  dq::v1::ListColumnReportsRequest request;
  request.set_parent(report);
  return ListUpTo<ColumnReport>(
      limit, request, [&](const auto& page) { return client.ListColumnReports(page); },
      [](const auto& response) { return response.column_reports(); });
}

// Shows all columns in the place of those that the report has room for. One of an older worker has
// no others, and an older scheduler does not know.
absl::Status AddColumns(Client& client, const std::string& name, Report& report) {
  const absl::StatusOr<std::vector<ColumnReport>> columns = FetchColumns(client, name, kColumnsMax);
  if (absl::IsUnimplemented(columns.status())) return absl::OkStatus();
  DQ_RETURN_IF_ERROR(columns.status());
  if (columns->empty()) return absl::OkStatus();
  report.mutable_columns()->Assign(columns->begin(), columns->end());
  return absl::OkStatus();
}

// Cuts what was fetched with a limit of one more than `max`; returns whether there was more.
template <typename Record>
bool CutTo(int max, std::vector<Record>& records) {
  if (records.size() <= static_cast<size_t>(max)) return false;
  records.resize(static_cast<size_t>(max));
  return true;
}

absl::Status AddDetails(Client& client, const std::string& name, ReportPage& page) {
  DQ_RETURN_IF_ERROR(AddColumns(client, name, page.report));
  DQ_ASSIGN_OR_RETURN(page.findings, FetchFindings(client, name, kPageFindingsMax + 1));
  page.findings_more = CutTo(kPageFindingsMax, page.findings);
  DQ_ASSIGN_OR_RETURN(page.changes, FetchChanges(client, name, "", kPageChangesMax + 1));
  page.changes_more = CutTo(kPageChangesMax, page.changes);
  auto clusters = FetchClusters(client, name, kPageClustersMax + 1);
  // A page without them is better than none.
  if (ReasonOf(clusters.status()) == "DETAILS_TOO_LARGE") return absl::OkStatus();
  DQ_RETURN_IF_ERROR(clusters.status());
  page.clusters = *std::move(clusters);
  page.clusters_more = CutTo(kPageClustersMax, page.clusters);
  return absl::OkStatus();
}

// Fills in what is known of the job; one that is deleted leaves its report.
absl::Status AddJob(Client& client, const std::string& name, ReportPage& page) {
  const auto job = client.GetJob(JobOf(name));
  if (absl::IsNotFound(job.status())) return absl::OkStatus();
  DQ_RETURN_IF_ERROR(job.status());
  page.verdict = job->verdict();
  page.about = job->name();
  if (!job->display_name().empty()) page.title = job->display_name();
  return absl::OkStatus();
}

absl::Status WritePage(const std::string& path, const ReportPage& page) {
  DQ_ASSIGN_OR_RETURN(NewFile file, NewFile::Create(path));
  DQ_RETURN_IF_ERROR(file.Append(RenderReportPage(page)));
  return file.Commit("");
}

absl::StatusOr<ExitCode> Show(const ReportShowCommand& command, const ReportPage& page,
                              const Session& session) {
  if (!command.html.empty()) {
    DQ_RETURN_IF_ERROR(WritePage(command.html, page));
    session.console.err << "wrote " << command.html << "\n";
    return ExitCode::kOk;
  }
  if (command.format == OutputFormat::kTable) {
    PrintReportHead(session.console.out, page.report, page.verdict);
  } else {
    session.console.out << ToJson(page.report, command.format) << "\n";
  }
  return ExitCode::kOk;
}

}  // namespace

absl::StatusOr<ExitCode> Run(const ReportShowCommand& command, Session& session) {
  ReportPage page;
  page.title = std::filesystem::path(command.name).filename().string();
  if (IsFile(command.name)) {
    DQ_ASSIGN_OR_RETURN(page.report, ReadReportFile(command.name));
    return Show(command, page, session);
  }
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  const std::string name = ReportName(session, command.name);
  DQ_ASSIGN_OR_RETURN(page.report, client->GetReport(name));
  DQ_RETURN_IF_ERROR(AddJob(*client, name, page));
  if (!command.html.empty()) DQ_RETURN_IF_ERROR(AddDetails(*client, name, page));
  return Show(command, page, session);
}

absl::StatusOr<ExitCode> Run(const ReportFindingsCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const std::vector<Finding> findings,
                      FetchFindings(*client, ReportName(session, command.name), command.limit));
  PrintRecords(session.console, command.format, findings, FindingsTable(findings));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ReportClustersCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const std::vector<DuplicateCluster> clusters,
                      FetchClusters(*client, ReportName(session, command.name), command.limit));
  PrintRecords(session.console, command.format, clusters, ClustersTable(clusters));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ReportChangesCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(
      const std::vector<Change> changes,
      FetchChanges(*client, ReportName(session, command.name), command.column, command.limit));
  PrintRecords(session.console, command.format, changes, ChangesTable(changes));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const ReportColumnsCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const std::vector<ColumnReport> columns,
                      FetchColumns(*client, ReportName(session, command.name), command.limit));
  PrintRecords(session.console, command.format, columns, ColumnsTable(columns));
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
