#include "common/base/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "common/base/error.h"

namespace dq {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

// OpenSSL fails here only when out of memory or built without SHA-256: nothing to recover.
void Check(int ok) {
  if (ok != 1) std::abort();
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  Check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(std::string_view bytes) {
  Check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

std::string Sha256::SoFar() const {
  Sha256 copy;
  Check(EVP_MD_CTX_copy_ex(copy.context_.get(), context_.get()));
  return copy.Finish();
}

std::string Sha256::Finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  Check(EVP_DigestFinal_ex(context_.get(), digest.data(), &size));
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

std::string Sha256Of(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  const auto* const made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                                digest.data(), &size);
  Check(made != nullptr ? 1 : 0);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

absl::StatusOr<std::string> Sha256OfFd(int fd, const std::function<bool()>& goes_on) {
  Sha256 hash;
  std::vector<char> buffer(kReadBytes);
  off_t offset = 0;
  for (;;) {
    if (!goes_on()) return absl::CancelledError("the file is not read to its end");
    const ssize_t got = ::pread(fd, buffer.data(), buffer.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, "IO_ERROR", "cannot read the file");
    if (got == 0) return hash.Finish();
    hash.Update({buffer.data(), static_cast<size_t>(got)});
    offset += got;
  }
}

}  // namespace dq
