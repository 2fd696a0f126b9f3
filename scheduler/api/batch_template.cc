#include "scheduler/api/batch_template.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_replace.h"
#include "common/rpc/utf8.h"
#include "scheduler/api/file_registration.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/core/batch.h"

namespace dq {
namespace {

constexpr char kIndexMark[] = "{index}";
constexpr size_t kTemplateBytesMax = 16 << 10;
constexpr size_t kGlobBytesMax = 255;
constexpr size_t kDisplayNameBytesMax = 200;

void PutIndex(const std::string& index, std::string& text) {
  absl::StrReplaceAll({{kIndexMark, index}}, &text);
}

}  // namespace

void CopySource(const v1::Batch& from, v1::Batch& to) {
  if (from.has_directory()) *to.mutable_directory() = from.directory();
  if (from.has_generator()) *to.mutable_generator() = from.generator();
}

v1::Batch AskedOf(const v1::Batch& batch) {
  v1::Batch asked;
  asked.set_display_name(batch.display_name());
  *asked.mutable_operations() = batch.operations();
  asked.set_mode(batch.mode());
  asked.set_max_parallel(batch.max_parallel());
  asked.set_stop_on_error(batch.stop_on_error());
  *asked.mutable_labels() = batch.labels();
  CopySource(batch, asked);
  return asked;
}

v1::BatchOperation FileOperation(const v1::BatchDirectory& directory, const std::string& path,
                                 const std::string& input_file) {
  v1::BatchOperation operation;
  *operation.mutable_spec() = directory.template_();
  operation.mutable_spec()->set_input_file(input_file);
  operation.set_display_name(ValidUtf8(path, kDisplayNameBytesMax));
  return operation;
}

v1::BatchOperation GeneratedOperation(const v1::BatchGenerator& generator, int32_t index) {
  const std::string number = std::to_string(index);
  v1::BatchOperation operation = generator.template_();
  PutIndex(number, *operation.mutable_display_name());
  for (auto& [key, value] : *operation.mutable_labels()) PutIndex(number, value);
  if (operation.has_spec()) {
    PutIndex(number, *operation.mutable_spec()->mutable_input_file());
    PutIndex(number, *operation.mutable_spec()->mutable_concurrency_key());
  }
  return operation;
}

SampleOperation SampleOf(const v1::CreateBatchRequest& request) {
  const v1::Batch& batch = request.batch();
  if (batch.has_directory()) {
    return {FileOperation(batch.directory(), "f", request.parent() + "/files/f"),
            "batch.directory.template", "batch.directory.template", /*input_is_known=*/false};
  }
  const std::string& input = batch.generator().template_().spec().input_file();
  const int32_t last = std::clamp(batch.generator().count(), 1, kBatchOperationsMax);
  return {GeneratedOperation(batch.generator(), last), "batch.generator.template",
          "batch.generator.template.spec", input.find(kIndexMark) == std::string::npos};
}

void CheckSource(const v1::Batch& batch, Violations& violations) {
  if (batch.has_directory()) {
    const v1::BatchDirectory& directory = batch.directory();
    RequireRegistrable(directory.prefix(), "batch.directory.prefix", violations);
    violations.Require(directory.glob().size() <= kGlobBytesMax &&
                           IsPlainText(directory.glob(), kGlobBytesMax) &&
                           directory.glob().find('/') == std::string::npos,
                       "batch.directory.glob",
                       "a glob for names, at most 255 bytes, without '/' and control characters");
    violations.Require(directory.template_().input_file().empty(),
                       "batch.directory.template.input_file", "is filled in for each file");
    violations.Require(directory.template_().ByteSizeLong() <= kTemplateBytesMax,
                       "batch.directory.template", "at most 16 KiB");
  }
  if (batch.has_generator()) {
    const v1::BatchGenerator& generator = batch.generator();
    violations.Require(generator.count() >= 1 && generator.count() <= kBatchOperationsMax,
                       "batch.generator.count", "1 to 100,000");
    violations.Require(generator.template_().ByteSizeLong() <= kTemplateBytesMax,
                       "batch.generator.template", "at most 16 KiB");
  }
}

}  // namespace dq
