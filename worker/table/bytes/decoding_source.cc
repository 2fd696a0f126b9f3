#include "worker/table/bytes/decoding_source.h"

#include <algorithm>
#include <cstring>

#include "common/base/status_macros.h"

namespace dq {
namespace {

constexpr size_t kInputBytes = size_t{128} << 10;

}  // namespace

void DecodingSource::Rewind() {
  inner_->Rewind();
  input_.clear();
  input_at_ = 0;
  at_ = 0;
  position_ = 0;
  decoded_.clear();
  Restart();
  status_ = Decode(decoded_);
}

absl::StatusOr<size_t> DecodingSource::Read(char* out, size_t size) {
  size_t done = 0;
  while (done < size && at_ < decoded_.size()) {
    const size_t count = std::min(size - done, decoded_.size() - at_);
    std::memcpy(out + done, decoded_.data() + at_, count);
    done += count;
    at_ += count;
    if (at_ == decoded_.size() && status_.ok()) {
      at_ = 0;
      decoded_.clear();
      status_ = Decode(decoded_);
    }
  }
  if (done == 0 && size > 0) DQ_RETURN_IF_ERROR(status_);
  position_ += static_cast<int64_t>(done);
  return done;
}

absl::StatusOr<std::string_view> DecodingSource::Input() {
  if (input_at_ == input_.size() && !inner_->AtEnd()) {
    input_.resize(kInputBytes);
    input_at_ = 0;
    DQ_ASSIGN_OR_RETURN(const size_t got, inner_->Read(input_.data(), input_.size()));
    input_.resize(got);
  }
  return std::string_view(input_).substr(input_at_);
}

}  // namespace dq
