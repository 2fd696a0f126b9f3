// The tables of files and references of FakeStore: what its parts share.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "tests/support/fake_store.h"

namespace dq {

inline absl::Status InUse(const std::string& id, std::string_view by) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "IN_USE",
                   id + " is needed by " + std::string(by) + ".");
}

template <typename Row>
absl::StatusOr<decltype(Row::record)> RecordOf(
    const std::map<std::pair<std::string, std::string>, Row>& rows, const std::string& project,
    const std::string& id, std::string_view reason) {
  const auto found = rows.find({project, id});
  if (found == rows.end()) {
    return MakeError(absl::StatusCode::kNotFound, reason, "There is no " + id + ".");
  }
  return found->second.record;
}

inline bool IsSameCall(const FileRecord& a, const FileRecord& b) {
  return a.id == b.id && a.uri == b.uri && a.create_time == b.create_time;
}
inline bool IsSameCall(const ReferenceRecord& a, const ReferenceRecord& b) {
  return a.id == b.id && a.create_time == b.create_time;
}

template <typename Record, typename SameBody>
absl::StatusOr<Created<Record>> FakeStore::CreateLocked(Table<Record>& table, const Record& record,
                                                        SameBody same_body) {
  const Name request = {record.project, record.request_id};
  if (const auto earlier = table.id_of_request.find(request);
      earlier != table.id_of_request.end()) {
    const Record& existing = table.rows.at({record.project, earlier->second}).record;
    const bool same_call = IsSameCall(existing, record);
    if (same_body(existing)) return Created<Record>{existing, !same_call};
    return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                     "The request id was used with another body.");
  }
  const Name name = {record.project, record.id};
  if (!table.rows.try_emplace(name, Row<Record>{record, next_age_}).second) {
    return MakeError(absl::StatusCode::kAlreadyExists, "ID_TAKEN", record.id + " exists already.");
  }
  ++next_age_;
  table.id_of_request[request] = record.id;
  return Created<Record>{record, false};
}

template <typename Record>
std::vector<Record> FakeStore::ListLocked(const Table<Record>& table, const std::string& project,
                                          const std::string& before_id, int limit) const {
  const auto before = table.rows.find({project, before_id});
  std::vector<const Row<Record>*> rows;
  for (const auto& [name, row] : table.rows) {
    if (name.first != project) continue;
    if (before == table.rows.end() || row.age < before->second.age) rows.push_back(&row);
  }
  std::ranges::sort(rows, [](const auto* a, const auto* b) { return a->age > b->age; });
  std::vector<Record> records;
  for (const Row<Record>* row : rows) {
    if (std::ssize(records) < limit) records.push_back(row->record);
  }
  return records;
}

}  // namespace dq
