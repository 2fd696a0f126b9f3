// dq.v1.ReportService. Thread-safe; outlives its server.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "dq/v1/report_service.grpc.pb.h"
#include "scheduler/api/api_ports.h"

namespace dq {

class ReportService final : public v1::ReportService::CallbackService {
 public:
  explicit ReportService(const ApiPorts& ports) : ports_(ports) {}

  grpc::ServerUnaryReactor* GetReport(grpc::CallbackServerContext* context,
                                      const v1::GetReportRequest* request,
                                      v1::GetReportResponse* response) override;
  grpc::ServerUnaryReactor* ListFindings(grpc::CallbackServerContext* context,
                                         const v1::ListFindingsRequest* request,
                                         v1::ListFindingsResponse* response) override;
  grpc::ServerUnaryReactor* ListDuplicateClusters(
      grpc::CallbackServerContext* context, const v1::ListDuplicateClustersRequest* request,
      v1::ListDuplicateClustersResponse* response) override;
  grpc::ServerUnaryReactor* ListChanges(grpc::CallbackServerContext* context,
                                        const v1::ListChangesRequest* request,
                                        v1::ListChangesResponse* response) override;
  grpc::ServerUnaryReactor* ListColumnReports(grpc::CallbackServerContext* context,
                                              const v1::ListColumnReportsRequest* request,
                                              v1::ListColumnReportsResponse* response) override;

 private:
  const ApiPorts ports_;
};

// Reads the JSON that a worker wrote; fields of newer workers are left out. DATA_LOSS
// (REPORT_UNREADABLE) when it is no report.
absl::StatusOr<v1::Report> ReportFromJson(const std::string& json);

}  // namespace dq
