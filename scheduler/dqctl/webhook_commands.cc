#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/base/error.h"
#include "common/base/random_id.h"
#include "common/base/status_macros.h"
#include "scheduler/dqctl/chain_request.h"
#include "scheduler/dqctl/paging.h"
#include "scheduler/dqctl/record.h"
#include "scheduler/dqctl/run.h"
#include "scheduler/dqctl/webhook_text.h"

namespace dq::dqctl {
namespace {

using dq::v1::Webhook;
using dq::v1::WebhookDelivery;

constexpr size_t kRequestIdBytes = 16;

std::string WebhookName(const Session& session, const std::string& text) {
  return ResourceName(session.connection.project, "webhooks", text);
}

// Returns the secret in a file, or on stdin: never from the command line, which others can see.
absl::StatusOr<std::string> ReadSecret(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file;
  if (path != "-") file.open(path);
  std::istream& in = path == "-" ? std::cin : file;
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::string secret(absl::StripAsciiWhitespace(text));
  if (!secret.empty()) return secret;
  return MakeError(absl::StatusCode::kNotFound, "FILE_MISSING", "no secret in " + path);
}

dq::v1::WebhookEvent EventOf(const std::string& name) {
  dq::v1::WebhookEvent event = dq::v1::WEBHOOK_EVENT_UNSPECIFIED;
  std::string constant = absl::AsciiStrToUpper("WEBHOOK_EVENT_" + name);
  constant[constant.find('.')] = '_';
  (void)dq::v1::WebhookEvent_Parse(constant, &event);
  return event;
}

absl::StatusOr<ExitCode> Test(Client& client, const std::string& name, OutputFormat format,
                              const Session& session) {
  DQ_ASSIGN_OR_RETURN(const dq::v1::TestWebhookResponse test, client.TestWebhook(name));
  PrintRecord(session.console, format, test, TestDetails(test));
  return test.delivered() ? ExitCode::kOk : ExitCode::kError;
}

}  // namespace

absl::StatusOr<ExitCode> Run(const WebhookCreateCommand& command, Session& session) {
  dq::v1::CreateWebhookRequest request;
  request.set_parent("projects/" + session.connection.project);
  request.set_webhook_id(command.webhook_id);
  request.set_request_id(command.request_id.empty() ? RandomHex(kRequestIdBytes)
                                                    : command.request_id);
  request.mutable_webhook()->set_url(command.url);
  request.mutable_webhook()->set_display_name(command.display_name);
  for (const std::string& event : command.events) {
    request.mutable_webhook()->add_events(EventOf(event));
  }
  DQ_ASSIGN_OR_RETURN(*request.mutable_secret(), ReadSecret(command.secret_file));
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  DQ_ASSIGN_OR_RETURN(const auto created, client->CreateWebhook(request));
  PrintRecord(session.console, command.format, created, NewWebhookDetails(created));
  if (!created.secret().empty()) {
    session.console.err << "The secret is not shown again: give it to the receiver, which verifies "
                           "the signatures with it.\n";
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const WebhookListCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::ListWebhooksRequest request;
  request.set_parent("projects/" + session.connection.project);
  DQ_ASSIGN_OR_RETURN(
      const std::vector<Webhook> webhooks,
      (ListUpTo<Webhook>(
          command.limit, request, [&](const auto& page) { return client->ListWebhooks(page); },
          [](const auto& response) { return response.webhooks(); })));
  PrintRecords(session.console, command.format, webhooks, WebhooksTable(webhooks));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const WebhookActionCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  const std::string name = WebhookName(session, command.name);
  switch (command.kind) {
    case WebhookActionCommand::Kind::kTest:
      return Test(*client, name, command.format, session);
    case WebhookActionCommand::Kind::kDelete:
      DQ_RETURN_IF_ERROR(client->DeleteWebhook(name));
      session.console.err << name << " is deleted\n";
      return ExitCode::kOk;
    case WebhookActionCommand::Kind::kEnable:
      break;
  }
  DQ_ASSIGN_OR_RETURN(const Webhook webhook, client->EnableWebhook(name));
  PrintRecord(session.console, command.format, webhook, WebhooksTable({&webhook, 1}));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const WebhookDeliveriesCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  dq::v1::ListDeliveriesRequest request;
  request.set_parent(WebhookName(session, command.name));
  DQ_ASSIGN_OR_RETURN(
      const std::vector<WebhookDelivery> deliveries,
      (ListUpTo<WebhookDelivery>(
          command.limit, request, [&](const auto& page) { return client->ListDeliveries(page); },
          [](const auto& response) { return response.deliveries(); })));
  PrintRecords(session.console, command.format, deliveries, DeliveriesTable(deliveries));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const WebhookResendCommand& command, Session& session) {
  DQ_ASSIGN_OR_RETURN(const auto client, Connect(session));
  const std::string name = WebhookName(session, command.name) + "/deliveries/" + command.delivery;
  DQ_ASSIGN_OR_RETURN(const WebhookDelivery delivery, client->ResendDelivery(name));
  PrintRecord(session.console, command.format, delivery, DeliveriesTable({&delivery, 1}));
  return ExitCode::kOk;
}

}  // namespace dq::dqctl
