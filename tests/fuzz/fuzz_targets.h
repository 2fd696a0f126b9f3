// What is fuzzed: every reader of foreign bytes, with the properties that hold for any bytes at
// all. A target aborts when a property does not hold; sanitizers see to the rest.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace dq {

struct FuzzTarget {
  std::string_view name;  // Also the folder of its corpus.
  void (*run)(std::string_view bytes);
};

// read_table: any file, everything found out. read_dialect: delimited text in a dialect chosen by
// the first bytes. read_json_lines. unpack: gzip and zstd. to_utf8: every encoding. The others are
// in fuzz_structure_targets.h and fuzz_chain_targets.h.
std::span<const FuzzTarget> FuzzTargets();

}  // namespace dq
