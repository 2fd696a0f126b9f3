// SHA-256 (FIPS 180-4) of bytes that arrive in pieces. Sha256 is not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct evp_md_ctx_st;

namespace dq {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  // Takes the next bytes in.
  void Update(std::string_view bytes);
  // Returns the digest of what was taken in so far, as Finish() does; more may follow.
  std::string SoFar() const;
  // Returns the digest as 64 lower-case hex digits. Nothing may be called afterwards.
  std::string Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Returns the digest of `bytes`, lower-case hex.
std::string Sha256Of(std::string_view bytes);

// Returns HMAC-SHA256 (RFC 2104) of `bytes` under `key`, as 32 raw bytes.
std::string HmacSha256(std::string_view key, std::string_view bytes);

// Returns the digest of the whole file `fd`, read with pread: the file offset stays. A read error
// is typed IO_ERROR. `goes_on` is asked between pieces; CANCELLED when it says no.
absl::StatusOr<std::string> Sha256OfFd(
    int fd, const std::function<bool()>& goes_on = [] { return true; });

}  // namespace dq
