#include "scheduler/api/file_codec.h"

#include "scheduler/api/job_codec.h"
#include "scheduler/api/resource_name.h"
#include "scheduler/api/time_codec.h"

namespace dq {

v1::File ToProto(const FileRecord& record) {
  v1::File file;
  file.set_name(ResourceText(record.project, kFiles, record.id));
  file.set_display_name(record.display_name);
  file.set_uri(record.uri);
  file.set_size_bytes(record.size_bytes);
  file.set_sha256(record.sha256);
  file.set_produced_by(ResourceText(record.project, kJobs, record.produced_by));
  file.set_created_by(record.created_by);
  *file.mutable_create_time() = ToProto(record.create_time);
  return file;
}

v1::Reference ToProto(const ReferenceRecord& record) {
  v1::Reference reference;
  reference.set_name(ResourceText(record.project, kReferences, record.id));
  reference.set_stage(record.stage);
  reference.set_file(ResourceText(record.project, kFiles, record.file_id));
  reference.mutable_key_columns()->Add(record.key_columns.begin(), record.key_columns.end());
  reference.set_display_name(record.display_name);
  reference.set_created_by(record.created_by);
  *reference.mutable_create_time() = ToProto(record.create_time);
  reference.set_active(record.active);
  reference.set_version(record.version);
  reference.set_state(static_cast<v1::ReferenceState>(record.state));
  reference.set_newest_version(record.newest_version);
  reference.set_etag(std::to_string(record.revision));
  return reference;
}

v1::ReferenceVersion ToProto(const std::string& project, const ReferenceVersion& version) {
  v1::ReferenceVersion proto;
  proto.set_version(version.version);
  proto.set_file(ResourceText(project, kFiles, version.file_id));
  proto.mutable_key_columns()->Add(version.key_columns.begin(), version.key_columns.end());
  proto.set_state(static_cast<v1::ReferenceState>(version.state));
  if (!version.error.reason.empty()) *proto.mutable_error() = ToProto(version.error);
  proto.set_validation_job(ResourceText(project, kJobs, version.validation_job));
  proto.set_created_by(version.created_by);
  *proto.mutable_create_time() = ToProto(version.create_time);
  return proto;
}

}  // namespace dq
