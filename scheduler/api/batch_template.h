// Operations made of the template of a batch: one for each file of a directory, or one for each
// number of a generator. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "dq/v1/batch_service.pb.h"
#include "scheduler/api/violations.h"

namespace dq {

// Returns whether the batch is expanded from a directory or a generator.
inline bool HasSource(const v1::Batch& batch) {
  return batch.has_directory() || batch.has_generator();
}

// Copies the directory or the generator of a batch to another.
void CopySource(const v1::Batch& from, v1::Batch& to);

// Returns what the user says of a batch, without what is output only.
v1::Batch AskedOf(const v1::Batch& batch);

// Returns the operation of the file `path` beneath the prefix, which has the resource name
// `input_file`.
v1::BatchOperation FileOperation(const v1::BatchDirectory& directory, const std::string& path,
                                 const std::string& input_file);
// Returns the operation with the number `index`.
v1::BatchOperation GeneratedOperation(const v1::BatchGenerator& generator, int32_t index);

// An operation as it would be made, to be checked before any is.
struct SampleOperation {
  v1::BatchOperation operation;
  std::string field;           // The template in the request.
  std::string spec_field;      // Its spec.
  bool input_is_known = true;  // Else `input_file` only stands for what will be there.
};

// Returns a sample of the operations of a batch that has a source; texts are as long as they get.
SampleOperation SampleOf(const v1::CreateBatchRequest& request);

// Notes what is wrong with the source itself; its template is to be checked by a sample.
void CheckSource(const v1::Batch& batch, Violations& violations);

}  // namespace dq
