#include "worker/table/rejected_rows.h"

#include <array>
#include <string>
#include <utility>

#include "worker/table/bytes/state_reader.h"
#include "worker/table/bytes/state_writer.h"
#include "worker/table/reject_content.h"

namespace dq {
namespace {

constexpr size_t kClauseBytesMax = 4096;

absl::Status Unreadable(BadRow kind, std::string_view message, const FilePlace& place) {
  return kind == BadRow::kInvalidUtf8 ? EncodingInvalid(message, place)
                                      : ParseFailed(message, place);
}

}  // namespace

void RejectedRows::Start(RowSink* sink) {
  sink_ = sink;
  first_ = {};
}

absl::Status RejectedRows::AddRow(Defect defect, int64_t begin, std::string_view row) {
  const BadRow kind = defect.kind;
  const int64_t number = defect.place.row;
  if (none()) first_ = std::move(defect);
  return sink_ == nullptr ? absl::OkStatus()
                          : Write(std::to_string(number), begin, BadRowName(kind), row);
}

absl::Status RejectedRows::AddLine(int64_t begin, std::string_view line, std::string_view reason) {
  return sink_ == nullptr ? absl::OkStatus() : Write("", begin, reason, line);
}

absl::Status RejectedRows::Write(std::string_view number, int64_t begin, std::string_view reason,
                                 std::string_view text) {
  const std::string byte = std::to_string(begin);
  const std::string content = RejectContent(text);
  const std::array<std::string_view, 4> cells = {number, byte, reason, content};
  return sink_->Add(cells);
}

absl::Status RejectedRows::NoneReadable(int64_t rows, std::string_view advice) const {
  return Unreadable(first_.kind,
                    "none of the " + std::to_string(rows) + " rows could be read: row " +
                        std::to_string(first_.place.row) + " " + first_.clause + "; " +
                        std::string(advice),
                    first_.place);
}

absl::Status RejectedRows::Fatal(const Defect& defect) {
  return Unreadable(defect.kind,
                    "row " + std::to_string(defect.place.row) + " (byte " +
                        std::to_string(defect.place.byte) + ") " + defect.clause +
                        "; correct it, or let bad rows be rejected",
                    defect.place);
}

void RejectedRows::Save(StateWriter& writer) const {
  writer.Put(static_cast<int64_t>(first_.kind));
  writer.Put(first_.place.row);
  writer.Put(first_.place.column);
  writer.Put(first_.place.byte);
  writer.PutText(std::string_view(first_.clause).substr(0, kClauseBytesMax));
}

void RejectedRows::Restore(StateReader& reader) {
  first_.kind = static_cast<BadRow>(reader.GetCount(static_cast<int64_t>(kBadRowLast)));
  first_.place.row = reader.GetCount(kStateCountMax);
  first_.place.column = reader.GetCount(kStateCountMax);
  first_.place.byte = reader.GetCount(kStateCountMax);
  first_.clause = reader.GetText(kClauseBytesMax);
}

}  // namespace dq
