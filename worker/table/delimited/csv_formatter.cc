#include "worker/table/delimited/csv_formatter.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "common/base/status_macros.h"
#include "worker/table/bytes/file_error.h"
#include "worker/table/delimited/formula_guard.h"
#include "worker/table/values/escape.h"
#include "worker/table/values/short_text.h"

namespace dq {
namespace {

constexpr size_t kCellBytesShown = 100;

absl::Status NoQuotes(std::string_view cell) {
  return UnsupportedFormat("a cell needs quotes, and the output has none by choice: \"" +
                           EscapeUnprintable(cell.substr(0, kCellBytesShown)) + "\"");
}

}  // namespace

CsvFormatter::CsvFormatter(const Dialect& dialect, CsvHeader header, CopyRows copy,
                           FormulaGuard guard)
    : dialect_(dialect),
      quoted_bytes_(FindQuotedBytes(dialect)),
      line_end_(LineEndText(dialect.line_end)),
      header_(std::move(header)),
      copy_(copy),
      guard_(guard) {}

absl::Status CsvFormatter::AppendHeader(std::string& out) const {
  if (dialect_.bom) out += kUtf8Bom;
  if (header_.names.empty()) return absl::OkStatus();
  if (copy_ == CopyRows::kYes && !header_.text.empty()) {
    out.append(header_.text).append(line_end_);
    return absl::OkStatus();
  }
  std::vector<std::string_view> names(header_.names.begin(), header_.names.end());
  return AppendRow(out, names);
}

absl::Status CsvFormatter::AppendRows(std::string& out, const RowBatch& batch, size_t begin,
                                      size_t end) const {
  std::vector<std::string_view> cells(batch.column_count());
  for (size_t row = begin; row < end; ++row) {
    const RowInfo& info = batch.row(row);
    if (info.dropped) continue;
    if (!info.source.empty() && !info.changed && copy_ == CopyRows::kYes) {
      out += info.source;
      out += line_end_;
      continue;
    }
    for (size_t column = 0; column < cells.size(); ++column) {
      cells[column] = batch.cell(row, column);
    }
    const bool styled = info.quoted && copy_ == CopyRows::kYes;
    DQ_RETURN_IF_ERROR(styled ? AppendCells(out, cells, info.source) : AppendRow(out, cells));
  }
  return absl::OkStatus();
}

absl::Status CsvFormatter::AppendRow(std::string& out,
                                     std::span<const std::string_view> cells) const {
  if (guard_ == FormulaGuard::kOff) [[likely]]
    return AppendCells(out, cells);
  std::deque<std::string> guarded;
  std::vector<std::string_view> harmless(cells.begin(), cells.end());
  for (std::string_view& cell : harmless) {
    if (!LooksLikeFormula(cell)) continue;
    cell = guarded.emplace_back(1, kFormulaGuard).append(cell);
  }
  guarded_.fetch_add(static_cast<int64_t>(guarded.size()), std::memory_order_relaxed);
  return AppendCells(out, harmless);
}

// Of the text of the row, which may be empty, only the quotes count.
absl::Status CsvFormatter::AppendCells(std::string& out, std::span<const std::string_view> cells,
                                       std::string_view source) const {
  // Quotes around every cell, each byte of it escaped, delimiter and space behind it.
  size_t most = line_end_.size() + kCopySlackBytes + 4 * cells.size() + 2;
  for (const std::string_view cell : cells) most += 2 * cell.size();
  const size_t before = out.size();
  if (out.capacity() < before + most) out.reserve(2 * before + most);
  out.resize(before + most);
  char* end = out.data() + before;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) *end++ = dialect_.delimiter;
    if (i > 0 && dialect_.skip_space) *end++ = ' ';
    const bool quoted = !source.empty() && TakeQuotedCell(source);
    end = quoted ? PutQuoted(end, cells[i]) : PutCell(end, cells[i]);
    if (end == nullptr) return NoQuotes(cells[i]);
  }
  if (cells.size() == 1 && cells[0].empty() && dialect_.quote != 0 && end == out.data() + before) {
    *end++ = dialect_.quote;
    *end++ = dialect_.quote;
  }
  end = CopyShort(end, line_end_.data(), line_end_.size());
  out.resize(static_cast<size_t>(end - out.data()));
  return absl::OkStatus();
}

// Takes the first cell off the text of a row; returns whether it is in quotes.
bool CsvFormatter::TakeQuotedCell(std::string_view& source) const {
  const auto is = [&](size_t at, char sign) {
    return sign != 0 && at < source.size() && source[at] == sign;
  };
  size_t at = 0;
  while (dialect_.skip_space && !is(at, dialect_.delimiter) && (is(at, ' ') || is(at, '\t'))) ++at;
  const bool quoted = is(at, dialect_.quote);
  if (quoted) {
    for (++at; at < source.size(); ++at) {
      const bool pair = is(at, dialect_.quote) && is(at + 1, dialect_.quote);
      if (pair || is(at, dialect_.escape)) {
        ++at;
      } else if (is(at, dialect_.quote)) {
        break;
      }
    }
  }
  source.remove_prefix(std::min(source.find(dialect_.delimiter, at), source.size() - 1) + 1);
  return quoted;
}

CsvFormatter::QuotedBytes CsvFormatter::FindQuotedBytes(const Dialect& dialect) {
  const auto any = [&dialect](char c) { return _mm_set1_epi8(c != 0 ? c : dialect.delimiter); };
  return {.delimiter = any(dialect.delimiter),
          .quote = any(dialect.quote),
          .escape = any(dialect.escape),
          .line_feed = any('\n'),
          .carriage_return = any('\r')};
}

// Copies the cell as it is; returns the end, or null when it needs quotes.
char* CsvFormatter::PutPlain(char* out, std::string_view cell) const {
  if (cell.empty()) return out;
  if (dialect_.comment != 0 && cell.front() == dialect_.comment) return nullptr;
  if (dialect_.skip_space && (cell.front() == ' ' || cell.front() == '\t')) return nullptr;
  for (size_t at = 0; at < cell.size(); at += 16) {
    const size_t size = std::min<size_t>(16, cell.size() - at);
    const __m128i bytes = LoadShort(cell.data() + at, size);
    const __m128i line_ends = _mm_or_si128(_mm_cmpeq_epi8(bytes, quoted_bytes_.line_feed),
                                           _mm_cmpeq_epi8(bytes, quoted_bytes_.carriage_return));
    const __m128i quotes = _mm_or_si128(_mm_cmpeq_epi8(bytes, quoted_bytes_.quote),
                                        _mm_cmpeq_epi8(bytes, quoted_bytes_.escape));
    const __m128i found = _mm_or_si128(_mm_or_si128(line_ends, quotes),
                                       _mm_cmpeq_epi8(bytes, quoted_bytes_.delimiter));
    if (_mm_movemask_epi8(found) != 0) return nullptr;
    StoreShort(out + at, bytes);
  }
  return out + cell.size();
}

// Returns the end of the cell; null when it needs quotes and there are none.
char* CsvFormatter::PutCell(char* out, std::string_view cell) const {
  if (char* const end = PutPlain(out, cell); end != nullptr) return end;
  return dialect_.quote == 0 ? nullptr : PutQuoted(out, cell);
}

char* CsvFormatter::PutQuoted(char* out, std::string_view cell) const {
  const char escape = dialect_.escape != 0 ? dialect_.escape : dialect_.quote;
  *out++ = dialect_.quote;
  for (const char c : cell) {
    if (c == dialect_.quote || (c == dialect_.escape && c != 0)) *out++ = escape;
    *out++ = c;
  }
  *out++ = dialect_.quote;
  return out;
}

}  // namespace dq
