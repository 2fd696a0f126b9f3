#include "scheduler/engine/storage_debts.h"

#include <set>
#include <vector>

#include "common/base/error.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/storage/attempt_directory.h"
#include "scheduler/engine/attempt_folders.h"

namespace dq {
namespace {

constexpr int kDebtsReadMax = 100;
// After so many in a row that cannot be paid, storage is likely to refuse the others too.
constexpr int kFailuresMax = 10;

void LogUnpaid(const StorageDebt& debt, const absl::Status& why) {
  Log(LogLevel::kWarning, "what was deleted stays in storage for now",
      {{"job", debt.job.id},
       {"project", debt.job.project},
       {"uri", debt.uri},
       {"message", MessageOf(why)}});
}

}  // namespace

int64_t StorageDebts::PayAll(const std::function<bool()>& goes_on) {
  int64_t paid = 0;
  int failures = 0;  // In a row.
  while (goes_on()) {
    const auto debts = store_.LoadDebts(after_, kDebtsReadMax);
    if (!debts.ok()) return paid;
    for (const StorageDebt& debt : *debts) {
      if (!goes_on()) return paid;
      after_ = debt.key;
      const absl::Status status = Pay(debt);
      paid += status.ok() ? 1 : 0;
      failures = status.ok() ? 0 : failures + 1;
      if (!status.ok()) LogUnpaid(debt, status);
      if (failures == kFailuresMax) return paid;  // The next call goes on behind it.
    }
    if (std::ssize(*debts) == kDebtsReadMax) continue;
    after_ = 0;
    return paid;
  }
  return paid;
}

absl::Status StorageDebts::Pay(const StorageDebt& debt) {
  DQ_RETURN_IF_ERROR(debt.uri.empty() ? ClearJob(debt) : objects_.Remove(debt.uri));
  return store_.PayDebt(debt.key);
}

absl::Status StorageDebts::ClearJob(const StorageDebt& debt) {
  const std::string prefix = prefix_of_(debt.job);
  DQ_ASSIGN_OR_RETURN(const AttemptFolders folders, ListAttemptFolders(objects_, prefix));
  // After the list: what another job of the name writes is not in it, or that job is seen here.
  const absl::Status named = exists_(debt.job);
  if (!named.ok() && !absl::IsNotFound(named)) return named;
  const std::string own = FolderIn(debt.manifest_uri, prefix);
  const auto is_owed = [&](std::string_view folder) {
    // Of what unfinished attempts left the other job's end takes care.
    return named.ok() ? folder == own : AttemptOfDirectory(folder).has_value();
  };
  const std::set<std::string> kept(debt.kept_uris.begin(), debt.kept_uris.end());
  DQ_RETURN_IF_ERROR(RemoveAttemptFolders(objects_, prefix, folders, is_owed, kept));
  return named.ok() ? absl::OkStatus() : objects_.RemoveEmptyDirectory(prefix);
}

}  // namespace dq
