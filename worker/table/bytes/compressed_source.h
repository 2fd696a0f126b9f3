// Unpacks gzip and zstd while reading. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "worker/table/bytes/byte_source.h"
#include "worker/table/bytes/file_form.h"

namespace dq {

// A file may unpack to so many times its size, once it has given so many bytes: tables do not
// compress better, bombs do.
inline constexpr int64_t kUnpackRatioMax = 300;
inline constexpr int64_t kUnpackFreeBytes = int64_t{64} << 20;

// What unpacking zstd may hold, as in the zstd program; never more than half of a memory limit,
// rounded down to a power of two.
inline constexpr int64_t kZstdWindowBytesMax = int64_t{128} << 20;

// How a file that begins with `bytes` is packed.
Compression FindCompression(std::string_view bytes);

// Gives out the unpacked bytes of `inner`; several members behind each other are one stream, zero
// bytes behind the last one are padding. Errors, category file: COMPRESSION_INVALID{byte} for a
// stream that is damaged or cut off, UNPACKED_TOO_LARGE for one that unpacks to more than the ratio
// allows, UNSUPPORTED_FORMAT for a zstd window above kZstdWindowBytesMax; OUT_OF_MEMORY for one
// that `memory_limit_bytes` does not allow. `compression` is not kNone.
std::unique_ptr<ByteSource> Unpack(std::unique_ptr<ByteSource> inner, Compression compression,
                                   int64_t memory_limit_bytes = 4 * kZstdWindowBytesMax);

}  // namespace dq
