// Pages of what lies behind a report: clusters of duplicates, changed cells and columns, read from
// the files that the worker wrote. Block on the disk. Stateless and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/storage/object_store.h"
#include "dq/v1/report_service.pb.h"

namespace dq {

// The largest file of clusters that is looked through: their records lie apart.
inline constexpr int64_t kClusterFileBytesMax = 256 << 20;
// How much of a file of changes is read for one page.
inline constexpr int64_t kChangesReadMax = 64 << 20;
inline constexpr int kClusterRowsMax = 100;
inline constexpr size_t kDetailTextBytesMax = 1024;

struct ClusterPage {
  std::vector<v1::DuplicateCluster> clusters;
  bool has_more = false;
};

// Returns the first `size` clusters with ids above `after`, by id; reads the whole file.
// FAILED_PRECONDITION (DETAILS_TOO_LARGE); DATA_LOSS (DETAILS_UNREADABLE).
absl::StatusOr<ClusterPage> ReadClusters(ObjectStore& objects, const std::string& uri,
                                         int64_t after, int size);

struct ChangePage {
  std::vector<v1::Change> changes;
  std::optional<int64_t> next;  // Where the next page begins; nothing: there is none.
};

// Returns up to `size` changes of `column` ("": of all) behind byte `offset`, at most
// kChangesReadMax of the file further. DATA_LOSS (DETAILS_UNREADABLE).
absl::StatusOr<ChangePage> ReadChanges(ObjectStore& objects, const std::string& uri,
                                       const std::string& column, int64_t offset, int size);

struct ColumnReportPage {
  std::vector<v1::ColumnReport> column_reports;
  std::optional<int64_t> next;  // Where the next page begins; nothing: there is none.
};

// Returns up to `size` columns behind byte `offset` of a profile. DATA_LOSS (DETAILS_UNREADABLE).
absl::StatusOr<ColumnReportPage> ReadColumnReports(ObjectStore& objects, const std::string& uri,
                                                   int64_t offset, int size);

}  // namespace dq
