#include "tests/e2e/scripted_worker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace dq {
namespace {

constexpr auto kStreamTimeout = std::chrono::seconds(30);

bool SameLease(const v1::Lease& a, const v1::Lease& b) {
  return a.job() == b.job() && a.attempt() == b.attempt() && a.token() == b.token();
}

}  // namespace

ScriptedWorker::ScriptedWorker(const std::string& address, const std::string& instance)
    : stub_(v1::WorkerService::NewStub(
          grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {
  context_.set_deadline(std::chrono::system_clock::now() + kStreamTimeout);
  stream_ = stub_->Work(&context_);
  v1::WorkRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_instance(instance);
  hello.set_protocol(1);
  hello.add_stages("noop");
  hello.set_slots(1);
  hello.set_version("test");
  EXPECT_TRUE(stream_->Write(request));
  v1::WorkResponse response;
  EXPECT_TRUE(stream_->Read(&response) && response.has_welcome());
}

ScriptedWorker::~ScriptedWorker() {
  context_.TryCancel();
  (void)stream_->Finish();
}

v1::Turn ScriptedWorker::Exchange(v1::WorkReport report) {
  report.set_sequence(++sequence_);
  v1::WorkRequest request;
  *request.mutable_report() = std::move(report);
  v1::WorkResponse response;
  EXPECT_TRUE(stream_->Write(request) && stream_->Read(&response));
  return response.turn();
}

v1::Lease ScriptedWorker::AwaitGrant() {
  const auto deadline = std::chrono::system_clock::now() + kStreamTimeout;
  while (std::chrono::system_clock::now() < deadline && !::testing::Test::HasFailure()) {
    v1::WorkReport report;
    report.set_free_slots(1);
    const v1::Turn turn = Exchange(std::move(report));
    if (turn.grants_size() > 0) return turn.grants(0).lease();
  }
  ADD_FAILURE() << "no grant came";
  return {};
}

void ScriptedWorker::CompleteAndAwaitClosed(const v1::Lease& lease) {
  const auto deadline = std::chrono::system_clock::now() + kStreamTimeout;
  while (std::chrono::system_clock::now() < deadline && !::testing::Test::HasFailure()) {
    v1::WorkReport report;
    v1::LeaseReport& row = *report.add_leases();
    *row.mutable_lease() = lease;
    row.mutable_outcome()->mutable_completion()->set_manifest_uri("file:///zombie");
    const v1::Turn turn = Exchange(std::move(report));
    const bool closed = std::any_of(turn.closed().begin(), turn.closed().end(),
                                    [&](const auto& other) { return SameLease(other, lease); });
    if (closed) return;
  }
  ADD_FAILURE() << "the lease was not closed";
}

}  // namespace dq
