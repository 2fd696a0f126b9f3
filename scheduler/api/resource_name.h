// Resource names ("projects/p/jobs/j") as text and in parts. Stateless and thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "scheduler/core/job.h"

namespace dq {

// The part of a name below a project.
struct ProjectResource {
  std::string project;
  std::string id;
};

// The collections below a project, as they are written in names.
inline constexpr std::string_view kJobs = "jobs";
inline constexpr std::string_view kFiles = "files";
inline constexpr std::string_view kReferences = "references";
inline constexpr std::string_view kReports = "reports";
inline constexpr std::string_view kBatches = "batches";
inline constexpr std::string_view kSchedules = "schedules";
inline constexpr std::string_view kWebhooks = "webhooks";

// Returns whether `text` matches ^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$.
bool IsResourceId(std::string_view text);

// Returns p of "projects/p". INVALID_ARGUMENT (BAD_FIELD) naming `field` for anything else.
absl::StatusOr<std::string> ParseProject(std::string_view name, std::string_view field);

// Returns the parts of "projects/p/{collection}/id". INVALID_ARGUMENT (BAD_FIELD) naming `field`.
absl::StatusOr<ProjectResource> ParseResource(std::string_view name, std::string_view collection,
                                              std::string_view field);

// Like ParseResource() of kJobs.
absl::StatusOr<JobName> ParseJobName(std::string_view name, std::string_view field);

// Jobs of one project, as a request names them.
struct NamedJobs {
  std::string project;
  std::vector<std::string> ids;  // In the order of the names.
};

inline constexpr int kNamedJobsMax = 1000;

// Returns the parts of "projects/p" and of job names below it. INVALID_ARGUMENT (BAD_FIELD) for
// names that are malformed, of another project or too many.
absl::StatusOr<NamedJobs> ParseNamedJobs(
    const std::string& parent, const google::protobuf::RepeatedPtrField<std::string>& names);

// Returns "projects/{project}/{collection}/{id}"; "" when `id` is empty.
std::string ResourceText(std::string_view project, std::string_view collection,
                         std::string_view id);
std::string JobText(const JobName& name);

}  // namespace dq
