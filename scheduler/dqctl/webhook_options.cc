#include "scheduler/dqctl/webhook_options.h"

#include <set>
#include <string>

#include "scheduler/dqctl/option_parts.h"

namespace dq::dqctl {
namespace {

void AddCreate(CLI::App& group, CommandLine& line) {
  const auto [app, command] = AddCommand<WebhookCreateCommand>(
      group, line, "create", "Have an address told of the ends of the project's jobs and batches",
      "  dqctl webhook create https://example.com/dq\n"
      "  dqctl webhook create https://example.com/dq --event job.failed --event batch.failed\n"
      "  dqctl webhook create https://example.com/dq --secret-file secret.txt -o json\n");
  app->add_option("URL", command->url, "Where messages are posted")->required();
  const std::set<std::string> events = {"job.completed", "job.failed",      "job.cancelled",
                                        "job.skipped",   "batch.completed", "batch.partial_success",
                                        "batch.failed",  "batch.cancelled"};
  app->add_option("--event", command->events, "Only of this; may be given again (default: of all)")
      ->check(CLI::IsMember(events))
      ->allow_extra_args(false);
  app->add_option("--webhook-id", command->webhook_id,
                  "The id to be (default: the scheduler chooses)");
  app->add_option("--display-name", command->display_name, "A label for people");
  app->add_option("--secret-file", command->secret_file,
                  "Sign with the secret in this file, whsec_...; - is stdin (default: the "
                  "scheduler makes one and prints it, once)");
  app->add_option("--request-id", command->request_id,
                  "The same one again answers the same webhook (default: random)");
  AddFormat(*app, command->format);
}

void AddActions(CLI::App& group, CommandLine& line) {
  using Kind = WebhookActionCommand::Kind;
  struct Action {
    Kind kind;
    const char* name;
    const char* help;
  };
  constexpr Action kActions[] = {
      {Kind::kTest, "test", "Post a signed test now; exit code 1 unless it is taken"},
      {Kind::kEnable, "enable", "Tell a disabled webhook again of what ends from now on"},
      {Kind::kDelete, "delete", "Delete a webhook with its deliveries"},
  };
  for (const Action& action : kActions) {
    const std::string name = action.name;
    const auto [app, command] = AddCommand<WebhookActionCommand>(
        group, line, name, action.help, "  dqctl webhook " + name + " w-0123\n");
    command->kind = action.kind;
    app->add_option("WEBHOOK", command->name, "Id or resource name")->required();
    AddFormat(*app, command->format);
  }
}

}  // namespace

void AddWebhook(CLI::App& parent, CommandLine& line) {
  CLI::App* group = AddGroup(parent, "webhook", "Be told of the ends of jobs and batches",
                             "  dqctl webhook create https://example.com/dq --event job.failed\n"
                             "  dqctl webhook test w-0123\n"
                             "  dqctl webhook deliveries w-0123\n");
  AddCreate(*group, line);
  const auto [list, listed] = AddCommand<WebhookListCommand>(
      *group, line, "list", "List the webhooks of the project", "  dqctl webhook list -o json\n");
  AddLimit(*list, listed->limit);
  AddFormat(*list, listed->format);
  AddActions(*group, line);

  const auto [deliveries, told] = AddCommand<WebhookDeliveriesCommand>(
      *group, line, "deliveries", "List what a webhook was told in the last week, newest first",
      "  dqctl webhook deliveries w-0123 --limit 200\n");
  deliveries->add_option("WEBHOOK", told->name, "Id or resource name")->required();
  AddLimit(*deliveries, told->limit);
  AddFormat(*deliveries, told->format);

  const auto [resend, resent] = AddCommand<WebhookResendCommand>(
      *group, line, "resend", "Send a delivery now, whatever has become of it",
      "  dqctl webhook resend w-0123 d-42\n");
  resend->add_option("WEBHOOK", resent->name, "Id or resource name")->required();
  resend->add_option("DELIVERY", resent->delivery, "Its id, as deliveries prints it")->required();
  AddFormat(*resend, resent->format);
}

}  // namespace dq::dqctl
