// A job that is paused in the middle of a large file, goes on on another worker, and gives the same
// bytes. The file has a few megabytes here; `tests/e2e/large.sh` runs it with one of 1 GB.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "common/base/sha256.h"
#include "common/base/unique_fd.h"
#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

constexpr int64_t kBytesDefault = 16'000'000;
constexpr int64_t kLargeBytes = 200'000'000;
constexpr int kTriesMax = 5;
constexpr absl::Duration kPatience = absl::Minutes(20);

// How large the file is: DQ_PAUSE_TEST_MB megabytes, if that is set.
int64_t FileBytes() {
  const char* const megabytes = std::getenv("DQ_PAUSE_TEST_MB");
  return megabytes == nullptr ? kBytesDefault : std::stoll(megabytes) * 1'000'000;
}

// Few checkpoints of a small file would come too late; many of a large one cost too much.
std::string CheckpointIntervalMs() { return FileBytes() < kLargeBytes ? "0" : "3000"; }

class Pause : public ::testing::Test {
 protected:
  Pause() {
    std::ofstream out(input_, std::ios::binary);
    int64_t id = 0;
    for (int64_t bytes = 0; bytes < FileBytes(); ++id) {
      const std::string number = std::to_string(id % 10 == 9 ? id - 3 : id);
      const std::string row = number + ",Customer " + number + "," +
                              (id % 7 == 0 ? "" : "City " + std::to_string(id % 50'000)) + "," +
                              number.substr(number.size() / 2) + ".50\n";
      if (id == 0) out << "id,name,city,amount\n";
      out << row;
      bytes += std::ssize(row);
    }
    out.close();
    EXPECT_TRUE(out) << "cannot write " << input_;
    const ProgramResult uploaded = cluster_.Ctl({"file", "upload", input_, "--file-id", "large"});
    EXPECT_EQ(uploaded.exit_code, 0) << uploaded.err;
    std::filesystem::remove(input_);
  }

  // Waits until the job is in one of `states`, and returns it.
  JobFact Await(const std::string& job, const std::set<std::string>& states) {
    JobFact got;
    EXPECT_TRUE(WaitUntil(
        [&] {
          got = GetJob(cluster_, job);
          return states.contains(got.state);
        },
        kPatience))
        << job << " is " << got.state;
    return got;
  }

  // Starts jobs until one is paused between a checkpoint and its end; returns its name and worker.
  std::pair<std::string, std::string> PauseOne() {
    for (int i = 0; i < kTriesMax; ++i) {
      const std::string job = "moved-" + std::to_string(i);
      Submit(cluster_, job, {"large"});
      std::string worker;
      EXPECT_TRUE(WaitUntil(
          [&] {
            const JobFact now = GetJob(cluster_, job);
            if (!now.worker.empty()) worker = now.worker;
            return now.checkpoint_attempt == 1 || now.state == "COMPLETED";
          },
          kPatience));
      if (cluster_.Ctl({"job", "pause", job}).exit_code != 0) continue;
      const JobFact paused = Await(job, {"PAUSED", "COMPLETED"});
      if (paused.state == "PAUSED" && paused.checkpoint_percent > 0) return {job, worker};
    }
    ADD_FAILURE() << "every job ended before it could be paused";
    return {};
  }

  // Downloads an output and returns the SHA-256 of what came.
  std::string Downloaded(const JobFact& job, const std::string& kind) {
    const std::string path = cluster_.Path("downloaded");
    const ProgramResult result = cluster_.Ctl({"file", "download", job.OutputId(kind), "-o", path});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string hash = Sha256OfFd(fd.get()).value_or("");
    std::filesystem::remove(path);
    return hash;
  }

  const Cluster cluster_{{.workers = 2,
                          .slots = 1,
                          .scheduler_flags = {},
                          .worker_flags = {"--checkpoint-interval-ms", CheckpointIntervalMs()}}};
  const std::string input_ = cluster_.Path("large.csv");
};

TEST_F(Pause, ARunningJobThatIsPausedGoesOnOnAnotherWorkerWithTheSameBytes) {
  Submit(cluster_, "undisturbed", {"large"});
  const JobFact want = Await("undisturbed", {"COMPLETED", "FAILED"});
  ASSERT_EQ(want.state, "COMPLETED") << want.error_message;

  const auto [job, first] = PauseOne();
  ASSERT_FALSE(first.empty());
  ASSERT_EQ(cluster_.Ctl({"worker", "drain", first}).exit_code, 0);
  ASSERT_EQ(cluster_.Ctl({"job", "resume", job}).exit_code, 0);
  const JobFact got = Await(job, {"COMPLETED", "FAILED"});
  ASSERT_EQ(got.state, "COMPLETED") << got.error_message;

  EXPECT_EQ(got.attempt, 2);
  std::vector<EventFact> claims = GetEvents(cluster_, job);
  std::erase_if(claims, [](const EventFact& event) { return event.event != "claim"; });
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0].worker, first);
  EXPECT_NE(claims[1].worker, first);
  EXPECT_EQ(claims[1].reason, "FROM_CHECKPOINT");
  for (const std::string kind : {"CLEANED", "CHANGES", "CLUSTERS"}) {
    EXPECT_FALSE(want.OutputSha256(kind).empty()) << kind;
    EXPECT_EQ(got.OutputSha256(kind), want.OutputSha256(kind)) << kind;
  }
  EXPECT_EQ(Downloaded(got, "CLEANED"), want.OutputSha256("CLEANED"));
}

}  // namespace
}  // namespace dq
