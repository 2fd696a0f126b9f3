// Turns a record into the hashes by which stage `dedupe` compares. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "worker/chain/chain_spec.h"
#include "worker/stages/dedupe/cell_form.h"
#include "worker/stages/dedupe/first_row_set.h"
#include "worker/stages/dedupe/scratch_bytes.h"
#include "worker/table/row_batch.h"

namespace dq {

class RecordHasher {
 public:
  // Compares the cells of `columns` (indexes) by `match`, each in its form unless byte for byte.
  RecordHasher(std::vector<size_t> columns, MatchKind match, std::vector<CellForm> forms)
      : columns_(std::move(columns)), match_(match), forms_(std::move(forms)) {}

  // The hashes of a record: XXH3, 128 bits, over the compared cells, each ended by a byte 0, which
  // no cell holds.
  RecordHash Hash(const RowBatch& batch, size_t row);
  // Whether all compared cells are empty or white space.
  bool IsBlank(const RowBatch& batch, size_t row) const;

 private:
  RecordHash HashAsIs(const RowBatch& batch, size_t row, char* exact, size_t bytes);
  RecordHash HashFolded(const RowBatch& batch, size_t row, char* exact, size_t bytes);

  std::vector<size_t> columns_;
  MatchKind match_;
  std::vector<CellForm> forms_;  // By place in `columns_`.
  ScratchBytes exact_;
  ScratchBytes folded_;
};

}  // namespace dq
