#include "worker/table/first_bad_rows.h"

namespace dq {

absl::Status FirstBadRows::Add(std::span<const std::string_view> cells) {
  // What has no number is no row: a comment, a line before the table.
  if (rows_.size() == kFirstBadRowsMax || cells[0].empty()) return absl::OkStatus();
  std::string& row = rows_.emplace_back("row ");
  row.append(cells[0]).append(" (byte ").append(cells[1]).append(", ").append(cells[2]).append(")");
  return absl::OkStatus();
}

}  // namespace dq
