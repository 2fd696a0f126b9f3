// Puts a table of a test into the records that fuzzy matching compares. Sits beside the tests.
// Not thread-safe.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "worker/stages/dedupe/record_store.h"

namespace dq {

// Adds the rows of a table, which is given by its columns.
inline void AddRows(RecordStore& store, const std::vector<std::vector<std::string>>& table) {
  RowBatch batch;
  batch.Reset(table.size());
  std::vector<std::string_view> cells(table.size());
  for (size_t row = 0; row < table.front().size(); ++row) {
    for (size_t i = 0; i < table.size(); ++i) cells[i] = table[i][row];
    batch.AddRow({.number = static_cast<int64_t>(row) + 1}, cells.data());
    EXPECT_TRUE(store.Add(batch, row).ok());
  }
}

}  // namespace dq
