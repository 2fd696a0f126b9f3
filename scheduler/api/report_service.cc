#include "scheduler/api/report_service.h"

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/json_util.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/rpc_call.h"

namespace dq {

grpc::ServerUnaryReactor* ReportService::GetReport(grpc::CallbackServerContext* context,
                                                   const v1::GetReportRequest* request,
                                                   v1::GetReportResponse* response) {
  return AnswerBlocking(ports_, context, "ReportService/GetReport",
                        [this, request, response](RpcCall&) -> absl::Status {
                          DQ_ASSIGN_OR_RETURN(const ProjectResource name,
                                              ParseResource(request->name(), kReports, "name"));
                          DQ_ASSIGN_OR_RETURN(const std::string json,
                                              ports_.jobs.GetReportJson({name.project, name.id}));
                          DQ_ASSIGN_OR_RETURN(*response->mutable_report(), ReportFromJson(json));
                          return absl::OkStatus();
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
