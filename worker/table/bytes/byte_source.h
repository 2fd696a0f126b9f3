// Where the bytes of a table come from: a file as it is, or what a decoder makes of another source
// (unpacked, converted to UTF-8). Readers sit on it and know no files. Implementations are not
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace dq {

class Utf8Lines;

// Whether anybody will ask for the SHA-256 of the file.
enum class Digest { kWanted, kNotWanted };

// A sequence of bytes that is read from front to back, as often as asked, and is the same every
// time. Two sizes are in play: the bytes given out, and the raw bytes of the file underneath, which
// measure progress because their number is known from the start.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Reads up to `size` bytes to `out`; fewer only at the end. INPUT_CHANGED when the file is not
  // what it was at the first look or in the first complete pass; decoders add errors of their own.
  // After an error only Rewind may be called.
  virtual absl::StatusOr<size_t> Read(char* out, size_t size) = 0;
  // Whether the last byte was given out. True at once after the Read that gave it; an empty source
  // is at its end from the start.
  virtual bool AtEnd() const = 0;
  // Goes back to the first byte: a new pass.
  virtual void Rewind() = 0;

  // Reads up to `size` bytes from `offset` on, aside from the pass: to look at the middle and the
  // end of a long file. Gives nothing when the source can only be read from front to back.
  virtual absl::StatusOr<size_t> Glance(int64_t offset, char* out, size_t size) = 0;

  // Of a source that makes UTF-8 of an encoding in which every byte is a character: which lines of
  // this pass, before that, are UTF-8 already. Null: it does not, or nobody would know.
  virtual const Utf8Lines* utf8_lines() const { return nullptr; }

  // How many bytes a pass gives out; -1: not known before its end.
  virtual int64_t size_bytes() const = 0;
  // How many bytes this pass gave out.
  virtual int64_t position() const = 0;
  // How many bytes of the file this pass has read for that, and how many it has.
  virtual int64_t raw_position() const = 0;
  virtual int64_t raw_size_bytes() const = 0;
  // SHA-256 of the file as it lies there, lower-case hex; "" before the first complete pass.
  virtual const std::string& sha256() const = 0;

  // XXH3 (64 bits) of the bytes of the file that this pass has read.
  virtual uint64_t raw_fingerprint() const = 0;
  // Takes over what a complete pass of an earlier run found: passes are held against it.
  virtual void AssumeContent(uint64_t fingerprint, std::string_view sha256) = 0;
};

}  // namespace dq
