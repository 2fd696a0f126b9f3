#include "worker/table/delimited/byte_classifier.h"

#include <immintrin.h>

#include <vector>

namespace dq {
namespace {

__m128i LoadTable(const std::array<uint8_t, 16>& table) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(table.data()));
}

uint64_t Join(int a, int b, int c, int d) {
  return uint64_t{static_cast<uint16_t>(a)} | uint64_t{static_cast<uint16_t>(b)} << 16 |
         uint64_t{static_cast<uint16_t>(c)} << 32 | uint64_t{static_cast<uint16_t>(d)} << 48;
}

int Structural16(__m128i bytes, __m128i low, __m128i high) {
  const __m128i nibble = _mm_set1_epi8(0x0F);
  const __m128i by_low = _mm_shuffle_epi8(low, _mm_and_si128(bytes, nibble));
  const __m128i by_high = _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
  const __m128i none = _mm_cmpeq_epi8(_mm_and_si128(by_low, by_high), _mm_setzero_si128());
  return ~_mm_movemask_epi8(none);
}

void ClassifySsse3(const char* data, const NibbleTables& tables, std::span<BlockMasks> masks) {
  const __m128i low = LoadTable(tables.low);
  const __m128i high = LoadTable(tables.high);
  for (BlockMasks& block : masks) {
    const auto* lanes = reinterpret_cast<const __m128i*>(data);
    const __m128i a = _mm_loadu_si128(lanes);
    const __m128i b = _mm_loadu_si128(lanes + 1);
    const __m128i c = _mm_loadu_si128(lanes + 2);
    const __m128i d = _mm_loadu_si128(lanes + 3);
    block.structural = Join(Structural16(a, low, high), Structural16(b, low, high),
                            Structural16(c, low, high), Structural16(d, low, high));
    block.non_ascii = Join(_mm_movemask_epi8(a), _mm_movemask_epi8(b), _mm_movemask_epi8(c),
                           _mm_movemask_epi8(d));
    data += kClassifiedBlockBytes;
  }
}

__attribute__((target("avx2"))) uint32_t Structural32(__m256i bytes, __m256i low, __m256i high) {
  const __m256i nibble = _mm256_set1_epi8(0x0F);
  const __m256i by_low = _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, nibble));
  const __m256i by_high =
      _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
  const __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(by_low, by_high), _mm256_setzero_si256());
  return ~static_cast<uint32_t>(_mm256_movemask_epi8(none));
}

__attribute__((target("avx2"))) void ClassifyAvx2(const char* data, const NibbleTables& tables,
                                                  std::span<BlockMasks> masks) {
  const __m256i low = _mm256_broadcastsi128_si256(LoadTable(tables.low));
  const __m256i high = _mm256_broadcastsi128_si256(LoadTable(tables.high));
  for (BlockMasks& block : masks) {
    const auto* lanes = reinterpret_cast<const __m256i*>(data);
    const __m256i a = _mm256_loadu_si256(lanes);
    const __m256i b = _mm256_loadu_si256(lanes + 1);
    block.structural = Structural32(a, low, high) | uint64_t{Structural32(b, low, high)} << 32;
    block.non_ascii = static_cast<uint32_t>(_mm256_movemask_epi8(a)) |
                      uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(b))} << 32;
    data += kClassifiedBlockBytes;
  }
}

__attribute__((target("avx512f,avx512bw"))) void ClassifyAvx512(const char* data,
                                                                const NibbleTables& tables,
                                                                std::span<BlockMasks> masks) {
  const __m512i low = _mm512_maskz_broadcast_i32x4(0xFFFF, LoadTable(tables.low));
  const __m512i high = _mm512_maskz_broadcast_i32x4(0xFFFF, LoadTable(tables.high));
  const __m512i nibble = _mm512_set1_epi8(0x0F);
  for (BlockMasks& block : masks) {
    const __m512i bytes = _mm512_loadu_si512(data);
    const __m512i by_low = _mm512_shuffle_epi8(low, _mm512_and_si512(bytes, nibble));
    const __m512i by_high =
        _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble));
    block.structural = _mm512_test_epi8_mask(by_low, by_high);
    block.non_ascii = _mm512_movepi8_mask(bytes);
    data += kClassifiedBlockBytes;
  }
}

std::vector<ByteClassifier> Available() {
  std::vector<ByteClassifier> available;
  if (__builtin_cpu_supports("avx512bw") != 0) available.push_back(ClassifyAvx512);
  if (__builtin_cpu_supports("avx2") != 0) available.push_back(ClassifyAvx2);
  available.push_back(ClassifySsse3);
  return available;
}

}  // namespace

std::span<const ByteClassifier> ByteClassifiers() {
  static const std::vector<ByteClassifier> available = Available();
  return available;
}

}  // namespace dq
