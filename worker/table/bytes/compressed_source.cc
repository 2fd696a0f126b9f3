#include "worker/table/bytes/compressed_source.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <new>
#include <string>
#include <utility>

#include "common/base/error.h"
#include "common/base/status_macros.h"
#include "worker/table/bytes/decoding_source.h"
#include "worker/table/bytes/file_error.h"

namespace dq {
namespace {

constexpr size_t kOutputBytes = size_t{256} << 10;
constexpr std::string_view kGzipMagic = "\x1F\x8B";
constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
constexpr std::string_view kZstdSkippable = "\x2A\x4D\x18";  // Behind a byte 0x50 to 0x5F.

bool CouldBeFrame(char first) { return first == kZstdMagic.front() || (first & 0xF0) == 0x50; }

// What unpackers share: the ratio and the zero bytes behind the last member.
class UnpackingSource : public DecodingSource {
 protected:
  UnpackingSource(std::unique_ptr<ByteSource> inner, const char* format)
      : DecodingSource(std::move(inner)), format_(format) {}

  absl::Status CountOutput(size_t bytes) {
    unpacked_ += static_cast<int64_t>(bytes);
    if (unpacked_ <= kUnpackFreeBytes || unpacked_ / kUnpackRatioMax <= inner().raw_position()) {
      return absl::OkStatus();
    }
    return UnpackedTooLarge("the file unpacks to more than " + std::to_string(kUnpackRatioMax) +
                            " times its size, as no table does; unpack it yourself");
  }
  void RestartCount() { unpacked_ = 0; }
  absl::Status Invalid(std::string_view what) {
    return CompressionInvalid("the " + std::string(format_) + " stream " + std::string(what) +
                                  "; was the file transferred whole?",
                              inner().raw_position());
  }
  // Whether nothing but padding is left; uses it up.
  absl::StatusOr<bool> OnlyPaddingLeft() {
    for (;;) {
      DQ_ASSIGN_OR_RETURN(const std::string_view input, Input());
      const size_t zeros = std::min(input.find_first_not_of('\0'), input.size());
      UseInput(zeros);
      if (zeros < input.size()) return false;
      if (input.empty()) return true;
    }
  }

 private:
  const char* format_;
  int64_t unpacked_ = 0;
};

class GzipSource final : public UnpackingSource {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> inner)
      : UnpackingSource(std::move(inner), "gzip"), state_(std::make_unique<inflate_state>()) {
    Rewind();
  }

 private:
  void Restart() override {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
    between_members_ = false;
    first_member_ = true;
    RestartCount();
  }

  absl::Status Decode(std::string& out) override {
    for (;;) {
      if (between_members_) {
        DQ_ASSIGN_OR_RETURN(const bool ended, OnlyPaddingLeft());
        if (ended) return absl::OkStatus();
        // Of a few bytes ISA-L would wait for the rest of a header.
        DQ_ASSIGN_OR_RETURN(const std::string_view next, Input());
        if (!kGzipMagic.starts_with(next.substr(0, kGzipMagic.size()))) return NotGzip();
        isal_inflate_reset(state_.get());
        state_->crc_flag = ISAL_GZIP;
        between_members_ = false;
        first_member_ = false;
      }
      DQ_RETURN_IF_ERROR(Inflate(out));
      if (!out.empty()) return CountOutput(out.size());
    }
  }

  // Inflates what there is of input; gives nothing when it was too little.
  absl::Status Inflate(std::string& out) {
    DQ_ASSIGN_OR_RETURN(std::string_view input, Input());
    const bool no_input = input.empty();
    out.resize(kOutputBytes);
    state_->next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(input.data()));
    state_->avail_in = static_cast<uint32_t>(input.size());
    state_->next_out = reinterpret_cast<uint8_t*>(out.data());
    state_->avail_out = static_cast<uint32_t>(out.size());
    const int result = isal_inflate(state_.get());
    UseInput(input.size() - state_->avail_in);
    out.resize(out.size() - state_->avail_out);
    if (result < 0) {
      out.clear();
      if (result == ISAL_INVALID_WRAPPER && !first_member_) return NotGzip();
      return Invalid("is damaged");
    }
    between_members_ = state_->block_state == ISAL_BLOCK_FINISH;
    if (no_input && out.empty() && !between_members_) return Invalid("is cut off");
    return absl::OkStatus();
  }

  absl::Status NotGzip() { return Invalid("is followed by bytes that are not gzip"); }

  std::unique_ptr<inflate_state> state_;
  bool between_members_ = false;
  bool first_member_ = true;
};

class ZstdSource final : public UnpackingSource {
 public:
  ZstdSource(std::unique_ptr<ByteSource> inner, int64_t memory_limit_bytes)
      : UnpackingSource(std::move(inner), "zstd"),
        window_bytes_(std::bit_floor(
            static_cast<uint64_t>(std::min(kZstdWindowBytesMax, memory_limit_bytes / 2)))),
        stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    const auto log = static_cast<int>(std::bit_width(window_bytes_)) - 1;
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, log);
    Rewind();
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };

  void Restart() override {
    ZSTD_DCtx_reset(stream_.get(), ZSTD_reset_session_only);
    between_frames_ = false;
    RestartCount();
  }

  absl::Status Decode(std::string& out) override {
    do {
      if (between_frames_) {
        DQ_ASSIGN_OR_RETURN(const bool ended, OnlyPaddingLeft());
        if (ended) return absl::OkStatus();
      }
      DQ_ASSIGN_OR_RETURN(const std::string_view input, Input());
      // Of a few bytes zstd would wait for the rest of a header.
      if (between_frames_ && !CouldBeFrame(input.front())) {
        return Describe(ZSTD_error_prefix_unknown);
      }
      out.resize(kOutputBytes);
      ZSTD_inBuffer from{input.data(), input.size(), 0};
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      const size_t left = ZSTD_decompressStream(stream_.get(), &to, &from);
      UseInput(from.pos);
      out.resize(ZSTD_isError(left) != 0 ? 0 : to.pos);
      if (ZSTD_isError(left) != 0) return Describe(ZSTD_getErrorCode(left));
      between_frames_ = left == 0;
      if (input.empty() && out.empty() && !between_frames_) return Invalid("is cut off");
    } while (out.empty());
    return CountOutput(out.size());
  }

  absl::Status Describe(ZSTD_ErrorCode code) {
    if (code == ZSTD_error_memory_allocation) throw std::bad_alloc();
    if (code == ZSTD_error_prefix_unknown && between_frames_) {
      return Invalid("is followed by bytes that are not zstd");
    }
    if (code != ZSTD_error_frameParameter_windowTooLarge) return Invalid("is damaged");
    const std::string window = std::to_string(window_bytes_ >> 20) + " MiB";
    if (window_bytes_ == uint64_t{kZstdWindowBytesMax}) {
      return UnsupportedFormat("the zstd stream was packed with a window of more than " + window +
                               "; pack it again without --long");
    }
    return MakeError(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY",
                     "unpacking the zstd stream needs a window of more than " + window +
                         "; half of the memory limit is for it: raise the memory limit or pack it "
                         "again with a lower level",
                     {{"category", "system"}});
  }

  uint64_t window_bytes_;  // A power of two, as all limits of windows are.
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool between_frames_ = false;
};

}  // namespace

Compression FindCompression(std::string_view bytes) {
  if (bytes.starts_with(kGzipMagic)) return Compression::kGzip;
  if (bytes.starts_with(kZstdMagic)) return Compression::kZstd;
  // Some programs put a frame to be skipped before the first.
  const bool skippable = bytes.size() >= 4 && (bytes[0] & 0xF0) == 0x50;
  if (skippable && bytes.substr(1, 3) == kZstdSkippable) return Compression::kZstd;
  return Compression::kNone;
}

std::unique_ptr<ByteSource> Unpack(std::unique_ptr<ByteSource> inner, Compression compression,
                                   int64_t memory_limit_bytes) {
  if (compression == Compression::kGzip) return std::make_unique<GzipSource>(std::move(inner));
  return std::make_unique<ZstdSource>(std::move(inner), memory_limit_bytes);
}

}  // namespace dq
