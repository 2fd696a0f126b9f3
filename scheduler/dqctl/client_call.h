// What is behind Client: its stubs, and a unary call that is repeated as client.h says. Included by
// the files of Client alone. Thread-safe as Client is.
#pragma once

#include <memory>

#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "common/rpc/status_mapping.h"
#include "dq/v1/admin_service.grpc.pb.h"
#include "dq/v1/batch_service.grpc.pb.h"
#include "dq/v1/file_service.grpc.pb.h"
#include "dq/v1/job_service.grpc.pb.h"
#include "dq/v1/reference_service.grpc.pb.h"
#include "dq/v1/report_service.grpc.pb.h"
#include "dq/v1/schedule_service.grpc.pb.h"
#include "dq/v1/webhook_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "scheduler/dqctl/client.h"

namespace dq::dqctl {

struct Client::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : job(dq::v1::JobService::NewStub(channel)),
        batch(dq::v1::BatchService::NewStub(channel)),
        file(dq::v1::FileService::NewStub(channel)),
        reference(dq::v1::ReferenceService::NewStub(channel)),
        report(dq::v1::ReportService::NewStub(channel)),
        schedule(dq::v1::ScheduleService::NewStub(channel)),
        webhook(dq::v1::WebhookService::NewStub(channel)),
        admin(dq::v1::AdminService::NewStub(channel)),
        health(grpc::health::v1::Health::NewStub(channel)) {}

  std::unique_ptr<dq::v1::JobService::Stub> job;
  std::unique_ptr<dq::v1::BatchService::Stub> batch;
  std::unique_ptr<dq::v1::FileService::Stub> file;
  std::unique_ptr<dq::v1::ReferenceService::Stub> reference;
  std::unique_ptr<dq::v1::ReportService::Stub> report;
  std::unique_ptr<dq::v1::ScheduleService::Stub> schedule;
  std::unique_ptr<dq::v1::WebhookService::Stub> webhook;
  std::unique_ptr<dq::v1::AdminService::Stub> admin;
  std::unique_ptr<grpc::health::v1::Health::Stub> health;
};

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Client::Call(Stub& stub,
                                      grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                                      const Request& request) {
  Response response;
  DQ_RETURN_IF_ERROR(Repeat([&] {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + options_.call_timeout));
    const Interrupt::Scope scope(interrupt_, [&context] { context.TryCancel(); });
    return FromGrpcStatus((stub.*method)(&context, request, &response));
  }));
  return response;
}

}  // namespace dq::dqctl
