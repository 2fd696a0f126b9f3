// Lives many lives of a simulated scheduler and judges them.
//
//   simulation [--from N] [--seeds N]    that many seeds from N on; ends with the first that fails
//   simulation --seed N                  one seed, with its trace
//
// Exit code 1: a finding, with the seed that shows it. 2: wrong usage.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "common/base/logging.h"
#include "tests/scheduler/simulation/world.h"

namespace dq::sim {
namespace {

bool LiveOne(uint64_t seed, bool tracing, int64_t& grants) {
  World world(seed);
  world.SetTracing(tracing);
  const std::vector<std::string>& findings = world.Live();
  for (const std::string& finding : findings) {
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), finding.c_str());
  }
  grants += world.grants();
  return findings.empty();
}

int Main(int count, char** arguments) {
  uint64_t from = 1;
  uint64_t seeds = 2000;
  bool tracing = false;
  for (int i = 1; i < count; i += 2) {
    const std::string flag = arguments[i];
    char* end = nullptr;
    const uint64_t value = i + 1 < count ? std::strtoull(arguments[i + 1], &end, 10) : 0;
    const bool is_number = end != nullptr && end != arguments[i + 1] && *end == '\0';
    if (!is_number || (flag != "--from" && flag != "--seeds" && flag != "--seed")) {
      std::fprintf(stderr, "usage: simulation [--from N] [--seeds N] | --seed N\n");
      return 2;
    }
    if (flag == "--seeds") seeds = value;
    if (flag != "--seeds") from = value;
    if (flag == "--seed") {
      seeds = 1;
      tracing = true;
    }
  }
  SetLogLevel(LogLevel::kError);
  int64_t grants = 0;
  for (uint64_t seed = from; seed < from + seeds; ++seed) {
    if (!LiveOne(seed, tracing, grants)) return 1;
  }
  std::printf("%llu lives, %lld grants, nothing found\n", static_cast<unsigned long long>(seeds),
              static_cast<long long>(grants));
  return 0;
}

}  // namespace
}  // namespace dq::sim

int main(int count, char** arguments) { return dq::sim::Main(count, arguments); }
