// Which record of a cluster stays, and what it takes over from the others. Sits under the stage
// that sees all records before it decides. Filled in input order; decided once; then read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/chain/chain_spec.h"
#include "worker/chain/memory_budget.h"
#include "worker/stages/dedupe/record_ranks.h"
#include "worker/stages/dedupe/record_store.h"
#include "worker/table/row_batch.h"

namespace dq {

class Survivorship {
 public:
  // A missing cell of the survivor and what another record of its cluster holds there.
  struct MergedCell {
    size_t column = 0;
    std::string_view value;  // As long as the survivorship lives.
    RecordId from = 0;       // The first record that holds the value.
  };

  // `columns` are those of the file. SCHEMA_INCOMPATIBLE when the column of `newest` is not there.
  static absl::StatusOr<Survivorship> Create(const DedupeOptions& options,
                                             const std::vector<std::string>& columns,
                                             MemoryBudget& memory);

  // Notes what decides about a record; records come in the order of their ids. OUT_OF_MEMORY.
  absl::Status Add(const RowBatch& batch, size_t row);

  // Call it once, behind the last record: what a value of the column of `newest` means shows only
  // when all are known. CANCELLED when `stop` says so.
  absl::Status Decide(const std::function<bool()>& stop);
  // After that: what could not be decided, a sentence; "" when all could.
  const std::string& note() const { return note_; }

  // The one of `members` (ascending, at least one) that stays; among equals the first.
  RecordId Choose(std::span<const RecordId> members) const;
  // What `survivor` takes over: for each of its missing cells the value that most of `members`
  // hold, among equals the one that comes first. Nothing unless merging was asked for.
  std::vector<MergedCell> Merge(RecordId survivor, std::span<const RecordId> members) const;

 private:
  explicit Survivorship(RecordRanks ranks) : ranking_(std::move(ranks)) {}

  // A record whose rank shows when all are known, and its value.
  struct Undecided {
    RecordId record;
    ValueId value;
    int64_t row;  // Of the input.
  };

  RecordRanks ranking_;
  bool chooses_ = false;  // Whether any but the first one may stay.
  std::string newest_name_;
  std::optional<ValueDictionary> values_;  // Of the undecided records, until it is decided.
  std::vector<Undecided> undecided_;       // As long.
  std::string note_;
  std::vector<double> ranks_;           // By record, when it chooses; the highest stays.
  std::unique_ptr<RecordStore> cells_;  // As they are written; only to merge.
};

}  // namespace dq
