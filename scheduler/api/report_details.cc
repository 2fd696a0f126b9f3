#include "scheduler/api/report_details.h"

#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "common/rpc/utf8.h"
#include "google/protobuf/util/json_util.h"
#include "scheduler/api/detail_file.h"
#include "scheduler/api/line_file.h"
#include "scheduler/api/page_token.h"

namespace dq {
namespace {

std::string CutText(std::string_view text) { return ValidUtf8(text, kDetailTextBytesMax); }

absl::string_view AsAbsl(std::string_view text) { return {text.data(), text.size()}; }

absl::StatusOr<int64_t> NumberIn(const DetailFile& file, std::string_view column) {
  int64_t number = 0;
  if (absl::SimpleAtoi(AsAbsl(file.Cell(column)), &number)) return number;
  return MakeError(absl::StatusCode::kDataLoss, "DETAILS_UNREADABLE",
                   "the file of details has no number in column " + std::string(column) +
                       "; download it to look at it",
                   {{"category", "system"}});
}

double ShareIn(const DetailFile& file, std::string_view column) {
  double share = 0;
  return absl::SimpleAtod(AsAbsl(file.Cell(column)), &share) ? share : 0;
}

void AddRow(const DetailFile& file, int64_t row, v1::DuplicateCluster& cluster) {
  cluster.set_size(cluster.size() + 1);
  if (cluster.rows_size() >= kClusterRowsMax) return;
  v1::ClusterRow& member = *cluster.add_rows();
  member.set_row(row);
  member.set_kept(file.Cell("kept") == "true");
  member.set_confidence(ShareIn(file, "confidence"));
  member.set_explanation(CutText(file.Cell("explanation")));
}

absl::StatusOr<v1::Change> ReadChange(const DetailFile& file) {
  v1::Change change;
  DQ_ASSIGN_OR_RETURN(const int64_t row, NumberIn(file, "row"));
  change.set_row(row);
  change.set_column(CutText(file.Cell("column")));
  change.set_before(CutText(file.Cell("before")));
  change.set_after(CutText(file.Cell("after")));
  change.set_method(CutText(file.Cell("method")));
  change.set_confidence(ShareIn(file, "confidence"));
  return change;
}

absl::Status ReadColumnReport(const std::string& line, v1::ColumnReport& column) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (google::protobuf::util::JsonStringToMessage(line, &column, options).ok()) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kDataLoss, "DETAILS_UNREADABLE",
                   "the profile has a line that is no column; download it to look at it",
                   {{"category", "system"}});
}

}  // namespace

absl::StatusOr<ClusterPage> ReadClusters(ObjectStore& objects, const std::string& uri,
                                         int64_t after, int size) {
  DQ_ASSIGN_OR_RETURN(const ObjectInfo info, objects.Stat(uri));
  if (info.size_bytes > kClusterFileBytesMax) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "DETAILS_TOO_LARGE",
                     "the file of clusters has more than 256 MiB: download it instead",
                     {{"size_bytes", std::to_string(info.size_bytes)}});
  }
  DQ_ASSIGN_OR_RETURN(DetailFile file, DetailFile::Open(objects, uri));
  std::map<int64_t, v1::DuplicateCluster> lowest;
  ClusterPage page;
  while (true) {
    DQ_ASSIGN_OR_RETURN(const bool more, file.Next());
    if (!more) break;
    DQ_ASSIGN_OR_RETURN(const int64_t id, NumberIn(file, "cluster_id"));
    if (id <= after) continue;
    DQ_ASSIGN_OR_RETURN(const int64_t row, NumberIn(file, "row"));
    v1::DuplicateCluster& cluster = lowest[id];
    cluster.set_cluster_id(id);
    AddRow(file, row, cluster);
    if (lowest.size() <= static_cast<size_t>(size)) continue;
    lowest.erase(std::prev(lowest.end()));
    page.has_more = true;
  }
  size_t bytes = 0;
  for (auto& [id, cluster] : lowest) {
    if (bytes > kPageBytesMax) {
      page.has_more = true;
      break;
    }
    bytes += cluster.ByteSizeLong();
    page.clusters.push_back(std::move(cluster));
  }
  return page;
}

absl::StatusOr<ChangePage> ReadChanges(ObjectStore& objects, const std::string& uri,
                                       const std::string& column, int64_t offset, int size) {
  DQ_ASSIGN_OR_RETURN(DetailFile file, DetailFile::Open(objects, uri));
  DQ_RETURN_IF_ERROR(file.Seek(offset));
  const int64_t begin = file.offset();
  ChangePage page;
  size_t bytes = 0;
  while (true) {
    DQ_ASSIGN_OR_RETURN(const bool more, file.Next());
    if (!more) return page;
    if (column.empty() || file.Cell("column") == column) {
      DQ_ASSIGN_OR_RETURN(v1::Change change, ReadChange(file));
      bytes += change.ByteSizeLong();
      page.changes.push_back(std::move(change));
    }
    const bool is_full = page.changes.size() >= static_cast<size_t>(size) || bytes > kPageBytesMax;
    if (!is_full && file.offset() - begin < kChangesReadMax) continue;
    page.next = file.offset();
    return page;
  }
}

absl::StatusOr<ColumnReportPage> ReadColumnReports(ObjectStore& objects, const std::string& uri,
                                                   int64_t offset, int size) {
  DQ_ASSIGN_OR_RETURN(LineFile file, LineFile::Open(objects, uri, offset));
  ColumnReportPage page;
  size_t bytes = 0;
  std::string line;
  while (true) {
    DQ_ASSIGN_OR_RETURN(const bool more, file.Next(line));
    if (!more) return page;
    if (page.column_reports.size() == static_cast<size_t>(size) || bytes > kPageBytesMax) {
      page.next = offset;
      return page;
    }
    DQ_RETURN_IF_ERROR(ReadColumnReport(line, page.column_reports.emplace_back()));
    bytes += line.size();
    offset = file.offset();
  }
}

}  // namespace dq
