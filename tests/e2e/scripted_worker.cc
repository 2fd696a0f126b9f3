#include "tests/e2e/scripted_worker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <utility>

namespace dq {
namespace {

constexpr auto kStreamTimeout = std::chrono::seconds(30);

}  // namespace

ScriptedWorker::ScriptedWorker(const std::string& address, const std::string& instance)
    : stream_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()), instance, {},
              kStreamTimeout) {
  EXPECT_TRUE(stream_.IsOpen());
}

v1::Lease ScriptedWorker::AwaitGrant() {
  while (true) {
    v1::WorkReport report;
    report.set_free_slots(1);
    const std::optional<v1::Turn> turn = stream_.Exchange(std::move(report));
    if (!turn.has_value()) break;
    if (turn->grants_size() > 0) return turn->grants(0).lease();
  }
  ADD_FAILURE() << "no grant came";
  return {};
}

void ScriptedWorker::CompleteAndAwaitClosed(const v1::Lease& lease) {
  while (true) {
    v1::WorkReport report;
    v1::LeaseReport& row = *report.add_leases();
    *row.mutable_lease() = lease;
    row.mutable_outcome()->mutable_completion()->set_manifest_uri("file:///zombie");
    const std::optional<v1::Turn> turn = stream_.Exchange(std::move(report));
    if (!turn.has_value()) break;
    if (Holds(turn->closed(), lease)) return;
  }
  ADD_FAILURE() << "the lease was not closed";
}

}  // namespace dq
