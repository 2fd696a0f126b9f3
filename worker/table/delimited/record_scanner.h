// Splits indexed bytes into records of cells, one record a call, and says what is wrong with one
// that is not well formed. Second half of reading delimited text; the rules of RFC 4180 and beyond
// are in worker/README.md. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "worker/table/bad_row.h"
#include "worker/table/delimited/dialect.h"
#include "worker/table/delimited/structural_index.h"
#include "worker/table/table_limits.h"
#include "worker/table/text_room.h"

namespace dq {

enum class ScanOutcome {
  kRecord,      // A well-formed record; the number of its cells is for the caller to judge.
  kBad,         // Not a record: `bad` and `defect` say why and where.
  kComment,     // A line that begins with the dialect's comment: begin, end and next only.
  kIncomplete,  // The record may go on after the last byte: come again with more.
};

struct Record {
  size_t begin = 0;  // First byte.
  size_t end = 0;    // After the last byte, line end not included.
  size_t next = 0;   // First byte of the next record.
  size_t cell_count = 0;
  std::vector<std::string_view> cells;  // Without their quotes; the first kColumnsMax + 1 only.
  bool plain = true;    // Outside of cells in quotes no quote, escape or stray carriage return.
  bool quoted = false;  // A cell is in quotes.
  BadRow bad = BadRow::kNone;
  size_t defect = 0;  // The offending byte of a bad record.
};

class RecordScanner {
 public:
  // `window_bytes`: how much is indexed at once; never changes what is found.
  explicit RecordScanner(const Dialect& dialect, size_t window_bytes = kIndexWindowBytes)
      : dialect_(dialect),
        usual_dialect_(dialect.comment == 0 && dialect.escape == 0 && !dialect.skip_space &&
                       dialect.line_end != LineEnd::kCr),
        index_(dialect, ByteClassifiers().front(), window_bytes) {}

  // Starts over with `data[0, size)`, readable for kIndexPaddingBytes more, which lie at byte
  // `offset` of the file. kLast: nothing comes after these bytes. What bad records before
  // `offset` have shown about bytes behind it is remembered, until an `offset` that is not behind
  // the one before.
  enum class Tail { kMoreMayCome, kLast };
  void Start(const char* data, size_t size, Tail tail, int64_t offset = 0);

  // The byte of the file up to which later records are known to be bad, and why; to be given to
  // another scanner that goes on at `offset`.
  struct Doom {
    int64_t end = 0;
    BadRow kind = BadRow::kNone;
  };
  Doom doom() const { return {offset_ + static_cast<int64_t>(doomed_end_), doomed_kind_}; }
  void Remember(const Doom& doom, int64_t offset);

  // Whether all bytes are used up.
  bool AtEnd() const { return position_ >= size_; }
  // Scans the next record. After kIncomplete the position stays. A bad record ends at its first
  // line end, so that a stray quote costs one line and not the rest of the file.
  ScanOutcome Next();
  // The record of the last Next, valid until the next call.
  const Record& record() const { return record_; }
  // Its bytes, until ResolveDoubledQuotes in place.
  std::string_view text() const { return {data_ + record_.begin, record_.end - record_.begin}; }
  // Makes doubled quotes in the cells of the last record single ones and takes escapes out, in
  // place: the bytes of the record are not what they were. `data` are those of Start, writable.
  void ResolveDoubledQuotes(char* data);
  // The same in copies of such cells, which are in `room`; the record has at most as many bytes as
  // a block of it.
  void ResolveDoubledQuotes(TextRoom& room);
  // The cells of the last record as ResolveDoubledQuotes would make them, copied.
  std::vector<std::string> ResolvedCells() const;
  // Whether these are `texts`. A byte order mark before the first one does not count, nor quotes
  // behind it: the beginning of another file.
  bool CellsAre(std::span<const std::string> texts) const;
  // Where the next record begins.
  size_t position() const { return position_; }
  // Ends an incomplete record at its first line end as kQuoteBeyondLimit, because there will be no
  // more room for it; so will end every later one that goes on behind its line in a quoted cell
  // before the last byte given. Returns false when it has no line end either.
  bool GiveUp();
  const StructuralIndex& index() const { return index_; }

 private:
  enum class CellEnd { kDelimiter, kLine, kBad, kIncomplete };

  bool NextUsual();
  const uint32_t* EndUsualCell(const uint32_t* cursor, std::string_view& cell);
  ScanOutcome NextComment();
  CellEnd ScanPlainCell(size_t begin);
  CellEnd ScanQuotedCell(size_t begin);
  CellEnd EndQuotedCell(size_t begin, size_t quote, bool doubled);
  CellEnd EndAtInputEnd(size_t begin, size_t end);
  // Whether the byte at `at` takes its special meaning from the next one.
  bool Escapes(size_t at) const;
  // Moves the cursor to the next structural byte of the data or to their end.
  void StepCursor();
  // The same when it may stand behind the last one of a window.
  void SettleCursor();
  // Moves the cursor to the first structural byte not before `at`, which was indexed.
  void PlaceCursor(size_t at);
  size_t SkipSpace(size_t at) const;
  enum class CellKind { kPlain, kQuoted };
  size_t Resolve(std::string_view cell, CellKind kind, char* out) const;
  template <typename Place>
  void ResolveCells(const Place& place);
  bool CellIs(size_t cell, std::string_view text) const;
  std::string_view WithoutMark(std::string_view cell) const;
  bool IsQuote(char c) const { return c == dialect_.quote && c != 0; }
  CellEnd Bad(BadRow kind, size_t defect);
  void DoomUntil(BadRow kind, size_t end);
  void AddCell(size_t begin, size_t end);
  void EndRecord(size_t end, size_t next);
  size_t FirstLineEnd() const;
  void CutAtFirstLineEnd();
  bool IsLineEnd(size_t at) const;

  Dialect dialect_;
  bool usual_dialect_;  // Whether NextUsual can say anything.
  StructuralIndex index_;
  const char* data_ = nullptr;
  size_t size_ = 0;
  bool last_ = false;
  size_t position_ = 0;
  const uint32_t* cursor_ = nullptr;  // The first structural byte not looked at.
  size_t indexed_end_ = 0;            // Of the window that the cursor is in: its sentinel.
  Record record_;
  std::vector<size_t> doubled_;  // Quoted cells with doubled quotes or escapes.
  std::vector<size_t> escaped_;  // Plain cells with escapes.

  // A record crosses a line end in a quoted cell only, so all records that cross the same one go
  // on alike: when one of them is bad at `doomed_end_`, so is every later one that crosses a line
  // end before it. Without this, text of many stray quotes would be scanned again from every line.
  int64_t offset_ = 0;
  size_t doomed_end_ = 0;
  BadRow doomed_kind_ = BadRow::kNone;
};

}  // namespace dq
