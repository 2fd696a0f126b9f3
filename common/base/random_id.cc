#include "common/base/random_id.h"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>

namespace dq {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase32Hex = "0123456789abcdefghijklmnopqrstuv";

// Random bytes of this thread that were not given out yet: asking the kernel for each id would cost
// more than everything else about it.
struct Reserve {
  std::array<unsigned char, 256> bytes{};
  size_t used = bytes.size();
};

void FillRandom(void* data, size_t size) {
  thread_local Reserve reserve;
  if (size > reserve.bytes.size()) std::abort();
  if (size > reserve.bytes.size() - reserve.used) {
    // Up to 256 bytes never fail or come short once the kernel's pool is ready.
    const auto wanted = static_cast<ssize_t>(reserve.bytes.size());
    if (getrandom(reserve.bytes.data(), reserve.bytes.size(), 0) != wanted) std::abort();
    reserve.used = 0;
  }
  std::memcpy(data, reserve.bytes.data() + reserve.used, size);
  std::memset(reserve.bytes.data() + reserve.used, 0, size);
  reserve.used += size;
}

void AppendBase32(std::string& out, uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) out += kBase32Hex[(value >> (5 * i)) & 31];
}

}  // namespace

std::string RandomHex(size_t bytes) {
  std::array<unsigned char, 256> raw{};
  if (bytes > raw.size()) std::abort();
  FillRandom(raw.data(), bytes);
  std::string hex;
  hex.reserve(2 * bytes);
  for (size_t i = 0; i < bytes; ++i) {
    hex += kHex[raw[i] >> 4];
    hex += kHex[raw[i] & 15];
  }
  return hex;
}

std::string TimeOrderedId(std::string_view prefix, absl::Time now) {
  uint64_t random = 0;
  FillRandom(&random, sizeof random);
  std::string id(prefix);
  AppendBase32(id, static_cast<uint64_t>(absl::ToUnixMillis(now)), 10);
  AppendBase32(id, random, 10);
  return id;
}

double RandomUniform() {
  thread_local std::mt19937_64 generator([] {
    uint64_t seed = 0;
    FillRandom(&seed, sizeof seed);
    return seed;
  }());
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

}  // namespace dq
