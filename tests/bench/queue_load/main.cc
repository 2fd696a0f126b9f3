// The load of tests/bench/queue.sh: submits jobs to a running scheduler and measures what a client
// sees. Prints JSON objects, one a line; the last one is the result.
//
//   queue_load ADDRESS submit JOBS OUTSTANDING
//     jobs a second acknowledged, OUTSTANDING calls of CreateJob in flight
//   queue_load ADDRESS bulk JOBS OUTSTANDING [DURATION_MS]
//     the same with BatchCreateJobs of 1,000; a rest of JOBS that fills no call is left out
//   queue_load ADDRESS stream JOBS STREAMS
//     the same with SubmitJobs, messages of 1,000 jobs
//   queue_load ADDRESS drain JOBS
//     jobs a second from the first completion to the last, and by tenths
//   queue_load ADDRESS life JOBS OUTSTANDING
//     jobs a second from the first bulk submit to the last completion
//   queue_load ADDRESS flow SECONDS CALLERS
//     how many jobs are completed, ten times a second, while CALLERS submit one after the other
//   queue_load ADDRESS start SAMPLES
//     CreateJob sent → PROCESSING seen by a watcher, idle fleet
//   queue_load ADDRESS cancel|pause SAMPLES [AGENT_PID INPUT_FILE]
//     CancelJob or PauseJob → the worker's child has ended, and the end is recorded
#include <cstdio>
#include <cstdlib>
#include <string>

#include "common/rpc/quiet_mutexes.h"
#include "tests/bench/queue_load/latency.h"
#include "tests/bench/queue_load/progress.h"
#include "tests/bench/queue_load/submit.h"

namespace dq::bench {
namespace {

constexpr int kUsage = 2;

int PrintRate(double jobs, Clock::time_point start) {
  const double seconds = SecondsSince(start);
  std::printf("{\"jobs_per_second\": %.0f, \"seconds\": %.3f}\n", jobs / seconds, seconds);
  return 0;
}

int Submit(const Channel& channel, int jobs, int outstanding) {
  const Clock::time_point start = Clock::now();
  SubmitSingly(channel, jobs, outstanding);
  return PrintRate(jobs, start);
}

int Bulk(const Channel& channel, int jobs, int outstanding, int duration_ms) {
  const int calls = jobs / kBulkJobs;
  const Clock::time_point start = Clock::now();
  SubmitInBulk(channel, calls, outstanding, duration_ms);
  return PrintRate(static_cast<double>(calls) * kBulkJobs, start);
}

int Streamed(const Channel& channel, int jobs, int streams) {
  const int messages = jobs / kBulkJobs;
  const Clock::time_point start = Clock::now();
  SubmitStreamed(channel, messages, streams);
  return PrintRate(static_cast<double>(messages) * kBulkJobs, start);
}

// `count` is above 0, `number` what follows it or 0, `text` what follows that or empty.
int Run(const Channel& channel, const std::string& mode, int count, int number,
        const std::string& text) {
  if (mode == "drain") return Drain(channel, count);
  if (mode == "start") return StartLatency(channel, count);
  if (mode == "cancel") return StopLatency(channel, count, StopKind::kCancel, number, text);
  if (mode == "pause") return StopLatency(channel, count, StopKind::kPause, number, text);
  if (number < 1) return kUsage;
  if (mode == "submit") return Submit(channel, count, number);
  if (mode == "flow") return Flow(channel, count, number);
  if (count < kBulkJobs) return kUsage;
  if (mode == "life") return WholeLife(channel, count, number);
  if (mode == "bulk") return Bulk(channel, count, number, std::atoi(text.c_str()));
  if (mode == "stream") return Streamed(channel, count, number);
  return kUsage;
}

}  // namespace
}  // namespace dq::bench

int main(int argc, char** argv) {
  int result = dq::bench::kUsage;
  if (argc > 3 && std::atoi(argv[3]) > 0) {
    dq::QuietMutexes();  // As every process of dq.
    const auto channel = grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials());
    result = dq::bench::Run(channel, argv[2], std::atoi(argv[3]), argc > 4 ? std::atoi(argv[4]) : 0,
                            argc > 5 ? argv[5] : "");
  }
  if (result == dq::bench::kUsage) {
    std::fprintf(
        stderr,
        "usage: queue_load ADDRESS submit JOBS OUTSTANDING | bulk JOBS OUTSTANDING "
        "[DURATION_MS] | stream JOBS STREAMS | drain JOBS | life JOBS OUTSTANDING | flow SECONDS "
        "CALLERS | start "
        "SAMPLES | cancel|pause SAMPLES [AGENT_PID INPUT_FILE]; 1,000 jobs at least in bulk\n");
  }
  return result;
}
