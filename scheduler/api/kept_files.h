// The files that a deletion leaves, as it is told. Stateless and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "scheduler/api/resource_name.h"

namespace dq {

inline constexpr int kKeptFilesShownMax = 20;

// Adds the names of the first of `ids`.
inline void AddKeptFiles(const std::string& project, const std::vector<std::string>& ids,
                         google::protobuf::RepeatedPtrField<std::string>& names) {
  for (const std::string& id : ids) {
    if (names.size() < kKeptFilesShownMax) *names.Add() = ResourceText(project, kFiles, id);
  }
}

}  // namespace dq
