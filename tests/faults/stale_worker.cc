// A worker that breaks the rules: it takes no-op jobs and reports some honestly, some twice, some
// under a wrong token or attempt, and some only long after their lease was lost. Every outcome
// names itself in its manifest's URI, so a checker sees in the database which of them was believed.
// Its journal tells what it was granted, what it claimed and what it was told. Runs until killed.
//   stale_worker ADDRESS,ADDRESS INSTANCE JOURNAL SEED SILENCE_MS
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/faults/journal.h"
#include "tests/faults/replicas.h"
#include "tests/support/worker_stream.h"

namespace dq::faults {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kReportWait{100};
constexpr std::chrono::seconds kStreamTimeout{20};

void AddProgress(v1::WorkReport& report, const v1::Lease& lease, double percent) {
  v1::LeaseReport& row = *report.add_leases();
  *row.mutable_lease() = lease;
  row.mutable_progress()->set_percent(percent);
}

class StaleWorker {
 public:
  StaleWorker(const std::string& addresses, std::string instance, const std::string& journal,
              unsigned seed, int64_t silence_ms)
      : replicas_(SplitAddresses(addresses)),
        instance_(std::move(instance)),
        journal_(journal),
        random_(seed),
        silence_(silence_ms) {}

  [[noreturn]] void Run() {
    while (true) {
      if (const std::optional<v1::Lease> lease = Take()) Handle(*lease);
    }
  }

 private:
  // Opens a stream to whoever leads; waits until somebody does.
  void Connect(const std::vector<v1::Lease>& held) {
    while (stream_ == nullptr || !stream_->IsOpen()) {
      const std::shared_ptr<grpc::Channel> channel = replicas_.channel();
      stream_.reset();
      stream_ = std::make_unique<WorkerStream>(channel, instance_, held, kStreamTimeout);
      if (stream_->IsOpen()) return;
      replicas_.LeaveFor(channel);
      Rest(kReportWait);
    }
  }

  std::optional<v1::Turn> Exchange(v1::WorkReport report, const std::vector<v1::Lease>& held) {
    Connect(held);
    return stream_->Exchange(std::move(report));
  }

  std::optional<v1::Lease> Take() {
    v1::WorkReport report;
    report.set_free_slots(1);
    const std::optional<v1::Turn> turn = Exchange(std::move(report), {});
    if (!turn.has_value() || turn->grants_size() == 0) {
      Rest(kReportWait);
      return std::nullopt;
    }
    const v1::Lease& lease = turn->grants(0).lease();
    journal_.Write(Line("granted", lease));
    return lease;
  }

  void Handle(const v1::Lease& lease) {
    const auto choice = static_cast<unsigned>(random_() % 10);
    if (choice < 4) return Claim(lease, "honest", lease);
    if (choice < 6) {
      Claim(lease, "honest", lease);
      return Claim(lease, "again", lease);
    }
    if (choice < 8) {
      v1::Lease wrong = lease;
      choice == 6 ? wrong.set_token(std::string(32, '0')) : wrong.set_attempt(lease.attempt() + 1);
      Claim(wrong, "wrong", lease);
      return Claim(lease, "honest", lease);
    }
    // Silent until the lease is surely another's, then as if nothing had happened.
    stream_.reset();
    Rest(silence_);
    Progress(lease);
    Claim(lease, "stale", lease);
  }

  // Reports `lease` as completed, honestly or not, until the scheduler has closed it.
  void Claim(const v1::Lease& lease, const std::string& kind, const v1::Lease& real) {
    const std::string uri = "file:///" + kind + "/" + std::to_string(lease.attempt()) + "/" +
                            lease.token() + "/" + std::to_string(++claims_);
    json line = Line("claimed", lease);
    line["kind"] = kind;
    line["uri"] = uri;
    journal_.Write(std::move(line));
    while (true) {
      v1::WorkReport report;
      if (kind == "wrong") AddProgress(report, real, 0);
      v1::LeaseReport& row = *report.add_leases();
      *row.mutable_lease() = lease;
      row.mutable_outcome()->mutable_completion()->set_manifest_uri(uri);
      const std::optional<v1::Turn> turn = Exchange(std::move(report), {real});
      if (turn.has_value() && Holds(turn->closed(), lease)) break;
      Rest(kReportWait);
    }
    json closed = Line("closed", lease);
    closed["kind"] = kind;
    journal_.Write(std::move(closed));
  }

  // Reports progress under a lease that is lost.
  void Progress(const v1::Lease& lease) {
    v1::WorkReport report;
    AddProgress(report, lease, 99);
    const std::optional<v1::Turn> turn = Exchange(std::move(report), {});
    json line = Line("stale_progress", lease);
    line["revoked"] = turn.has_value() ? turn->revoked_size() : -1;
    journal_.Write(std::move(line));
  }

  json Line(const char* what, const v1::Lease& lease) const {
    return {{"what", what},
            {"worker", instance_},
            {"job", lease.job()},
            {"attempt", lease.attempt()},
            {"token", lease.token()}};
  }

  Replicas replicas_;
  const std::string instance_;
  Journal journal_;
  std::mt19937 random_;
  const std::chrono::milliseconds silence_;
  std::unique_ptr<WorkerStream> stream_;
  int64_t claims_ = 0;
};

}  // namespace
}  // namespace dq::faults

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: stale_worker ADDRESSES INSTANCE JOURNAL SEED SILENCE_MS\n");
    return 2;
  }
  dq::faults::StaleWorker worker(argv[1], argv[2], argv[3],
                                 static_cast<unsigned>(std::atoll(argv[4])), std::atoll(argv[5]));
  worker.Run();
}
