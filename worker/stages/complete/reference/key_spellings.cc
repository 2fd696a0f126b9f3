#include "worker/stages/complete/reference/key_spellings.h"

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kBytesASpelling = 40;  // With its share of a map that doubles.
constexpr size_t kSpellingsTaken = 4096;

}  // namespace

absl::Status KeySpellings::Add(const Spelled& first, const Spelled& later, bool known) {
  if (first.hash == later.hash) {
    // Without an entry the first row is not found anyway, as long as it never gets one: see below.
    if (const auto found = places_.find(first.hash); found != places_.end()) found->second = kTwice;
    return absl::OkStatus();
  }
  // A known first row has its entry, or its spelling occurs twice.
  if (!known) DQ_RETURN_IF_ERROR(Insert(first));
  return Insert(later);
}

absl::Status KeySpellings::Insert(const Spelled& spelled) {
  if (places_.size() * kBytesASpelling == taken_.bytes()) {
    DQ_RETURN_IF_ERROR(taken_.Take(kSpellingsTaken * kBytesASpelling));
  }
  const auto [place, is_new] = places_.try_emplace(spelled.hash, spelled.place);
  if (!is_new) place->second = kTwice;
  return absl::OkStatus();
}

std::optional<int64_t> KeySpellings::Find(uint64_t hash) const {
  const auto found = places_.find(hash);
  if (found == places_.end() || found->second == kTwice) return std::nullopt;
  return found->second;
}

}  // namespace dq
