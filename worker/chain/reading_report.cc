#include "worker/chain/reading_report.h"

#include "worker/table/bytes/utf8_lines.h"

namespace dq {
namespace {

std::string Character(char c) { return c == 0 ? "" : std::string(1, c); }

ReportDialect DescribeDialect(const TableLayout& layout) {
  static constexpr const char* kLineEndNames[] = {"lf", "crlf", "cr"};
  const Dialect& dialect = layout.dialect;
  ReportDialect described;
  described.format = TableFormatName(layout.form.format);
  described.compression = CompressionName(layout.form.compression);
  described.encoding = TextEncodingName(layout.form.encoding);
  if (dialect.bom) described.encoding += "-bom";
  described.encoding_confidence = layout.form.encoding_confidence;
  described.line_end = kLineEndNames[static_cast<size_t>(dialect.line_end)];
  described.header = layout.header;
  described.header_confidence = layout.header_confidence;
  described.confidence = layout.confidence;
  described.preamble_lines = static_cast<int64_t>(layout.preamble.size());
  if (layout.form.format == TableFormat::kJsonLines) return described;
  described.delimiter = dialect.delimiter;
  described.quote = Character(dialect.quote);
  described.escape = Character(dialect.escape);
  described.comment = Character(dialect.comment);
  described.skip_space = dialect.skip_space;
  if (layout.runner_up.has_value()) {
    described.runner_up = {.delimiter = Character(layout.runner_up->delimiter),
                           .quote = Character(layout.runner_up->quote),
                           .escape = Character(layout.runner_up->escape),
                           .confidence = layout.runner_up_confidence};
  }
  return described;
}

void Note(Report& report, int64_t count, const char* what) {
  if (count > 0) report.limits.push_back(std::to_string(count) + what);
}

// What is UTF-8 and was read as something else has come out as other letters.
void NoteLinesOfUtf8(const RowReader& reader, Report& report) {
  const Utf8Lines* const lines = reader.source().utf8_lines();
  if (lines == nullptr || lines->well_formed() == 0) return;
  report.limits.push_back(
      std::to_string(lines->well_formed()) + " lines look like UTF-8 and were read as " +
      report.dialect.encoding + ", the first at byte " + std::to_string(lines->first_place()) +
      ": their letters beyond ASCII come out wrong. Save the file in one encoding, or read it as "
      "UTF-8 (--encoding utf-8), which rejects the " +
      std::to_string(lines->others()) + " lines that are not.");
}

}  // namespace

void ReportReading(const RowReader& reader, Report& report) {
  report.rows_in = reader.rows();
  report.rows_rejected = reader.rows_rejected();
  report.dialect = DescribeDialect(reader.layout());
  report.dialect.comment_lines = reader.comment_lines();
  Note(report, reader.rows_padded(), " rows were too short and got empty cells at their ends.");
  Note(report, reader.blank_lines(), " blank lines were skipped; they are no rows.");
  Note(report, report.dialect.preamble_lines,
       " lines before the table were taken for no rows; they are in the rejects.");
  Note(report, reader.comment_lines(),
       " comments were taken for no rows; they are in the rejects.");
  Note(report, reader.long_quotes(),
       " rows have a quote that is not closed within 64 MiB, the limit of a row: their first lines "
       "are in the rejects as quote_beyond_limit, and the lines behind them were read as rows. "
       "Where these are long cells, shorten them; where the quotes are stray, correct them, or say "
       "that there are no quotes (--quote none).");
  Note(report, reader.repeated_headers(),
       " rows repeat the header, as where files were put behind each other; they are in the "
       "rejects as repeated_header.");
  if (report.dialect.encoding_confidence < 1) {
    report.limits.push_back("The encoding is a guess, " + report.dialect.encoding +
                            ". Where letters are wrong, name the right one (--encoding).");
  }
  NoteLinesOfUtf8(reader, report);
  for (const std::string& note : reader.layout().notes) report.limits.push_back(note);
}

}  // namespace dq
