// Collects the wrong fields of a request, so that a caller learns of all of them at once. Not
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/rpc/status_mapping.h"

namespace dq {

// Of the reason that a caller gives for the audit.
inline constexpr size_t kReasonCharactersMax = 500;

// Returns whether `text` has at most `characters_max` characters and no control characters, which
// neither people nor PostgreSQL can take. `text` is valid UTF-8.
inline bool IsPlainText(std::string_view text, size_t characters_max) {
  size_t characters = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return false;
    if ((byte & 0xC0) != 0x80) ++characters;  // Not a continuation byte.
  }
  return characters <= characters_max;
}

class Violations {
 public:
  // Notes `description` against `field` unless `holds`; beyond a thousand nothing.
  void Require(bool holds, std::string_view field, std::string_view description) {
    if (!holds) Note({std::string(field), std::string(description)});
  }
  // Notes the violations of a failed check; OK notes nothing.
  void Merge(const absl::Status& status) {
    for (FieldViolation& violation : FieldViolationsOf(status)) {
      Note(std::move(violation));
    }
  }
  // Checks the field `reason` of a request.
  void RequireReason(std::string_view reason) {
    Require(IsPlainText(reason, kReasonCharactersMax), "reason",
            "at most 500 characters and no control characters");
  }
  // Returns INVALID_ARGUMENT (BAD_FIELD) with what was noted, or OK.
  absl::Status ToStatus() const {
    return list_.empty() ? absl::OkStatus() : FieldError("BAD_FIELD", list_);
  }

 private:
  // Far more than are told; a request of a few MiB may have a million.
  static constexpr size_t kNotedMax = 1000;

  void Note(FieldViolation violation) {
    if (list_.size() < kNotedMax) list_.push_back(std::move(violation));
  }

  std::vector<FieldViolation> list_;
};

}  // namespace dq
