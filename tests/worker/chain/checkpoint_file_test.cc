// What the files of checkpoints hold when writing one has failed.
#include "worker/chain/checkpoint_file.h"

#include <gtest/gtest.h>

#include "common/base/error.h"
#include "tests/support/memory_file.h"

namespace dq {
namespace {

struct Files {
  MemoryFile learned, slot_a, slot_b;
  CheckpointFiles fds() const { return {learned.fd(), {slot_a.fd(), slot_b.fd()}}; }
};

auto Put(const std::string& text) {
  return [text](StateWriter& writer) {
    writer.PutText(text);
    return absl::OkStatus();
  };
}

// Fails when much is written already, as a full disk does.
absl::Status PutMuchAndFail(StateWriter& writer) {
  writer.PutBytes(std::string(size_t{1} << 20, 'x'));
  return absl::InternalError("no more");
}

TEST(CheckpointFile, ACheckpointThatFailedTakesNoRoomAndTheLastOneStays) {
  const Files files;
  CheckpointFile checkpoints(files.fds());
  ASSERT_TRUE(checkpoints.Write(Put("first")).ok());
  EXPECT_FALSE(checkpoints.Write(PutMuchAndFail).ok());
  EXPECT_EQ(files.slot_b.Content(), "");
  EXPECT_EQ(CheckpointFile(files.fds()).OpenNewest()->GetText(10), "first");
  ASSERT_TRUE(checkpoints.Write(Put("second")).ok());
  EXPECT_EQ(CheckpointFile(files.fds()).OpenNewest()->GetText(10), "second");
}

TEST(CheckpointFile, WhatWasLearnedInVainTakesNoRoom) {
  const Files files;
  CheckpointFile checkpoints(files.fds());
  ASSERT_TRUE(checkpoints.Append(Put("first")).ok());
  const std::string learned = files.learned.Content();
  EXPECT_FALSE(checkpoints.Append(PutMuchAndFail).ok());
  EXPECT_EQ(files.learned.Content(), learned);
  const auto section = checkpoints.Append(Put("second"));
  ASSERT_TRUE(section.ok());
  EXPECT_EQ(checkpoints.OpenLearned(*section)->GetText(10), "second");
}

}  // namespace
}  // namespace dq
