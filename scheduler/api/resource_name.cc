#include "scheduler/api/resource_name.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/rpc/status_mapping.h"
#include "scheduler/api/violations.h"

namespace dq {
namespace {

constexpr std::string_view kProjects = "projects/";
constexpr size_t kIdBytesMax = 63;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

absl::Status BadName(std::string_view name, std::string_view field, const std::string& pattern) {
  return FieldError("BAD_FIELD", {{std::string(field), "'" + std::string(name) +
                                                           "' is not of the form \"" + pattern +
                                                           "\"; ids are lower-case letters, "
                                                           "digits and dashes, from a letter on"}});
}

}  // namespace

bool IsResourceId(std::string_view text) {
  if (text.empty() || text.size() > kIdBytesMax || !IsLower(text.front()) || text.back() == '-') {
    return false;
  }
  for (const char c : text) {
    if (!IsLower(c) && !IsDigit(c) && c != '-') return false;
  }
  return true;
}

absl::StatusOr<std::string> ParseProject(std::string_view name, std::string_view field) {
  if (name.substr(0, kProjects.size()) == kProjects &&
      IsResourceId(name.substr(kProjects.size()))) {
    return std::string(name.substr(kProjects.size()));
  }
  return BadName(name, field, "projects/{project}");
}

absl::StatusOr<ProjectResource> ParseResource(std::string_view name, std::string_view collection,
                                              std::string_view field) {
  const std::string middle = "/" + std::string(collection) + "/";
  const size_t at = name.find(middle);
  if (at != std::string_view::npos) {
    const auto project = ParseProject(name.substr(0, at), field);
    const std::string_view id = name.substr(at + middle.size());
    if (project.ok() && IsResourceId(id)) return ProjectResource{*project, std::string(id)};
  }
  return BadName(name, field, "projects/{project}" + middle + "{id}");
}

absl::StatusOr<JobName> ParseJobName(std::string_view name, std::string_view field) {
  DQ_ASSIGN_OR_RETURN(ProjectResource parts, ParseResource(name, kJobs, field));
  return JobName{std::move(parts.project), std::move(parts.id)};
}

absl::StatusOr<NamedJobs> ParseNamedJobs(
    const std::string& parent, const google::protobuf::RepeatedPtrField<std::string>& names) {
  NamedJobs jobs;
  DQ_ASSIGN_OR_RETURN(jobs.project, ParseProject(parent, "parent"));
  Violations violations;
  violations.Require(names.size() <= kNamedJobsMax, "names", "at most 1,000 names");
  for (const std::string& name : names) {
    const auto job = ParseJobName(name, "names");
    violations.Merge(job.status());
    if (!job.ok()) continue;
    violations.Require(job->project == jobs.project, "names",
                       "'" + name + "' is of another project than parent");
    jobs.ids.push_back(job->id);
  }
  DQ_RETURN_IF_ERROR(violations.ToStatus());
  return jobs;
}

std::string ResourceText(std::string_view project, std::string_view collection,
                         std::string_view id) {
  if (id.empty()) return "";
  std::string text(kProjects);
  text.append(project).append("/").append(collection).append("/").append(id);
  return text;
}

std::string JobText(const JobName& name) { return ResourceText(name.project, kJobs, name.id); }

}  // namespace dq
