// Checks the by-hand form of a job's files before a worker sees it. Stateless and thread-safe.
#pragma once

#include "dq/v1/job.pb.h"
#include "scheduler/api/violations.h"

namespace dq {

// Notes every part of JobSpec.form that has an unknown name or a text it cannot take against
// "job.spec.form.{name}".
void CheckFileForm(const v1::JobSpec& spec, Violations& violations);

}  // namespace dq
