// Classifies bytes, 64 at a time, with the widest instructions the processor has: AVX-512, AVX2 or
// SSSE3, chosen at run time. All give the same. Part of StructuralIndex. Stateless; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace dq {

inline constexpr size_t kClassifiedBlockBytes = 64;

// A byte is structural when the entries for its two nibbles share a bit.
struct NibbleTables {
  alignas(16) std::array<uint8_t, 16> low{};
  alignas(16) std::array<uint8_t, 16> high{};
};

// The bytes of one block, bit i for byte i.
struct BlockMasks {
  uint64_t structural;
  uint64_t non_ascii;  // Above 0x7F.
};

// Classifies the first `masks.size()` blocks of `data`.
using ByteClassifier = void (*)(const char* data, const NibbleTables& tables,
                                std::span<BlockMasks> masks);

// Those this processor can run, the fastest first.
std::span<const ByteClassifier> ByteClassifiers();

}  // namespace dq
