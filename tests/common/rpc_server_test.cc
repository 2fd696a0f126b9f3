#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/rpc/client_channel.h"
#include "common/rpc/server_runner.h"
#include "common/rpc/status_mapping.h"
#include "dq/v1/report_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace dq {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// Answers every call with one error.
class FailingReports final : public v1::ReportService::CallbackService {
 public:
  explicit FailingReports(absl::Status error) : error_(std::move(error)) {}
  grpc::ServerUnaryReactor* GetReport(grpc::CallbackServerContext* context,
                                      const v1::GetReportRequest*,
                                      v1::GetReportResponse*) override {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpcStatus(error_));
    return reactor;
  }

 private:
  const absl::Status error_;
};

std::string AddressOf(const ServerRunner& server) {
  return "127.0.0.1:" + std::to_string(server.port());
}

NamedService Named(FailingReports& service) {
  return {v1::ReportService::service_full_name(), &service};
}

std::unique_ptr<ServerRunner> StartAnywhere(const std::vector<NamedService>& services) {
  auto server = ServerRunner::Start("127.0.0.1:0", services);
  EXPECT_TRUE(server.ok()) << server.status();
  return std::move(*server);
}

absl::Status GetReport(const std::string& addresses) {
  auto channel = MakeClientChannel(addresses);
  EXPECT_TRUE(channel.ok()) << channel.status();
  auto stub = v1::ReportService::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  context.set_wait_for_ready(true);
  v1::GetReportResponse response;
  return FromGrpcStatus(stub->GetReport(&context, {}, &response));
}

HealthCheckResponse::ServingStatus HealthOf(const ServerRunner& server, const std::string& name) {
  auto stub = Health::NewStub(*MakeClientChannel(AddressOf(server)));
  grpc::ClientContext context;
  HealthCheckRequest request;
  request.set_service(name);
  HealthCheckResponse response;
  const grpc::Status status = stub->Check(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.status();
}

TEST(ServerRunner, LargestErrorReachesTheClientWhole) {
  std::vector<FieldViolation> violations(20, {"a.long.path.of.a.field", std::string(200, 'x')});
  FailingReports service(FieldError("BAD_FIELD", violations));
  const auto server = StartAnywhere({Named(service)});
  const absl::Status got = GetReport(AddressOf(*server));
  EXPECT_EQ(got.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(got), "BAD_FIELD");
  EXPECT_GT(FieldViolationsOf(got).size(), 10U);
}

TEST(ServerRunner, HealthFollowsTheSwitch) {
  FailingReports service(absl::InternalError("x"));
  const auto server = StartAnywhere({Named(service)});
  EXPECT_EQ(HealthOf(*server, ""), HealthCheckResponse::NOT_SERVING);
  server->SetServing(true);
  EXPECT_EQ(HealthOf(*server, ""), HealthCheckResponse::SERVING);
  EXPECT_EQ(HealthOf(*server, "dq.v1.ReportService"), HealthCheckResponse::SERVING);
  server->SetServing(false);
  EXPECT_EQ(HealthOf(*server, "dq.v1.ReportService"), HealthCheckResponse::NOT_SERVING);
}

TEST(ServerRunner, PortInUseIsATypedError) {
  const auto first = StartAnywhere({});
  const auto second = ServerRunner::Start(AddressOf(*first), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(ReasonOf(second.status()), "PORT_IN_USE");
  EXPECT_NE(MessageOf(second.status()).find(std::to_string(first->port())), std::string::npos);
}

TEST(ServerRunner, UnusableAddressesAreTypedErrors) {
  EXPECT_EQ(ReasonOf(ServerRunner::Start("no-port", {}).status()), "ADDRESS_INVALID");
  EXPECT_EQ(ReasonOf(ServerRunner::Start("127.0.0.1:99999", {}).status()), "ADDRESS_INVALID");
  EXPECT_EQ(ReasonOf(ServerRunner::Start("::1:7", {}).status()), "ADDRESS_INVALID");
  EXPECT_EQ(ReasonOf(ServerRunner::Start("192.0.2.1:0", {}).status()), "LISTEN_FAILED");
}

TEST(ServerRunner, RestartsOnTheSamePortAtOnce) {
  auto server = StartAnywhere({});
  const std::string address = AddressOf(*server);
  HealthOf(*server, "");
  server.reset();
  EXPECT_TRUE(ServerRunner::Start(address, {}).ok());
}

TEST(ClientChannel, SeveralAddressesReachTheServingReplica) {
  FailingReports standby(MakeError(absl::StatusCode::kUnavailable, "NOT_LEADER", "standby"));
  FailingReports leader(MakeError(absl::StatusCode::kNotFound, "REPORT_NOT_FOUND", "leader"));
  const auto standby_server = StartAnywhere({Named(standby)});
  const auto leader_server = StartAnywhere({Named(leader)});
  leader_server->SetServing(true);
  EXPECT_EQ(ReasonOf(GetReport(AddressOf(*standby_server) + "," + AddressOf(*leader_server))),
            "REPORT_NOT_FOUND");
}

TEST(ClientChannel, ANameReachesOnlyAReplicaThatServesSinceItMayHaveSeveral) {
  FailingReports replica(MakeError(absl::StatusCode::kNotFound, "REPORT_NOT_FOUND", "leader"));
  const auto server = StartAnywhere({Named(replica)});
  const std::string port = std::to_string(server->port());
  const auto by_name = MakeClientChannel("localhost:" + port);
  ASSERT_TRUE(by_name.ok()) << by_name.status();
  const auto stub = v1::ReportService::NewStub(*by_name);
  grpc::ClientContext context;
  v1::GetReportResponse response;
  const absl::Status refused = FromGrpcStatus(stub->GetReport(&context, {}, &response));
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_EQ(ReasonOf(GetReport("127.0.0.1:" + port)), "REPORT_NOT_FOUND");
  server->SetServing(true);
  EXPECT_EQ(ReasonOf(GetReport("localhost:" + port)), "REPORT_NOT_FOUND");
}

TEST(ClientChannel, BadAddressesAreTypedErrors) {
  EXPECT_EQ(ReasonOf(MakeClientChannel("").status()), "ADDRESS_INVALID");
  EXPECT_EQ(ReasonOf(MakeClientChannel("nowhere").status()), "ADDRESS_INVALID");
  EXPECT_EQ(ReasonOf(MakeClientChannel("127.0.0.1:1,host.invalid:2").status()), "ADDRESS_INVALID");
}

}  // namespace
}  // namespace dq
