#include "scheduler/dqctl/report_tables.h"

#include <array>
#include <cstdio>
#include <string>

namespace dq::dqctl {

Table FindingsTable(std::span<const dq::v1::Finding> findings) {
  Table table({{"SEVERITY"}, {"KIND"}, {"COLUMN"}, {"COUNT", Align::kRight}, {"WHAT"}});
  for (const dq::v1::Finding& finding : findings) {
    table.AddRow({SeverityName(finding.severity()), finding.kind(), finding.column(),
                  finding.count() == 0 ? "" : WithThousands(finding.count()), finding.message()});
  }
  return table;
}

Table ClustersTable(std::span<const dq::v1::DuplicateCluster> clusters) {
  Table table({{"CLUSTER", Align::kRight},
               {"RECORDS", Align::kRight},
               {"ROW", Align::kRight},
               {"STATE"},
               {"CONFIDENCE", Align::kRight},
               {"WHY"}});
  for (const dq::v1::DuplicateCluster& cluster : clusters) {
    bool first = true;
    for (const dq::v1::ClusterRow& row : cluster.rows()) {
      table.AddRow({first ? std::to_string(cluster.cluster_id()) : "",
                    first ? WithThousands(cluster.size()) : "", std::to_string(row.row()),
                    row.kept() ? "kept" : "removed", ShareText(row.confidence()),
                    row.explanation()});
      first = false;
    }
  }
  return table;
}

Table ChangesTable(std::span<const dq::v1::Change> changes) {
  Table table({{"ROW", Align::kRight},
               {"COLUMN"},
               {"BEFORE"},
               {"AFTER"},
               {"BY"},
               {"CONFIDENCE", Align::kRight}});
  for (const dq::v1::Change& change : changes) {
    table.AddRow({std::to_string(change.row()), change.column(), change.before(), change.after(),
                  change.method(), ShareText(change.confidence())});
  }
  return table;
}

Table ColumnsTable(std::span<const dq::v1::ColumnReport> columns) {
  Table table({{"COLUMN"},
               {"TYPE"},
               {"MEANING"},
               {"MISSING", Align::kRight},
               {"FILLED", Align::kRight},
               {"DISTINCT", Align::kRight},
               {"FITS", Align::kRight}});
  for (const dq::v1::ColumnReport& column : columns) {
    table.AddRow({column.name(), column.type(),
                  column.semantic_type().empty() ? column.format() : column.semantic_type(),
                  WithThousands(column.missing()), WithThousands(column.filled()),
                  WithThousands(column.distinct()), ShareText(column.conformity())});
  }
  return table;
}

std::string SeverityName(dq::v1::FindingSeverity severity) {
  switch (severity) {
    case dq::v1::FINDING_SEVERITY_ERROR:
      return "ERROR";
    case dq::v1::FINDING_SEVERITY_WARNING:
      return "WARNING";
    default:
      return "INFO";
  }
}

std::string ShareText(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", share);
  return text.data();
}

}  // namespace dq::dqctl
