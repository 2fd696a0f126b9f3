#include <httplib.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <atomic>

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/telemetry/admin_server.h"
#include "common/telemetry/metric_registry.h"

namespace dq {
namespace {

absl::Status Ready() { return absl::OkStatus(); }

class AdminServerTest : public testing::Test {
 protected:
  std::unique_ptr<AdminServer> Start(std::function<absl::Status()> readiness) {
    auto server = AdminServer::Start("127.0.0.1:0", registry_, std::move(readiness));
    EXPECT_TRUE(server.ok()) << server.status();
    return std::move(*server);
  }

  MetricRegistry registry_{"dq-test", "1.2.3"};
};

TEST_F(AdminServerTest, MetricsAreServedAsText) {
  prometheus::BuildCounter()
      .Name("dq_things_total")
      .Help("Things.")
      .Register(registry_.families())
      .Add({})
      .Increment(3);
  const auto server = Start(Ready);
  const auto response = httplib::Client("127.0.0.1", server->port()).Get("/metrics");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_NE(response->body.find("dq_things_total 3\n"), std::string::npos) << response->body;
  EXPECT_NE(response->body.find("dq_build_info{program=\"dq-test\",version=\"1.2.3\"} 1\n"),
            std::string::npos)
      << response->body;
}

TEST_F(AdminServerTest, ReadinessFollowsTheCallbackAndLivenessDoesNot) {
  std::atomic<bool> ready = false;
  const auto server = Start([&ready] {
    return ready ? absl::OkStatus() : absl::UnavailableError("a standby: another replica leads");
  });
  httplib::Client client("127.0.0.1", server->port());
  EXPECT_EQ(client.Get("/livez")->status, 200);
  const auto refused = client.Get("/readyz");
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->body, "a standby: another replica leads\n");
  ready = true;
  EXPECT_EQ(client.Get("/readyz")->status, 200);
  EXPECT_EQ(client.Get("/nothing")->status, 404);
}

TEST_F(AdminServerTest, LargePayloadIsRefused) {
  const auto server = Start(Ready);
  const auto response = httplib::Client("127.0.0.1", server->port())
                            .Post("/metrics", std::string(1 << 20, 'x'), "text/plain");
  EXPECT_TRUE(!response || response->status >= 400);
  EXPECT_EQ(httplib::Client("127.0.0.1", server->port()).Get("/livez")->status, 200);
}

TEST_F(AdminServerTest, PortInUseIsATypedError) {
  const auto first = Start(Ready);
  const auto second =
      AdminServer::Start("127.0.0.1:" + std::to_string(first->port()), registry_, Ready);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(ReasonOf(second.status()), "PORT_IN_USE");
  EXPECT_EQ(ReasonOf(AdminServer::Start("x", registry_, Ready).status()), "ADDRESS_INVALID");
}

}  // namespace
}  // namespace dq
