#include "worker/stages/complete/reference/key_spellings.h"

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kBytesASpelling = 40;  // With its share of a map that doubles.
constexpr size_t kSpellingsTaken = 4096;

}  // namespace

absl::Status KeySpellings::Set(uint64_t hash, int64_t place) {
  if (places_.size() * kBytesASpelling == taken_.bytes()) {
    DQ_RETURN_IF_ERROR(taken_.Take(kSpellingsTaken * kBytesASpelling));
  }
  int64_t& noted = places_.try_emplace(hash, place).first->second;
  if (noted != kForgotten) noted = place;
  return absl::OkStatus();
}

void KeySpellings::Forget(uint64_t hash) { places_[hash] = kForgotten; }

std::optional<int64_t> KeySpellings::Find(uint64_t hash) const {
  const auto found = places_.find(hash);
  if (found == places_.end() || found->second == kForgotten) return std::nullopt;
  return found->second;
}

}  // namespace dq
