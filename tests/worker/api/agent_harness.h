// A worker in this process, with a storage root, one scripted scheduler, children that act and
// metrics that count. Not thread-safe, but for the metrics.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "tests/support/manual_clock.h"
#include "tests/worker/api/scripted_scheduler.h"
#include "worker/api/agent.h"

namespace dq {

class CountingMetrics final : public AgentMetrics {
 public:
  void AttemptEnded(AttemptEnd end) override { ++ended[static_cast<size_t>(end)]; }
  void ChildRan(absl::Duration) override { ++children; }
  void StageRan(std::string_view, int64_t rows, int64_t, double) override { stage_rows += rows; }
  void LeasesHeld(int32_t now, int64_t) override { running = now; }
  void SelfFenced(int64_t leases) override { fenced += leases; }
  void StreamOpened() override { ++opened; }
  void StreamLost() override { ++lost; }

  int64_t count(AttemptEnd end) const { return ended[static_cast<size_t>(end)]; }

  std::array<std::atomic<int64_t>, 4> ended{};
  std::atomic<int64_t> children{0}, stage_rows{0}, running{0}, fenced{0}, opened{0}, lost{0};
};

// A worker with a storage root, one scheduler and children that act.
class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dq-agent-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    store_ = OpenFileObjectStore(root_.string()).value();
  }
  ~AgentTest() override {
    StopAgent();
    agent_.reset();  // Joins the jobs, which remove their own folders.
    std::filesystem::remove_all(root_);
  }

  void StartAgent(std::vector<std::string> schedulers, int32_t slots = 2) {
    AgentOptions options;
    options.schedulers = std::move(schedulers);
    options.instance = "w-test";
    options.slots = slots;
    options.labels = {{"zone", "a"}};
    options.child_program = DQ_BINARY_DIR "/tests/scripted_child";
    options.version = "1.2.3";
    options.drain_linger = linger_;
    agent_ = std::make_unique<Agent>(options, *store_, *clock_, metrics_, [] { return 0.5; });
    thread_ = std::thread([this] {
      agent_->Run();
      ended_ = true;
    });
  }
  // Starts a worker and welcomes its first stream.
  std::shared_ptr<ScriptedSession> StartWelcomed(absl::Duration lease_ttl = absl::Seconds(15)) {
    StartAgent({scheduler_.address()});
    auto session = scheduler_.NextSession();
    session->Welcome({}, lease_ttl);
    return session;
  }
  // Ends the worker without waiting for its outcomes to be recorded.
  void StopAgent() {
    if (!thread_.joinable()) return;
    agent_->Drain(absl::ZeroDuration());
    thread_.join();
  }

  // A grant of a chain over a fresh file called `what`.csv, which the scripted child obeys.
  v1::Grant ChainGrant(const std::string& what) {
    const std::string text = "a,b\n1,2\n";
    std::filesystem::create_directories(root_ / "in");
    std::ofstream(root_ / "in" / (what + ".csv")) << text;
    v1::Grant grant;
    *grant.mutable_lease() = NewLease();
    grant.add_stages()->mutable_complete();
    grant.add_stages()->mutable_dedupe();
    grant.mutable_input()->set_uri("file:///in/" + what + ".csv");
    grant.mutable_input()->set_size_bytes(static_cast<int64_t>(text.size()));
    grant.mutable_input()->set_display_name(what + ".csv");
    grant.set_output_prefix("file:///" + grant.lease().job());
    return grant;
  }
  v1::Grant NoopGrant(int64_t duration_ms) {
    v1::Grant grant;
    *grant.mutable_lease() = NewLease();
    grant.add_stages()->mutable_noop()->set_duration_ms(duration_ms);
    return grant;
  }
  v1::Lease NewLease() {
    v1::Lease lease;
    lease.set_job("projects/p/jobs/j" + std::to_string(++jobs_));
    lease.set_attempt(2);
    lease.set_token("0123456789abcdef" + std::to_string(jobs_));
    return lease;
  }
  static void WaitUntilRunning(ScriptedSession& session, const v1::Lease& lease) {
    session.WaitForReport([&](const v1::WorkReport& report) {
      for (const v1::LeaseReport& held : report.leases()) {
        if (held.lease().token() == lease.token() && held.progress().percent() > 0) return true;
      }
      return false;
    });
  }
  static void ExpectFailure(const v1::Outcome& outcome, const std::string& reason, bool retryable) {
    EXPECT_EQ(outcome.failure().error().reason(), reason) << outcome.DebugString();
    EXPECT_EQ(outcome.failure().retryable(), retryable);
    EXPECT_FALSE(outcome.failure().error().metadata().at("category").empty());
  }
  std::string Read(const std::filesystem::path& path) {
    std::ifstream in(root_ / path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path root_;
  std::unique_ptr<ObjectStore> store_;
  CountingMetrics metrics_;
  ScriptedScheduler scheduler_;
  ManualClock manual_clock_;  // Outlives the agent that may run by it.
  const Clock* clock_ = &SystemClock();
  absl::Duration linger_ = absl::ZeroDuration();
  int jobs_ = 0;
  std::unique_ptr<Agent> agent_;
  std::thread thread_;
  std::atomic<bool> ended_{false};
};

}  // namespace dq
