// The limits that both ends of a connection must agree on. Constants only.
#pragma once

namespace dq {

// A request, and one message of a client's stream.
inline constexpr int kRequestBytesMax = 4 << 20;
// The operations of one batch, in all messages of SubmitBatch.
inline constexpr int kBatchBytesMax = 64 << 20;
// A response; larger, because a page holds up to 1,000 records.
inline constexpr int kResponseBytesMax = 16 << 20;
// A silent peer is noticed after both together. The server must allow pings that often.
inline constexpr int kKeepaliveTimeMs = 1000;
inline constexpr int kKeepaliveTimeoutMs = 1000;
inline constexpr int kPingIntervalMinMs = 500;

}  // namespace dq
