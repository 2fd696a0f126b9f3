// A quality report as one self-contained HTML page: no script, nothing loaded, light and dark. All
// text that comes from data is escaped for where it stands. Stateless and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "dq/v1/job.pb.h"
#include "dq/v1/report.pb.h"
#include "dq/v1/report_service.pb.h"

namespace dq::dqctl {

// What the page shows. Lists are shown whole; `…_more` says that there would be more.
struct ReportPage {
  std::string title;
  std::string about;  // A line below the title; may be empty.
  dq::v1::Verdict verdict = dq::v1::VERDICT_UNSPECIFIED;
  dq::v1::Report report;
  std::vector<dq::v1::Finding> findings;
  bool findings_more = false;
  std::vector<dq::v1::DuplicateCluster> clusters;
  bool clusters_more = false;
  std::vector<dq::v1::Change> changes;
  bool changes_more = false;
};

// Returns the page.
std::string RenderReportPage(const ReportPage& page);

}  // namespace dq::dqctl
