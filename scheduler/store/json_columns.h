// Lists and maps as jsonb columns and parameters, and back. Text is made storable
// (text_encoding.h). Stateless and thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/core/catalog_store.h"
#include "scheduler/core/job.h"
#include "scheduler/core/job_reader.h"

namespace dq {

std::string ToJson(const std::map<std::string, std::string>& map);
std::string ToJson(const std::vector<std::string>& list);
std::string ToJson(const std::vector<JobKey>& keys);
std::string ToJson(const std::vector<JobOutput>& outputs);
// Returns what sql/insert_files.sql reads.
std::string ToJson(const std::vector<FileRecord>& files);
// Returns what sql/list_jobs.sql reads. A name that is no state becomes the number 0.
std::string ToJson(const std::vector<JobFilterTerm>& filter);

// The inverse of ToJson. What the store did not write itself comes back empty.
std::map<std::string, std::string> MapFromJson(const std::string& json);
std::vector<std::string> ListFromJson(const std::string& json);
std::vector<JobOutput> OutputsFromJson(const std::string& json);
// Returns what the view batch_record tells of a batch's jobs; states without one are left out.
std::map<JobState, int64_t> StateCountsFromJson(const std::string& json);
// Returns what the view job_record tells, by key.
std::vector<JobDependency> DependenciesFromJson(const std::string& json);

}  // namespace dq
