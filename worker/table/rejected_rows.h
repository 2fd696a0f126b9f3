// What a pass over a file sets aside, in any format: the bad rows and the lines that are no rows,
// which go to the rejects, and the first bad row, which explains a file of which none can be read.
// A part of each reader. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "worker/table/bad_row.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/row_sink.h"

namespace dq {

class StateReader;
class StateWriter;

// A bad row: what is wrong with it, the place of that, and a clause that says it ("has a NUL
// byte").
struct Defect {
  BadRow kind = BadRow::kNone;
  FilePlace place;
  std::string clause;
};

class RejectedRows {
 public:
  // Starts a pass; `sink` (null: nowhere) gets the rejects.
  void Start(RowSink* sink);
  // The same where the state of another pass is restored next.
  void SetSink(RowSink* sink) { sink_ = sink; }

  // Whether the next bad row is the first of the pass: only that one needs its clause.
  bool none() const { return first_.kind == BadRow::kNone; }
  // Sets a bad row aside. `begin`: its first byte in the text.
  absl::Status AddRow(Defect defect, int64_t begin, std::string_view row);
  // Sets a line aside that is no row, for example for `reason` "comment".
  absl::Status AddLine(int64_t begin, std::string_view line, std::string_view reason);

  // PARSE_FAILED or ENCODING_INVALID: the first bad row stands for all `rows`, none of which could
  // be read. `advice` says what to look at.
  absl::Status NoneReadable(int64_t rows, std::string_view advice) const;
  // The same of one bad row that may not be rejected.
  static absl::Status Fatal(const Defect& defect);

  void Save(StateWriter& writer) const;
  void Restore(StateReader& reader);

 private:
  absl::Status Write(std::string_view number, int64_t begin, std::string_view reason,
                     std::string_view text);

  RowSink* sink_ = nullptr;
  Defect first_;
};

}  // namespace dq
