#include "scheduler/store/parameters.h"

#include <array>
#include <bit>

#include "scheduler/store/text_encoding.h"

namespace dq {
namespace {

// PostgreSQL counts microseconds from 2000-01-01 UTC.
constexpr int64_t kPostgresEpochUs = int64_t{946'684'800} * 1'000'000;

// What stands for a value's length when there is none.
constexpr std::string_view kNullLength = "\xff\xff\xff\xff";

constexpr char kJsonbVersion = 1;  // jsonb_recv of PostgreSQL.

uint64_t TimeNumber(absl::Time time) {
  return static_cast<uint64_t>(absl::ToUnixMicros(time) - kPostgresEpochUs);
}

}  // namespace

template <typename T>
void BinaryWriter::AppendNumber(T value) {
  std::array<char, sizeof(T)> bytes{};
  for (size_t i = sizeof(T); i-- > 0; value = static_cast<T>(value >> 8)) {
    bytes[i] = static_cast<char>(value & 0xff);
  }
  bytes_.append(bytes.data(), bytes.size());
}

void BinaryWriter::AppendNull() { bytes_ += kNullLength; }

void BinaryWriter::AppendSized(std::string_view bytes) {
  AppendNumber(static_cast<uint32_t>(bytes.size()));
  bytes_ += bytes;
}

void BinaryWriter::AppendElement(int16_t value) {
  AppendNumber(uint32_t{sizeof(value)});
  AppendNumber(static_cast<uint16_t>(value));
}

void BinaryWriter::AppendElement(int32_t value) {
  AppendNumber(uint32_t{sizeof(value)});
  AppendNumber(static_cast<uint32_t>(value));
}

void BinaryWriter::AppendElement(int64_t value) {
  AppendNumber(uint32_t{sizeof(value)});
  AppendNumber(static_cast<uint64_t>(value));
}

void BinaryWriter::AppendElement(double value) {
  AppendNumber(uint32_t{sizeof(value)});
  AppendNumber(std::bit_cast<uint64_t>(value));
}

void BinaryWriter::AppendElement(std::string_view text) {
  IsStorableText(text) ? AppendSized(text) : AppendSized(StorableText(text));
}

void BinaryWriter::AppendElement(ByteView bytes) { AppendSized(bytes.bytes); }

void BinaryWriter::AppendElement(JsonView json) {
  AppendNumber(static_cast<uint32_t>(json.text.size() + sizeof(kJsonbVersion)));
  bytes_ += kJsonbVersion;
  bytes_ += json.text;
}

void BinaryWriter::AppendElement(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return AppendNull();
  AppendNumber(uint32_t{sizeof(uint64_t)});
  AppendNumber(TimeNumber(time));
}

void BinaryWriter::AppendArrayHead(uint32_t element_oid, size_t elements) {
  if (elements == 0) {  // An empty array has no dimension.
    AppendNumber(uint32_t{0});
    AppendNumber(uint32_t{0});
    return AppendNumber(element_oid);
  }
  AppendNumber(uint32_t{1});  // Dimensions.
  AppendNumber(uint32_t{1});  // May hold NULL.
  AppendNumber(element_oid);
  AppendNumber(static_cast<uint32_t>(elements));
  AppendNumber(uint32_t{1});  // Index of the first element.
}

void Parameters::AddElement(std::string element) {
  const bool is_null = element.size() == sizeof(uint32_t) && element == kNullLength;
  element.erase(0, sizeof(uint32_t));
  values_.push_back(is_null ? std::nullopt : std::optional(std::move(element)));
}

}  // namespace dq
