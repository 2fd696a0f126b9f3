#include "common/base/random_id.h"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <random>

namespace dq {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase32Hex = "0123456789abcdefghijklmnopqrstuv";

void FillRandom(void* data, size_t size) {
  // Up to 256 bytes never fail or come short once the kernel's pool is ready.
  if (getrandom(data, size, 0) != static_cast<ssize_t>(size)) std::abort();
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
