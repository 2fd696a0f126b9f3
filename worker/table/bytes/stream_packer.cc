#include "worker/table/bytes/stream_packer.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <cerrno>
#include <new>
#include <vector>

#include "worker/table/bytes/file_error.h"

namespace dq {
namespace {

constexpr size_t kPieceBytes = size_t{128} << 10;
constexpr int kGzipLevel = 2;
constexpr int kZstdLevel = 3;

class GzipPacker final : public StreamPacker {
 public:
  GzipPacker() : level_(ISAL_DEF_LVL2_DEFAULT) {
    isal_deflate_init(&stream_);
    stream_.gzip_flag = IGZIP_GZIP;
    stream_.level = kGzipLevel;
    stream_.level_buf = level_.data();
    stream_.level_buf_size = static_cast<uint32_t>(level_.size());
  }

  absl::Status Pack(std::string_view bytes, std::string& out) override {
    // Lengths are 32 bits in the library.
    for (size_t at = 0; at < bytes.size(); at += kPieceBytes) {
      const absl::Status packed = Deflate(bytes.substr(at, kPieceBytes), out);
      if (!packed.ok()) return packed;
    }
    return absl::OkStatus();
  }

  absl::Status End(std::string& out) override {
    stream_.end_of_stream = 1;
    return Deflate({}, out);
  }

 private:
  absl::Status Deflate(std::string_view bytes, std::string& out) {
    stream_.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uint32_t>(bytes.size());
    do {
      const size_t before = out.size();
      out.resize(before + kPieceBytes);
      stream_.next_out = reinterpret_cast<uint8_t*>(out.data() + before);
      stream_.avail_out = kPieceBytes;
      if (isal_deflate(&stream_) != COMP_OK) return IoFailed(EIO, "cannot pack with gzip");
      out.erase(out.size() - stream_.avail_out);
    } while (stream_.avail_out == 0 || stream_.avail_in > 0);
    return absl::OkStatus();
  }

  isal_zstream stream_;
  std::vector<uint8_t> level_;
};

class ZstdPacker final : public StreamPacker {
 public:
  ZstdPacker() : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  absl::Status Pack(std::string_view bytes, std::string& out) override {
    return Compress(bytes, ZSTD_e_continue, out);
  }
  absl::Status End(std::string& out) override { return Compress({}, ZSTD_e_end, out); }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  absl::Status Compress(std::string_view bytes, ZSTD_EndDirective directive, std::string& out) {
    ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
    for (;;) {
      const size_t before = out.size();
      out.resize(before + kPieceBytes);
      ZSTD_outBuffer to{out.data() + before, kPieceBytes, 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &to, &from, directive);
      out.resize(before + to.pos);
      if (ZSTD_isError(left) != 0) return IoFailed(EIO, "cannot pack with zstd");
      const bool done = directive == ZSTD_e_end ? left == 0 : from.pos == from.size;
      if (done) return absl::OkStatus();
    }
  }

  std::unique_ptr<ZSTD_CCtx, Free> context_;
};

}  // namespace

std::unique_ptr<StreamPacker> MakePacker(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return nullptr;
    case Compression::kGzip:
      return std::make_unique<GzipPacker>();
    case Compression::kZstd:
      return std::make_unique<ZstdPacker>();
  }
  return nullptr;
}

}  // namespace dq
