#include "scheduler/api/report_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "dq/v1/job.pb.h"
#include "google/protobuf/util/json_util.h"
#include "scheduler/api/page_token.h"
#include "scheduler/api/report_details.h"
#include "scheduler/api/report_findings.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/rpc_call.h"

namespace dq {
namespace {

absl::StatusOr<v1::Report> ReadReport(const ApiPorts& ports, const JobName& name) {
  DQ_ASSIGN_OR_RETURN(const std::string json, ports.jobs.GetReportJson(name));
  return ReportFromJson(json);
}

// Returns where the job's output of that kind is; "" when it has none. NOT_FOUND
// (REPORT_NOT_FOUND) for a job without a report.
absl::StatusOr<std::string> UriOf(const ApiPorts& ports, const JobName& name, v1::OutputKind kind) {
  const absl::StatusOr<JobRecord> job = ports.jobs.GetJob(name);
  if (!job.ok() && !absl::IsNotFound(job.status())) return job.status();
  if (job.ok() && job->result) {
    for (const JobOutput& output : job->result->outputs) {
      if (output.kind == kind) return output.uri;
    }
  }
  DQ_RETURN_IF_ERROR(ports.jobs.GetReportJson(name).status());
  return std::string();
}

// What every list of details is asked.
struct DetailQuery {
  JobName report;
  int size = 0;
  std::string identity;  // For page tokens.
  int64_t cursor = 0;
};

template <typename Request>
absl::StatusOr<DetailQuery> ReadQuery(const Request& request, const std::string& what) {
  DetailQuery query;
  DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                      ParseResource(request.parent(), kReports, "parent"));
  query.report = {name.project, name.id};
  DQ_ASSIGN_OR_RETURN(query.size, EffectivePageSize(request.page_size()));
  query.identity = what + " " + request.parent();
  DQ_ASSIGN_OR_RETURN(query.cursor, ReadNumberToken(query.identity, request.page_token()));
  return query;
}

absl::Status AddFindings(const ApiPorts& ports, const v1::ListFindingsRequest& request,
                         v1::ListFindingsResponse& response) {
  DQ_ASSIGN_OR_RETURN(const DetailQuery query, ReadQuery(request, "ListFindings"));
  DQ_ASSIGN_OR_RETURN(const v1::Report report, ReadReport(ports, query.report));
  std::vector<v1::Finding> findings = FindingsOf(report);
  const size_t begin = std::min(static_cast<size_t>(query.cursor), findings.size());
  const size_t end = std::min(begin + static_cast<size_t>(query.size), findings.size());
  for (size_t i = begin; i < end; ++i) *response.add_findings() = std::move(findings[i]);
  if (end < findings.size()) {
    response.set_next_page_token(MakePageToken(query.identity, std::to_string(end)));
  }
  return absl::OkStatus();
}

absl::Status AddClusters(const ApiPorts& ports, const v1::ListDuplicateClustersRequest& request,
                         v1::ListDuplicateClustersResponse& response) {
  DQ_ASSIGN_OR_RETURN(const DetailQuery query, ReadQuery(request, "ListDuplicateClusters"));
  DQ_ASSIGN_OR_RETURN(const std::string uri, UriOf(ports, query.report, v1::OUTPUT_KIND_CLUSTERS));
  if (uri.empty()) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(ClusterPage page, ReadClusters(ports.objects, uri, query.cursor, query.size));
  for (v1::DuplicateCluster& cluster : page.clusters) *response.add_clusters() = std::move(cluster);
  if (page.has_more) {
    const int64_t last = response.clusters().rbegin()->cluster_id();
    response.set_next_page_token(MakePageToken(query.identity, std::to_string(last)));
  }
  return absl::OkStatus();
}

absl::Status AddChanges(const ApiPorts& ports, const v1::ListChangesRequest& request,
                        v1::ListChangesResponse& response) {
  DQ_ASSIGN_OR_RETURN(const DetailQuery query,
                      ReadQuery(request, "ListChanges " + request.column()));
  DQ_ASSIGN_OR_RETURN(const std::string uri, UriOf(ports, query.report, v1::OUTPUT_KIND_CHANGES));
  if (uri.empty()) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(ChangePage page,
                      ReadChanges(ports.objects, uri, request.column(), query.cursor, query.size));
  for (v1::Change& change : page.changes) *response.add_changes() = std::move(change);
  if (page.next) {
    response.set_next_page_token(MakePageToken(query.identity, std::to_string(*page.next)));
  }
  return absl::OkStatus();
}

absl::Status AddColumnReports(const ApiPorts& ports, const v1::ListColumnReportsRequest& request,
                              v1::ListColumnReportsResponse& response) {
  DQ_ASSIGN_OR_RETURN(const DetailQuery query, ReadQuery(request, "ListColumnReports"));
  DQ_ASSIGN_OR_RETURN(const std::string uri, UriOf(ports, query.report, v1::OUTPUT_KIND_PROFILE));
  if (uri.empty()) return absl::OkStatus();
  DQ_ASSIGN_OR_RETURN(ColumnReportPage page,
                      ReadColumnReports(ports.objects, uri, query.cursor, query.size));
  for (v1::ColumnReport& column : page.column_reports) {
    *response.add_column_reports() = std::move(column);
  }
  if (page.next) {
    response.set_next_page_token(MakePageToken(query.identity, std::to_string(*page.next)));
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ReportService::GetReport(grpc::CallbackServerContext* context,
                                                   const v1::GetReportRequest* request,
                                                   v1::GetReportResponse* response) {
  return AnswerBlocking(ports_, context, "ReportService/GetReport",
                        [this, request, response](RpcCall&) -> absl::Status {
                          DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                                              ParseResource(request->name(), kReports, "name"));
                          DQ_ASSIGN_OR_RETURN(*response->mutable_report(),
                                              ReadReport(ports_, {name.project, name.id}));
                          return absl::OkStatus();
                        });
}

grpc::ServerUnaryReactor* ReportService::ListFindings(grpc::CallbackServerContext* context,
                                                      const v1::ListFindingsRequest* request,
                                                      v1::ListFindingsResponse* response) {
  return AnswerBlocking(
      ports_, context, "ReportService/ListFindings",
      [this, request, response](RpcCall&) { return AddFindings(ports_, *request, *response); });
}

grpc::ServerUnaryReactor* ReportService::ListDuplicateClusters(
    grpc::CallbackServerContext* context, const v1::ListDuplicateClustersRequest* request,
    v1::ListDuplicateClustersResponse* response) {
  return AnswerBlocking(
      ports_, context, "ReportService/ListDuplicateClusters",
      [this, request, response](RpcCall&) { return AddClusters(ports_, *request, *response); });
}

grpc::ServerUnaryReactor* ReportService::ListChanges(grpc::CallbackServerContext* context,
                                                     const v1::ListChangesRequest* request,
                                                     v1::ListChangesResponse* response) {
  return AnswerBlocking(
      ports_, context, "ReportService/ListChanges",
      [this, request, response](RpcCall&) { return AddChanges(ports_, *request, *response); });
}

grpc::ServerUnaryReactor* ReportService::ListColumnReports(
    grpc::CallbackServerContext* context, const v1::ListColumnReportsRequest* request,
    v1::ListColumnReportsResponse* response) {
  return AnswerBlocking(ports_, context, "ReportService/ListColumnReports",
                        [this, request, response](RpcCall&) {
                          return AddColumnReports(ports_, *request, *response);
                        });
}

absl::StatusOr<v1::Report> ReportFromJson(const std::string& json) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  v1::Report report;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &report, options);
  if (parsed.ok()) return report;
  return MakeError(absl::StatusCode::kDataLoss, "REPORT_UNREADABLE",
                   "the recorded report is not a report of this version: " + parsed.ToString());
}

}  // namespace dq
