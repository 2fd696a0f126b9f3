// The worker's plain values to and from the messages of dq.v1. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "dq/v1/worker_service.pb.h"
#include "worker/chain/checkpoint.h"
#include "worker/chain/progress.h"
#include "worker/lease/lease_key.h"
#include "worker/lease/lease_set.h"

namespace dq {

// The protocol this worker speaks.
inline constexpr int32_t kWorkerProtocol = 2;
// A report that grows beyond is cut: outcomes without room are reported as running until others are
// closed. Well below what a scheduler accepts (4 MiB).
inline constexpr size_t kReportMessageBytesMax = size_t{3} << 20;

v1::Lease ToMessage(const LeaseKey& lease);
LeaseKey FromMessage(const v1::Lease& lease);
std::vector<LeaseKey> FromMessages(const google::protobuf::RepeatedPtrField<v1::Lease>& leases);

v1::WorkRequest HelloRequest(v1::Hello hello);
v1::WorkRequest ReportRequest(v1::WorkReport report);

// Makes the leases of a report. Payloads of `views` are serialised Progress and Outcome messages.
v1::WorkReport MakeReport(std::span<const LeaseView> views);

// Serialises progress; `eta` is when the chain is expected to end, InfiniteFuture when unknown.
std::string SerialiseProgress(const ChainProgress& progress, absl::Time eta);

// Serialises `saved` as the checkpoint of an attempt whose files are in `directory`.
std::string SerialiseCheckpoint(const LeaseKey& lease, const std::string& directory,
                                const SavedCheckpoint& saved);

absl::Duration DurationOf(const google::protobuf::Duration& duration);

}  // namespace dq
