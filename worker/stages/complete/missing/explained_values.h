// Takes back findings of values that another column explains: the salary 0 of every volunteer is
// data. Beside the finders, which see one column each. The rules are published in worker/README.md.
// Immutable; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "worker/stages/complete/missing/disguise.h"
#include "worker/stages/complete/missing/disguise_finder.h"
#include "worker/stages/complete/missing/missing_tokens.h"
#include "worker/stages/complete/sample/encoded_column.h"

namespace dq {

// What was found in the columns of a sample.
struct SampleFindings {
  std::span<const EncodedColumn> columns;
  std::span<const DisguiseFindings> found;  // By column.
  const MissingTokens& tokens;
};

// Whether a disguise might be data: a number 0 or a day so late that it may mean "without end".
bool CouldBeExplained(const Disguise& disguise);

// What explains the values of a sample. Columns that no other can be explained by, or be missing
// together with, are found out once and not looked at again: a table may have thousands.
class Explanations {
 public:
  // What `sample` refers to outlives it.
  explicit Explanations(const SampleFindings& sample);

  // Returns the first column whose values say in which rows those disguises of `column` stand that
  // could be explained; nothing when there is none, or when other cells are missing in these rows.
  std::optional<size_t> Find(size_t column) const;
  // How many columns are looked at for each that has such disguises.
  size_t candidates() const { return blank_.size() + few_values_.size(); }

 private:
  using Bits = std::vector<uint64_t>;  // By row.
  struct BlankCells {
    size_t column;
    Bits rows;
    int64_t count;
  };
  struct Stand;

  bool CouldBeExplainedIn(size_t column) const;
  void NoteBlanks(size_t column);
  Stand FindStand(size_t column) const;
  static bool IsMissingThere(const BlankCells& blanks, const Stand& stand);
  bool Explains(size_t column, const Stand& stand) const;

  SampleFindings sample_;
  std::vector<BlankCells> blank_;   // Of the columns that have any.
  std::vector<size_t> few_values_;  // Columns that may explain others.
};

}  // namespace dq
