#include "common/storage/attempt_directory.h"

#include <charconv>

namespace dq {
namespace {

constexpr size_t kTokenDigits = 8;

}  // namespace

std::string AttemptDirectory(int64_t attempt, std::string_view token) {
  return "a" + std::to_string(attempt) + "-" + std::string(token.substr(0, kTokenDigits));
}

std::optional<int64_t> AttemptOfDirectory(std::string_view name) {
  if (!name.starts_with('a')) return std::nullopt;
  int64_t attempt = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + 1, end, attempt);
  if (error != std::errc() || attempt < 1 || rest == end || *rest != '-') return std::nullopt;
  return attempt;
}

}  // namespace dq
