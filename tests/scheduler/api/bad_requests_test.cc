// Every call that the server describes, with requests that no client would send: each is refused
// with a typed error or answered, none crashes, hangs or is INTERNAL, and nothing is changed.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <random>
#include <regex>
#include <set>

#include "common/base/error.h"
#include "common/rpc/status_mapping.h"
#include "tests/scheduler/api/api_server.h"
#include "tests/scheduler/api/raw_call.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

namespace pb = google::protobuf;

constexpr int kRequestsPerMethod = 150;
constexpr int kDepthMax = 6;
constexpr size_t kRequestBytesMax = 2 << 20;  // Much larger ones the transport refuses.

// Makes messages whose fields are missing, too large or hostile.
class HostileRequests {
 public:
  explicit HostileRequests(unsigned seed) : random_(seed) {}

  std::string Make(const pb::Descriptor& type) {
    const std::unique_ptr<pb::Message> message(factory_.GetPrototype(&type)->New());
    do {
      message->Clear();
      Fill(*message, 0);
    } while (message->ByteSizeLong() > kRequestBytesMax);
    return message->SerializeAsString();
  }
  size_t Pick(size_t count) { return random_() % count; }

 private:
  void Fill(pb::Message& message, int depth) {
    const pb::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      if (Pick(3) == 0) continue;
      if (!field.is_repeated()) {
        FillOne(message, field, depth);
        continue;
      }
      const size_t count = Pick(12) == 0 ? 1'100 : Pick(3);
      for (size_t k = 0; k < (depth > 0 ? std::min<size_t>(count, 2) : count); ++k) {
        Add(message, field, depth);
      }
    }
  }

  void FillOne(pb::Message& message, const pb::FieldDescriptor& field, int depth) {
    const pb::Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth < kDepthMax) Fill(*reflection.MutableMessage(&message, &field), depth + 1);
        return;
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(&message, &field, Text(field));
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(&message, &field, static_cast<int>(Number()));
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(&message, &field, Pick(2) == 0);
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(&message, &field, static_cast<int32_t>(Number()));
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(&message, &field, Number());
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(&message, &field, static_cast<uint32_t>(Number()));
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(&message, &field, static_cast<uint64_t>(Number()));
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.SetDouble(&message, &field, Fraction());
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.SetFloat(&message, &field, static_cast<float>(Fraction()));
    }
  }

  // Entries of maps and repeated messages are filled like messages, the rest is text or numbers.
  void Add(pb::Message& message, const pb::FieldDescriptor& field, int depth) {
    const pb::Reflection& reflection = *message.GetReflection();
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (depth < kDepthMax) Fill(*reflection.AddMessage(&message, &field), depth + 1);
    } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
      reflection.AddString(&message, &field, Text(field));
    } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_ENUM) {
      reflection.AddEnumValue(&message, &field, static_cast<int>(Number()));
    } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_DOUBLE) {
      reflection.AddDouble(&message, &field, Fraction());
    } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_INT64) {
      reflection.AddInt64(&message, &field, Number());
    } else if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_INT32) {
      reflection.AddInt32(&message, &field, static_cast<int32_t>(Number()));
    } else {
      ADD_FAILURE() << field.full_name() << ": a kind that this test does not know yet";
    }
  }

  // Whose resource is meant is never right: so nothing may be made, changed or deleted.
  std::string Text(const pb::FieldDescriptor& field) {
    static const std::vector<std::string> hostile = {"",
                                                     " ",
                                                     "../../../../etc/passwd",
                                                     "projects/",
                                                     "projects/default/jobs/../kept",
                                                     "projects/default/jobs/KEPT",
                                                     "projects/DEFAULT",
                                                     "projects/default/files/a/b",
                                                     "'; DROP TABLE job; --",
                                                     "%s%s%s%n",
                                                     "line\nbreak\r\n",
                                                     "\t\x01\x7f",
                                                     std::string("nul\0inside", 10),
                                                     "\xe2\x80\xae\xf0\x9d\x95\x8f",
                                                     "state = \"",
                                                     "((((((((((((((((((((((",
                                                     "-9223372036854775809",
                                                     std::string(300, 'a'),
                                                     std::string(70'000, 'z')};
    const bool names_resource = field.name() == "name" || field.name() == "names" ||
                                field.name() == "parent" || field.name() == "instance";
    if (!names_resource && Pick(4) == 0) return "state = QUEUED";
    // The last is long: once a message, so that it stays within what a server takes.
    return hostile[Pick(hostile.size() - (field.is_repeated() || Pick(4) > 0 ? 1 : 0))];
  }

  int64_t Number() {
    static const std::vector<int64_t> numbers = {0,
                                                 1,
                                                 2,
                                                 3,
                                                 -1,
                                                 99,
                                                 1001,
                                                 std::numeric_limits<int32_t>::max(),
                                                 std::numeric_limits<int32_t>::min(),
                                                 std::numeric_limits<int64_t>::max(),
                                                 std::numeric_limits<int64_t>::min()};
    return numbers[Pick(numbers.size())];
  }

  double Fraction() {
    static const std::vector<double> numbers = {0,
                                                -1,
                                                1.5,
                                                1e308,
                                                std::numeric_limits<double>::infinity(),
                                                std::numeric_limits<double>::quiet_NaN()};
    return numbers[Pick(numbers.size())];
  }

  std::mt19937 random_;
  pb::DynamicMessageFactory factory_;
};

// Everything of the record that a request could change.
std::string Recorded(ApiServer& server) {
  std::string text;
  for (const auto& [key, job] : server.store().Jobs()) {
    text += job.name.project + "/" + job.name.id + " " + std::to_string(job.status.version) + "\n";
  }
  const auto files = server.store().ListFiles("default", "", 1000);
  for (const FileRecord& file : files.value()) text += file.id + "\n";
  const auto references = server.store().ListReferences("default", "", 1000);
  for (const ReferenceRecord& reference : references.value()) text += reference.id + "\n";
  text += std::to_string(server.store().ListBatches("default", 0, 1000)->size()) + " batches, " +
          std::to_string(server.store().ListSchedules("default", 0, 1000)->size()) +
          " schedules, " + std::to_string(server.store().ListWebhooks("default")->size()) +
          " webhooks, " + std::to_string(server.store().LoadLimits()->size()) + " limits, " +
          std::to_string(server.store().LoadDrains()->size()) + " drains, " +
          std::to_string(server.store().OperatorActions().size()) + " actions, " +
          std::to_string(server.root().FileCount()) + " stored files";
  return text;
}

// What a client may be told of a request that makes no sense.
bool IsFit(grpc::StatusCode code) {
  static const std::set<grpc::StatusCode> fit = {
      grpc::StatusCode::OK,        grpc::StatusCode::INVALID_ARGUMENT,
      grpc::StatusCode::NOT_FOUND, grpc::StatusCode::FAILED_PRECONDITION,
      grpc::StatusCode::ABORTED,   grpc::StatusCode::OUT_OF_RANGE};
  return fit.contains(code);
}

void ExpectTyped(const grpc::Status& status, const std::string& what) {
  EXPECT_TRUE(IsFit(status.error_code()))
      << what << ": " << status.error_code() << " " << status.error_message();
  if (status.ok()) return;
  const absl::Status error = FromGrpcStatus(status);
  EXPECT_FALSE(ReasonOf(error).empty()) << what << ": " << error;
  EXPECT_FALSE(status.error_message().empty()) << what;
  EXPECT_LE(status.error_details().size(), kErrorDetailsBytesMax) << what;
  EXPECT_LE(FieldViolationsOf(error).size(), static_cast<size_t>(kFieldViolationsMax)) << what;
}

// The services of this product that the server serves, as it says itself.
std::set<std::string> ServedServices(ApiServer& server) {
  const RawAnswer answer =
      CallRaw(server.channel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              {"\x3a\x01*"}, absl::Seconds(20));
  std::set<std::string> services;
  const std::regex name("dq\\.v1\\.[A-Za-z]+Service");
  for (const std::string& bytes : answer.messages) {
    for (std::sregex_iterator at(bytes.begin(), bytes.end(), name), end; at != end; ++at) {
      services.insert(at->str());
    }
  }
  return services;
}

unsigned Seed() {
  const char* given = std::getenv("DQ_SEED");
  return given == nullptr ? 20261123u : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

TEST(BadRequests, EveryCallAnswersThemWithATypedErrorAndChangesNothing) {
  ApiServer server;
  const std::string kept = server.CreateNoop("kept");
  server.Upload("kept-file", "a,b\n1,2\n");
  const std::string before = Recorded(server);
  HostileRequests requests(Seed());
  int calls = 0;
  const auto services = ServedServices(server);
  EXPECT_GE(services.size(), 9u);
  for (const std::string& service : services) {
    const auto* described = pb::DescriptorPool::generated_pool()->FindServiceByName(service);
    ASSERT_NE(described, nullptr) << service;
    for (int m = 0; m < described->method_count(); ++m) {
      const pb::MethodDescriptor& method = *described->method(m);
      for (int i = 0; i < kRequestsPerMethod; ++i, ++calls) {
        std::vector<std::string> messages(method.client_streaming() ? 1 + requests.Pick(3) : 1);
        for (std::string& message : messages) message = requests.Make(*method.input_type());
        const RawAnswer answer = CallRaw(server.channel(), "/" + service + "/" + method.name(),
                                         messages, absl::Seconds(20));
        const std::string what = method.full_name() + ", request " + std::to_string(i) +
                                 " of DQ_SEED=" + std::to_string(Seed());
        ExpectTyped(answer.status, what);
        if (HasFailure()) FAIL() << what;
      }
    }
  }
  EXPECT_GT(calls, 40 * kRequestsPerMethod);
  EXPECT_TRUE(WaitUntil([&] { return Recorded(server) == before; })) << Recorded(server);
  EXPECT_EQ(server.Get(kept).state(), v1::JOB_STATE_QUEUED);
}

}  // namespace
}  // namespace dq
