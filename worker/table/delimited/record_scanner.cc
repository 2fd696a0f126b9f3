#include "worker/table/delimited/record_scanner.h"

#include <algorithm>
#include <cstring>

namespace dq {

void RecordScanner::Start(const char* data, size_t size, Tail tail, int64_t offset) {
  const bool onwards = offset > offset_;
  const auto gone = static_cast<size_t>(onwards ? offset - offset_ : 0);
  doomed_end_ = onwards && doomed_end_ > gone ? doomed_end_ - gone : 0;
  offset_ = offset;
  data_ = data;
  size_ = size;
  last_ = tail == Tail::kLast;
  position_ = 0;
  index_.Build(data, size);
  cursor_ = index_.positions();
  indexed_end_ = index_.window_end();
  SettleCursor();
}

void RecordScanner::Remember(const Doom& doom, int64_t offset) {
  // As if the bytes before had just been scanned: Start keeps what lies behind an earlier offset.
  offset_ = offset - 1;
  doomed_end_ = static_cast<size_t>(std::max<int64_t>(0, doom.end - offset_));
  doomed_kind_ = doom.kind;
}

ScanOutcome RecordScanner::Next() {
  if (usual_dialect_ && NextUsual()) return ScanOutcome::kRecord;
  record_.begin = position_;
  record_.cell_count = 0;
  record_.cells.clear();
  record_.plain = true;
  record_.quoted = false;
  record_.bad = BadRow::kNone;
  doubled_.clear();
  escaped_.clear();
  if (dialect_.comment != 0 && position_ < size_ && data_[position_] == dialect_.comment) {
    return NextComment();
  }
  for (size_t begin = position_;;) {
    if (dialect_.skip_space) begin = SkipSpace(begin);
    const bool quoted = begin < size_ && IsQuote(data_[begin]);
    switch (quoted ? ScanQuotedCell(begin) : ScanPlainCell(begin)) {
      case CellEnd::kDelimiter:
        begin = *cursor_++ + 1;
        continue;
      case CellEnd::kLine:
        position_ = record_.next;
        if (record_.bad != BadRow::kNone) return ScanOutcome::kBad;
        return ScanOutcome::kRecord;
      case CellEnd::kBad:
        // Where the line ends decides where the next record begins.
        if (!last_ && FirstLineEnd() == size_) {
          PlaceCursor(position_);
          return ScanOutcome::kIncomplete;
        }
        CutAtFirstLineEnd();
        return ScanOutcome::kBad;
      case CellEnd::kIncomplete:
        PlaceCursor(position_);
        return ScanOutcome::kIncomplete;
    }
  }
}

// Scans a record that is like most: as many cells as the one before had, each without a quote, or
// in quotes without a quote, an escape or a line end inside. Else returns false, and the record is
// as if it had not been looked at.
bool RecordScanner::NextUsual() {
  std::vector<std::string_view>& cells = record_.cells;
  if (cells.empty() || cells.size() != record_.cell_count) return false;
  const uint32_t* cursor = cursor_;
  size_t begin = position_;
  bool quoted = false;
  const size_t last = cells.size() - 1;
  for (size_t i = 0;; ++i, ++cursor) {
    size_t at = *cursor;
    if (at == indexed_end_) return false;
    if (at == begin && IsQuote(data_[at])) {
      quoted = true;
      cursor = EndUsualCell(cursor, cells[i]);
      if (cursor == nullptr) return false;
      at = *cursor;
    } else {
      cells[i] = {data_ + begin, at - begin};
    }
    if (i == last) break;
    if (at == indexed_end_ || data_[at] != dialect_.delimiter) return false;
    begin = at + 1;
  }
  const size_t end = *cursor;
  if (end == indexed_end_) return false;
  if (data_[end] == '\r' && cursor[1] == end + 1) ++cursor;
  if (*cursor == indexed_end_ || data_[*cursor] != '\n') return false;
  record_.begin = position_;
  record_.end = end;
  record_.next = position_ = *cursor + 1;
  record_.plain = true;
  record_.quoted = quoted;
  record_.bad = BadRow::kNone;
  doubled_.clear();
  escaped_.clear();
  cursor_ = cursor + 1;
  return true;
}

// Takes a quoted cell whose opening quote is at `cursor`; returns where the structural byte behind
// its closing quote is, null when the cell is not a usual one.
const uint32_t* RecordScanner::EndUsualCell(const uint32_t* cursor, std::string_view& cell) {
  const size_t begin = *cursor + 1;
  do ++cursor;
  while (*cursor != indexed_end_ && data_[*cursor] == dialect_.delimiter);
  const size_t quote = *cursor;
  if (quote == indexed_end_ || !IsQuote(data_[quote]) || cursor[1] != quote + 1) return nullptr;
  cell = {data_ + begin, quote - begin};
  return cursor + 1;
}

ScanOutcome RecordScanner::NextComment() {
  if (!last_ && FirstLineEnd() == size_) return ScanOutcome::kIncomplete;
  CutAtFirstLineEnd();
  return ScanOutcome::kComment;
}

RecordScanner::CellEnd RecordScanner::ScanPlainCell(size_t begin) {
  for (;; ++cursor_) {
    if (*cursor_ == indexed_end_) [[unlikely]] {
      SettleCursor();
      if (*cursor_ == size_) return EndAtInputEnd(begin, size_);
    }
    const size_t at = *cursor_;
    const char c = data_[at];
    if (c == dialect_.delimiter) {
      AddCell(begin, at);
      return CellEnd::kDelimiter;
    }
    if (IsLineEnd(at)) {
      const size_t end = c == '\n' && at > begin && data_[at - 1] == '\r' ? at - 1 : at;
      AddCell(begin, end);
      EndRecord(end, at + 1);
      return CellEnd::kLine;
    }
    if (c == '\r') {
      // The padding byte behind the last one is never a line feed of this input.
      if (at + 1 == size_ || data_[at + 1] != '\n') record_.plain = false;
    } else if (c == '\0') {
      (void)Bad(BadRow::kNulByte, at);
    } else {
      record_.plain = false;
      if (Escapes(at)) {
        if (escaped_.empty() || escaped_.back() != record_.cell_count) {
          escaped_.push_back(record_.cell_count);
        }
        StepCursor();  // All bytes that can be escaped are structural ones.
      }
    }
  }
}

RecordScanner::CellEnd RecordScanner::ScanQuotedCell(size_t begin) {
  record_.quoted = true;
  bool doubled = false;
  SettleCursor();
  for (StepCursor();; StepCursor()) {
    const size_t at = *cursor_;
    if (at == size_) {
      if (!last_) return CellEnd::kIncomplete;
      DoomUntil(BadRow::kUnterminatedQuote, size_);
      return Bad(BadRow::kUnterminatedQuote, begin);
    }
    if (data_[at] == '\0') (void)Bad(BadRow::kNulByte, at);
    if (Escapes(at)) {
      doubled = true;
      StepCursor();
      continue;
    }
    if (!IsQuote(data_[at])) {
      if (at < doomed_end_ && IsLineEnd(at)) return Bad(doomed_kind_, begin);
      continue;
    }
    if (at + 1 < size_ && IsQuote(data_[at + 1])) {
      doubled = true;
      StepCursor();
      continue;
    }
    StepCursor();
    return EndQuotedCell(begin, at, doubled);
  }
}

RecordScanner::CellEnd RecordScanner::EndQuotedCell(size_t begin, size_t quote, bool doubled) {
  if (doubled) doubled_.push_back(record_.cell_count);
  AddCell(begin + 1, quote);
  size_t at = dialect_.skip_space ? SkipSpace(quote + 1) : quote + 1;
  if (at < size_ && data_[at] == dialect_.delimiter) return CellEnd::kDelimiter;
  if (at < size_ && data_[at] == '\r' && !IsLineEnd(at)) {
    ++at;
    StepCursor();
  }
  if (at >= size_) {
    if (!last_) return CellEnd::kIncomplete;
    EndRecord(quote + 1, size_);
    return CellEnd::kLine;
  }
  if (!IsLineEnd(at)) {
    DoomUntil(BadRow::kTextAfterQuote, quote + 1);
    return Bad(BadRow::kTextAfterQuote, quote + 1);
  }
  EndRecord(quote + 1, at + 1);
  return CellEnd::kLine;
}

RecordScanner::CellEnd RecordScanner::EndAtInputEnd(size_t begin, size_t end) {
  if (!last_) return CellEnd::kIncomplete;
  if (dialect_.line_end == LineEnd::kCrLf && end > begin && data_[end - 1] == '\r') --end;
  AddCell(begin, end);
  EndRecord(end, size_);
  return CellEnd::kLine;
}

bool RecordScanner::Escapes(size_t at) const {
  if (dialect_.escape == 0 || data_[at] != dialect_.escape || at + 1 >= size_) return false;
  const char next = data_[at + 1];
  return next == dialect_.escape || next == dialect_.delimiter || IsQuote(next);
}

void RecordScanner::StepCursor() {
  if (*cursor_ != indexed_end_) ++cursor_;
  SettleCursor();
}

void RecordScanner::SettleCursor() {
  while (*cursor_ == indexed_end_ && index_.Advance()) {
    cursor_ = index_.positions();
    indexed_end_ = index_.window_end();
  }
}

void RecordScanner::PlaceCursor(size_t at) {
  if (at < index_.window_begin()) index_.MoveTo(at);
  indexed_end_ = index_.window_end();
  cursor_ = std::lower_bound(index_.positions(), index_.end_position(), static_cast<uint32_t>(at));
  SettleCursor();
}

size_t RecordScanner::SkipSpace(size_t at) const {
  while (at < size_ && data_[at] != dialect_.delimiter && (data_[at] == ' ' || data_[at] == '\t')) {
    ++at;
  }
  return at;
}

RecordScanner::CellEnd RecordScanner::Bad(BadRow kind, size_t defect) {
  if (record_.bad == BadRow::kNone || kind != BadRow::kNulByte) {
    record_.bad = kind;
    record_.defect = defect;
  }
  return CellEnd::kBad;
}

void RecordScanner::DoomUntil(BadRow kind, size_t end) {
  if (end <= doomed_end_) return;
  doomed_end_ = end;
  doomed_kind_ = kind;
}

void RecordScanner::AddCell(size_t begin, size_t end) {
  if (record_.cell_count++ <= kColumnsMax) record_.cells.emplace_back(data_ + begin, end - begin);
}

void RecordScanner::EndRecord(size_t end, size_t next) {
  record_.end = end;
  record_.next = next;
  while (*cursor_ < next && *cursor_ != size_) StepCursor();
}

bool RecordScanner::GiveUp() {
  DoomUntil(BadRow::kQuoteBeyondLimit, size_);
  (void)Bad(BadRow::kQuoteBeyondLimit, record_.begin);
  CutAtFirstLineEnd();
  return record_.next <= size_;
}

size_t RecordScanner::FirstLineEnd() const {
  const char line_end = dialect_.line_end == LineEnd::kCr ? '\r' : '\n';
  const auto* found =
      static_cast<const char*>(std::memchr(data_ + record_.begin, line_end, size_ - record_.begin));
  return found == nullptr ? size_ : static_cast<size_t>(found - data_);
}

void RecordScanner::CutAtFirstLineEnd() {
  const size_t at = FirstLineEnd();
  const bool crlf = at < size_ && data_[at] == '\n' && at > record_.begin && data_[at - 1] == '\r';
  PlaceCursor(record_.begin);
  EndRecord(crlf ? at - 1 : at, at + 1);
  position_ = record_.next;
}

// `place` says where what a cell means is to be.
template <typename Place>
void RecordScanner::ResolveCells(const Place& place) {
  const auto resolve = [&](size_t cell, CellKind kind) {
    if (cell >= record_.cells.size()) return;
    const std::string_view text = record_.cells[cell];
    char* const begin = place(text);
    record_.cells[cell] = {begin, Resolve(text, kind, begin)};
  };
  for (const size_t cell : doubled_) resolve(cell, CellKind::kQuoted);
  for (const size_t cell : escaped_) resolve(cell, CellKind::kPlain);
}

void RecordScanner::ResolveDoubledQuotes(char* data) {
  ResolveCells([&](std::string_view text) { return data + (text.data() - data_); });
}

void RecordScanner::ResolveDoubledQuotes(TextRoom& room) {
  ResolveCells([&](std::string_view text) { return room.Take(text.size()); });
}

std::vector<std::string> RecordScanner::ResolvedCells() const {
  std::vector<std::string> cells(record_.cells.begin(), record_.cells.end());
  const auto resolve = [&](size_t cell, CellKind kind) {
    if (cell >= cells.size()) return;
    cells[cell].resize(Resolve(record_.cells[cell], kind, cells[cell].data()));
  };
  for (const size_t cell : doubled_) resolve(cell, CellKind::kQuoted);
  for (const size_t cell : escaped_) resolve(cell, CellKind::kPlain);
  return cells;
}

bool RecordScanner::CellsAre(std::span<const std::string> texts) const {
  if (texts.size() != record_.cell_count) return false;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!CellIs(i, texts[i])) return false;
  }
  return true;
}

bool RecordScanner::CellIs(size_t cell, std::string_view text) const {
  const std::string_view raw = record_.cells[cell];
  const bool doubled = std::binary_search(doubled_.begin(), doubled_.end(), cell);
  const bool escaped = std::binary_search(escaped_.begin(), escaped_.end(), cell);
  const auto is = [&](std::string_view resolved) {
    return resolved == text || (cell == 0 && WithoutMark(resolved) == text);
  };
  if (!doubled && !escaped) return is(raw);
  if (raw.size() / 2 > kUtf8Bom.size() + 2 + text.size()) return false;  // Spares a long copy.
  std::string resolved(raw);
  resolved.resize(Resolve(raw, doubled ? CellKind::kQuoted : CellKind::kPlain, resolved.data()));
  return is(resolved);
}

std::string_view RecordScanner::WithoutMark(std::string_view cell) const {
  if (!cell.starts_with(kUtf8Bom)) return cell;
  cell.remove_prefix(kUtf8Bom.size());
  const bool quoted = cell.size() >= 2 && IsQuote(cell.front()) && IsQuote(cell.back());
  return quoted ? cell.substr(1, cell.size() - 2) : cell;
}

// Writes what `text` means to `out`, which may be where it stands; returns its length.
size_t RecordScanner::Resolve(std::string_view text, CellKind kind, char* out) const {
  char* const begin = out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto at = static_cast<size_t>(text.data() - data_) + i;
    if (i + 1 < text.size() && Escapes(at))
      ++i;
    else if (kind == CellKind::kQuoted && IsQuote(text[i]))
      ++i;
    *out++ = text[i];
  }
  return static_cast<size_t>(out - begin);
}

bool RecordScanner::IsLineEnd(size_t at) const {
  return data_[at] == (dialect_.line_end == LineEnd::kCr ? '\r' : '\n');
}

}  // namespace dq
