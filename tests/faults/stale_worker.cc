// A worker that breaks the rules: it takes no-op jobs and reports some honestly, some twice, some
// under a wrong token or attempt, and some only long after their lease was lost. Every outcome
// names itself in its manifest's URI, so a checker sees in the database which of them was believed.
// Its journal tells what it was granted, what it claimed and what it was told. Runs until killed.
//   stale_worker ADDRESS,ADDRESS INSTANCE JOURNAL SEED SILENCE_MS
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dq/v1/worker_service.grpc.pb.h"
#include "tests/faults/journal.h"
#include "tests/faults/replicas.h"

namespace dq::faults {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kReportWait{100};
constexpr std::chrono::seconds kStreamTimeout{20};
constexpr int kWelcomeTries = 200;

bool SameLease(const v1::Lease& a, const v1::Lease& b) {
  return a.job() == b.job() && a.attempt() == b.attempt() && a.token() == b.token();
}

bool Contains(const google::protobuf::RepeatedPtrField<v1::Lease>& leases, const v1::Lease& lease) {
  return std::any_of(leases.begin(), leases.end(),
                     [&](const v1::Lease& other) { return SameLease(other, lease); });
}

// One stream; ends after a while by itself, so that nothing waits for ever.
class Stream {
 public:
  Stream(const std::shared_ptr<grpc::Channel>& channel, const std::string& instance,
         const std::vector<v1::Lease>& held)
      : stub_(v1::WorkerService::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + kStreamTimeout);
    stream_ = stub_->Work(&context_);
    v1::WorkRequest request;
    v1::Hello& hello = *request.mutable_hello();
    hello.set_instance(instance);
    hello.set_protocol(1);
    hello.add_stages("noop");
    hello.set_slots(1);
    hello.set_version("test");
    for (const v1::Lease& lease : held) *hello.add_held() = lease;
    v1::WorkResponse response;
    open_ = stream_->Write(request) && stream_->Read(&response) && response.has_welcome();
  }
  ~Stream() {
    context_.TryCancel();
    (void)stream_->Finish();
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool IsOpen() const { return open_; }

  // Sends a report and returns the next turn; nothing when the stream has ended.
  std::optional<v1::Turn> Exchange(v1::WorkReport report) {
    if (!open_) return std::nullopt;
    report.set_sequence(++sequence_);
    v1::WorkRequest request;
    *request.mutable_report() = std::move(report);
    v1::WorkResponse response;
    open_ = stream_->Write(request) && stream_->Read(&response) && response.has_turn();
    if (!open_) return std::nullopt;
    return response.turn();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkRequest, v1::WorkResponse>> stream_;
  int64_t sequence_ = 0;
  bool open_ = false;
};

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
  // Opens a stream to whoever leads; null when nobody does for long.
  void Connect(const std::vector<v1::Lease>& held) {
    stream_.reset();
    for (int i = 0; i < kWelcomeTries; ++i) {
      const std::shared_ptr<grpc::Channel> channel = replicas_.channel();
      stream_ = std::make_unique<Stream>(channel, instance_, held);
      if (stream_->IsOpen()) return;
      replicas_.LeaveFor(channel);
      Rest(kReportWait);
    }
  }

  std::optional<v1::Turn> Exchange(v1::WorkReport report, const std::vector<v1::Lease>& held) {
    if (stream_ == nullptr || !stream_->IsOpen()) Connect(held);
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
      if (kind == "wrong") report.add_leases()->mutable_progress();
      if (kind == "wrong") *report.mutable_leases(0)->mutable_lease() = real;
      v1::LeaseReport& row = *report.add_leases();
      *row.mutable_lease() = lease;
      row.mutable_outcome()->mutable_completion()->set_manifest_uri(uri);
      const std::optional<v1::Turn> turn = Exchange(std::move(report), {real});
      if (turn.has_value() && Contains(turn->closed(), lease)) break;
      Rest(kReportWait);
    }
    json closed = Line("closed", lease);
    closed["kind"] = kind;
    journal_.Write(std::move(closed));
  }

  // Reports progress under a lease that is lost.
  void Progress(const v1::Lease& lease) {
    v1::WorkReport report;
    v1::LeaseReport& row = *report.add_leases();
    *row.mutable_lease() = lease;
    row.mutable_progress()->set_percent(99);
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
  std::unique_ptr<Stream> stream_;
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
