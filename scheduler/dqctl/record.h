// Prints records of the API: as tables for people, as proto JSON (proto field names, defaults
// included) for programs. Stateless and thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "dq/v1/admin_service.pb.h"
#include "dq/v1/file.pb.h"
#include "dq/v1/job.pb.h"
#include "dq/v1/reference.pb.h"
#include "google/protobuf/message.h"
#include "scheduler/dqctl/command.h"
#include "scheduler/dqctl/console.h"
#include "scheduler/dqctl/table.h"

namespace dq::dqctl {

// Returns the message as JSON: one line, or indented for kJson. Without a newline at the end.
std::string ToJson(const google::protobuf::Message& message, OutputFormat format);

// Prints one record: `table` for people, else the JSON.
void PrintRecord(const Console& console, OutputFormat format,
                 const google::protobuf::Message& record, const Table& table);

// Prints a list: `table`, one JSON array, or one JSON object a line.
void PrintAll(const Console& console, OutputFormat format,
              std::span<const google::protobuf::Message* const> records, const Table& table);

// The same for a container of records.
template <typename Records>
void PrintRecords(const Console& console, OutputFormat format, const Records& records,
                  const Table& table) {
  std::vector<const google::protobuf::Message*> pointers;
  for (const auto& record : records) pointers.push_back(&record);
  PrintAll(console, format, pointers, table);
}

// Tables of one row a record; `now` is for ages.
Table JobsTable(std::span<const dq::v1::Job> jobs);
Table EventsTable(std::span<const dq::v1::JobEvent> events);
Table FilesTable(std::span<const dq::v1::File> files);
// For example "READY".
std::string ReferenceStateName(dq::v1::ReferenceState state);
Table ReferencesTable(std::span<const dq::v1::Reference> references);
Table ReferenceDetails(const dq::v1::Reference& reference);
Table QueuesTable(std::span<const dq::v1::Queue> queues);
Table ProjectsTable(std::span<const dq::v1::Project> projects);
Table WorkersTable(std::span<const dq::v1::Worker> workers, absl::Time now);

// Tables of one row a field.
Table JobDetails(const dq::v1::Job& job, absl::Time now);

}  // namespace dq::dqctl
