#include "scheduler/dqctl/report_file.h"

#include <fstream>
#include <sstream>

#include "common/base/error.h"
#include "google/protobuf/util/json_util.h"

namespace dq::dqctl {

absl::StatusOr<dq::v1::Report> ReadReportFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return MakeError(absl::StatusCode::kNotFound, "FILE_MISSING", "there is no file " + path);
  }
  std::ostringstream text;
  text << file.rdbuf();
  dq::v1::Report report;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(text.str(), &report, options);
  if (file && status.ok()) return report;
  return MakeError(absl::StatusCode::kDataLoss, "REPORT_UNREADABLE",
                   path + " is no report: " + status.ToString());
}

}  // namespace dq::dqctl
