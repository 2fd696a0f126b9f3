// The cleaned files of a batch: which they are, and what they are called side by side. Stateless
// and thread-safe.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "dq/v1/file.pb.h"
#include "dq/v1/job.pb.h"

namespace dq::dqctl {

// Returns the name of the cleaned file of a job; empty when there is none.
std::string CleanedFileOf(const dq::v1::Job& job);

// Returns what the files of operations are called in one folder, in their order: their own names,
// or, where several operations have the same one, with the index of the operation before it.
// `files` has one element for each of `jobs`. A name is a last part of a path and never empty.
std::vector<std::string> NamesSideBySide(std::span<const dq::v1::Job> jobs,
                                         std::span<const dq::v1::File> files);

}  // namespace dq::dqctl
