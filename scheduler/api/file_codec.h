// Files and references as the API shows them. Pure and thread-safe.
#pragma once

#include <string>

#include "dq/v1/file.pb.h"
#include "dq/v1/reference.pb.h"
#include "scheduler/core/catalog_store.h"

namespace dq {

v1::File ToProto(const FileRecord& record);
// Without its versions.
v1::Reference ToProto(const ReferenceRecord& record);
v1::ReferenceVersion ToProto(const std::string& project, const ReferenceVersion& version);

}  // namespace dq
