// The parameters of one statement in PostgreSQL's binary format, batches as arrays: a tenth of the
// cost of array literals. Format: src/backend/utils/adt/arrayfuncs.c (array_recv) of PostgreSQL.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace dq {

// Bytes for a bytea element, as they are.
struct ByteView {
  std::string_view bytes;
};

// JSON for a jsonb parameter.
struct JsonView {
  std::string_view text;
};

// Appends values in network byte order to one parameter.
class BinaryWriter {
 public:
  // Appends one array element with its length. Infinite times and empty optionals become NULL; text
  // is made storable (text_encoding.h).
  void AppendElement(int16_t value);
  void AppendElement(int32_t value);
  void AppendElement(int64_t value);
  void AppendElement(double value);
  void AppendElement(std::string_view text);
  void AppendElement(ByteView bytes);
  void AppendElement(JsonView json);
  void AppendElement(absl::Time time);
  template <typename T>
  void AppendElement(const std::optional<T>& value) {
    value.has_value() ? AppendElement(*value) : AppendNull();
  }

  // Appends the head of a one-dimensional array.
  void AppendArrayHead(uint32_t element_oid, size_t elements);

  std::string Take() && { return std::move(bytes_); }

 private:
  void AppendNull();
  void AppendSized(std::string_view bytes);
  template <typename T>
  void AppendNumber(T value);

  std::string bytes_;
};

class Parameters {
 public:
  // Adds a single value, as BinaryWriter does an element.
  template <typename T>
  void AddValue(const T& value) {
    BinaryWriter writer;
    writer.AppendElement(value);
    AddElement(std::move(writer).Take());
  }

  // Adds an array with `get(row)` of every row; its element type follows from what `get` returns.
  template <typename Rows, typename Get>
  void AddArray(const Rows& rows, Get get) {
    using Value = std::remove_cvref_t<decltype(get(*rows.begin()))>;
    BinaryWriter writer;
    writer.AppendArrayHead(ElementOid(static_cast<const Value*>(nullptr)), rows.size());
    for (const auto& row : rows) writer.AppendElement(get(row));
    values_.push_back(std::move(writer).Take());
  }

  // Nothing: NULL.
  const std::vector<std::optional<std::string>>& values() const { return values_; }

 private:
  // The types' numbers in pg_type.dat, which never change.
  static constexpr uint32_t ElementOid(const int16_t*) { return 21; }
  static constexpr uint32_t ElementOid(const int32_t*) { return 23; }
  static constexpr uint32_t ElementOid(const int64_t*) { return 20; }
  static constexpr uint32_t ElementOid(const double*) { return 701; }
  static constexpr uint32_t ElementOid(const std::string*) { return 25; }
  static constexpr uint32_t ElementOid(const std::string_view*) { return 25; }
  static constexpr uint32_t ElementOid(const ByteView*) { return 17; }
  static constexpr uint32_t ElementOid(const absl::Time*) { return 1184; }
  template <typename T>
  static constexpr uint32_t ElementOid(const std::optional<T>*) {
    return ElementOid(static_cast<const T*>(nullptr));
  }

  // Adds what an element's length and bytes say.
  void AddElement(std::string element);

  std::vector<std::optional<std::string>> values_;
};

}  // namespace dq
