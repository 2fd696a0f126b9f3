// What callers change beside jobs and batches leaves an audit event each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/rpc/status_mapping.h"
#include "tests/scheduler/api/api_server.h"

namespace dq {
namespace {

using ::testing::ElementsAre;

constexpr char kParent[] = "projects/default";

class AuditTest : public testing::Test {
 protected:
  template <typename Stub, typename Request, typename Response>
  void Ask(const std::unique_ptr<Stub>& stub,
           grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
           const Request& request) {
    Response response;
    const absl::Status answered = Call(*stub, method, request, response);
    EXPECT_TRUE(answered.ok()) << answered;
  }
  // Returns action and subject of each event.
  std::vector<std::string> Events() {
    std::vector<std::string> events;
    for (const OperatorAction& each : server_.store().OperatorActions()) {
      events.push_back(each.action + " " + each.subject);
    }
    return events;
  }

  ApiServer server_;
};

TEST_F(AuditTest, OfSchedules) {
  using Schedules = v1::ScheduleService::Stub;
  v1::CreateScheduleRequest create;
  create.set_parent(kParent);
  create.set_schedule_id("s");
  create.mutable_schedule()->set_cron("0 0 1 1 *");
  create.mutable_schedule()->mutable_job()->mutable_spec()->add_stages()->mutable_noop();
  Ask(server_.schedules(), &Schedules::CreateSchedule, create);
  v1::UpdateScheduleRequest update;
  update.mutable_schedule()->set_name("projects/default/schedules/s");
  update.mutable_schedule()->set_paused(true);
  update.mutable_update_mask()->add_paths("paused");
  Ask(server_.schedules(), &Schedules::UpdateSchedule, update);
  v1::TriggerScheduleRequest trigger;
  trigger.set_name("projects/default/schedules/s");
  Ask(server_.schedules(), &Schedules::TriggerSchedule, trigger);
  v1::DeleteScheduleRequest remove;
  remove.set_name("projects/default/schedules/s");
  Ask(server_.schedules(), &Schedules::DeleteSchedule, remove);
  const std::string name = " projects/default/schedules/s";
  EXPECT_THAT(Events(), ElementsAre("create_schedule" + name, "update_schedule" + name,
                                    "trigger_schedule" + name, "delete_schedule" + name));
}

TEST_F(AuditTest, OfWebhooks) {
  using Webhooks = v1::WebhookService::Stub;
  v1::CreateWebhookRequest create;
  create.set_parent(kParent);
  create.set_webhook_id("w");
  create.mutable_webhook()->set_url("https://example.com/dq");
  Ask(server_.webhooks(), &Webhooks::CreateWebhook, create);
  v1::EnableWebhookRequest enable;
  enable.set_name("projects/default/webhooks/w");
  Ask(server_.webhooks(), &Webhooks::EnableWebhook, enable);
  v1::DeleteWebhookRequest remove;
  remove.set_name("projects/default/webhooks/w");
  Ask(server_.webhooks(), &Webhooks::DeleteWebhook, remove);
  const std::string name = " projects/default/webhooks/w";
  EXPECT_THAT(Events(), ElementsAre("create_webhook" + name, "enable_webhook" + name,
                                    "delete_webhook" + name));
}

TEST_F(AuditTest, OfReferencesAndFiles) {
  using References = v1::ReferenceService::Stub;
  server_.Upload("f-1", "id\n1\n");
  v1::CreateReferenceRequest create;
  create.set_parent(kParent);
  create.set_reference_id("r");
  create.mutable_reference()->set_file("projects/default/files/f-1");
  create.mutable_reference()->add_key_columns("id");
  Ask(server_.references(), &References::CreateReference, create);
  v1::UpdateReferenceRequest update;
  update.mutable_reference()->set_name("projects/default/references/r");
  update.mutable_reference()->set_display_name("another label");
  update.mutable_update_mask()->add_paths("display_name");
  Ask(server_.references(), &References::UpdateReference, update);
  v1::DeleteReferenceRequest remove;
  remove.set_name("projects/default/references/r");
  Ask(server_.references(), &References::DeleteReference, remove);
  v1::DeleteFileRequest file;
  file.set_name("projects/default/files/f-1");
  Ask(server_.files(), &v1::FileService::Stub::DeleteFile, file);
  const std::string name = " projects/default/references/r";
  EXPECT_THAT(Events(),
              ElementsAre("create_reference" + name, "update_reference" + name,
                          "delete_reference" + name, "delete_file projects/default/files/f-1"));
}

// Nothing is done without one.
TEST_F(AuditTest, WhatCannotBeWrittenDownIsNotDone) {
  server_.Upload("f-1", "id\n1\n");
  server_.store().RefuseEvents();
  v1::DeleteFileRequest remove;
  remove.set_name("projects/default/files/f-1");
  v1::DeleteFileResponse removed;
  EXPECT_TRUE(absl::IsUnavailable(
      Call(*server_.files(), &v1::FileService::Stub::DeleteFile, remove, removed)));
  EXPECT_TRUE(server_.store().GetFile("default", "f-1").ok());
}

}  // namespace
}  // namespace dq
