// Takes from storage what deleted jobs have left there: the debts that were recorded with their
// deletion. A debt stands until everything of it is gone, whichever process led or died meanwhile.
// Used by one thread at a time.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/storage/object_store.h"
#include "scheduler/core/deletion_store.h"

namespace dq {

class StorageDebts {
 public:
  // Returns the uri beneath which a job's attempts write.
  using PrefixOf = std::function<std::string(const JobName&)>;
  // Returns OK when there is a job of that name, NOT_FOUND when there is none. May block.
  using Exists = std::function<absl::Status(const JobName&)>;

  // The references outlive it.
  StorageDebts(ObjectStore& objects, DeletionStore& store, PrefixOf prefix_of, Exists exists)
      : objects_(objects),
        store_(store),
        prefix_of_(std::move(prefix_of)),
        exists_(std::move(exists)) {}

  // Pays everything that is owed while `goes_on`; returns how many debts. What cannot be removed is
  // logged, stays owed and is tried again another time; after ten of these in a row it gives up,
  // and goes on behind them the next time. Blocks.
  int64_t PayAll(const std::function<bool()>& goes_on);

 private:
  absl::Status Pay(const StorageDebt& debt);
  absl::Status ClearJob(const StorageDebt& debt);

  ObjectStore& objects_;
  DeletionStore& store_;
  const PrefixOf prefix_of_;
  const Exists exists_;
  int64_t after_ = 0;  // The debt behind which the next call begins.
};

}  // namespace dq
