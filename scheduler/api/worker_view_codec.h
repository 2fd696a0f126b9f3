// Workers as operators see them, to Protobuf. Stateless and thread-safe.
#pragma once

#include "dq/v1/admin_service.pb.h"
#include "scheduler/engine/scheduler.h"

namespace dq {

v1::Worker WorkerToProto(const WorkerView& view);

}  // namespace dq
