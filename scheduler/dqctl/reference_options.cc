#include "scheduler/dqctl/reference_options.h"

#include <vector>

namespace dq::dqctl {
namespace {

void AddKey(CLI::App& app, std::vector<std::string>& key) {
  app.add_option("--key", key, "Columns that identify a row")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("COL,..");
}

void AddValidation(CLI::App& app, bool& skip_validation, bool& no_wait) {
  app.add_flag("--skip-validation", skip_validation,
               "Take the file as it is: jobs find what is wrong with it");
  app.add_flag("--no-wait", no_wait, "Return before the file is validated");
}

void AddName(CLI::App& app, std::string& name) {
  app.add_option("REFERENCE", name, "Id or resource name")->required();
}

void AddActivate(CLI::App& group, CommandLine& line) {
  const auto [activate, activated] = AddCommand<ReferenceActivateCommand>(
      group, line, "activate", "Have jobs that name no reference take this one",
      "  dqctl ref activate master\n");
  AddName(*activate, activated->name);
  AddFormat(*activate, activated->format);
  const auto [deactivate, deactivated] = AddCommand<ReferenceActivateCommand>(
      group, line, "deactivate", "End that", "  dqctl ref deactivate master\n");
  deactivated->active = false;
  AddName(*deactivate, deactivated->name);
  AddFormat(*deactivate, deactivated->format);
}

}  // namespace

void AddReferenceCommands(CLI::App& parent, CommandLine& line) {
  CLI::App* group = AddGroup(parent, "ref", "Keep the reference files",
                             "  dqctl ref add master.csv --key customer_id --activate\n"
                             "  dqctl ref update master master_2027.csv\n"
                             "  dqctl ref list\n");
  const auto [add, added] = AddCommand<ReferenceAddCommand>(
      *group, line, "add", "Make a file a reference and have it validated",
      "  dqctl ref add master.csv --key customer_id --reference-id master\n"
      "  dqctl ref add master.csv --key customer_id --activate\n");
  add->add_option("FILE", added->file, "A path, or a file the scheduler has")->required();
  AddKey(*add, added->key);
  add->add_option("--reference-id", added->reference_id, "The id to be");
  add->add_option("--stage", added->stage, "The stage it serves (default complete)")
      ->check(CLI::IsMember({"complete", "dedupe"}));
  add->add_flag("--activate", added->activate,
                "Have jobs that name no reference take it, once it is validated");
  AddValidation(*add, added->skip_validation, added->no_wait);
  AddFormat(*add, added->format);

  const auto [update, updated] = AddCommand<ReferenceUpdateCommand>(
      *group, line, "update", "Make another file its next version",
      "  dqctl ref update master master_2027.csv\n"
      "  dqctl ref update master --key customer_id,country\n");
  AddName(*update, updated->name);
  update->add_option("FILE", updated->file,
                     "A path, or a file the scheduler has (default: that of the newest version)");
  AddKey(*update, updated->key);
  AddValidation(*update, updated->skip_validation, updated->no_wait);
  AddFormat(*update, updated->format);

  const auto [get, got] = AddCommand<ReferenceGetCommand>(
      *group, line, "get", "Print a reference with its versions", "  dqctl ref get master\n");
  AddName(*get, got->name);
  AddFormat(*get, got->format);

  const auto [list, listed] = AddCommand<ReferenceListCommand>(
      *group, line, "list", "List references, newest first", "  dqctl ref list\n");
  AddLimit(*list, listed->limit);
  AddFormat(*list, listed->format);

  AddActivate(*group, line);
  const auto [remove, removed] = AddCommand<ReferenceDeleteCommand>(
      *group, line, "delete", "Delete a reference; its files stay", "  dqctl ref delete master\n");
  AddName(*remove, removed->name);
}

}  // namespace dq::dqctl
