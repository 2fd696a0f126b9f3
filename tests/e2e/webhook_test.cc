// Webhooks over real processes, with a receiver that shares no code with dq.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/e2e/job_facts.h"
#include "tests/support/cluster.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

// What a receiver got of one attempt.
struct Received {
  std::string id;
  bool genuine = false;
  int status = 0;
  std::string content_type;
  Json body;
};

// The receiver, a Python program with a folder of its own.
class Receiver {
 public:
  Receiver(const Cluster& cluster, int failures)
      : folder_(cluster.Path("receiver")),
        process_({"/usr/bin/env", "python3", DQ_SOURCE_DIR "/tests/e2e/webhook_receiver.py",
                  Made(folder_), std::to_string(failures)},
                 {}, folder_ + ".log", folder_ + ".log") {
    EXPECT_TRUE(WaitUntil([this] { return std::filesystem::exists(folder_ + "/port"); }))
        << ReadTextFile(folder_ + ".log");
  }

  std::string Url(const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + ReadTextFile(folder_ + "/port") + "/dq";
  }
  void KnowSecret(const std::string& secret) { std::ofstream(folder_ + "/secret") << secret; }
  void BeDown() { std::ofstream(folder_ + "/down") << "yes"; }
  void BeUp() { std::filesystem::remove(folder_ + "/down"); }

  std::vector<Received> All() const {
    std::vector<Received> all;
    std::istringstream lines(ReadTextFile(folder_ + "/received"));
    for (std::string line; std::getline(lines, line) && lines.good();) {
      const Json entry = Json::parse(line);
      all.push_back({entry["id"], entry["genuine"], entry["status"], entry["type"], entry["body"]});
    }
    return all;
  }
  // Returns what is told of one job or batch, in the order in which it came.
  std::vector<Received> Of(const std::string& name) const {
    std::vector<Received> some;
    for (const Received& received : All()) {
      if (received.body["data"]["name"] == name) some.push_back(received);
    }
    return some;
  }

 private:
  static std::string Made(const std::string& folder) {
    std::filesystem::create_directory(folder);
    return folder;
  }

  const std::string folder_;
  Process process_;
};

std::map<std::string, std::string> Flags() {
  return {{"--webhook-allow-cidr", "127.0.0.0/8"}, {"--webhook-retry-scale", "0.001"}};
}

// Creates the webhook "w" at the receiver, which learns its secret.
void Subscribe(const Cluster& cluster, Receiver& receiver) {
  const ProgramResult created =
      cluster.Ctl({"webhook", "create", receiver.Url(), "--webhook-id", "w", "-o", "json"});
  ASSERT_EQ(created.exit_code, 0) << created.err;
  EXPECT_THAT(created.err, HasSubstr("not shown again"));
  receiver.KnowSecret(Json::parse(created.out)["secret"]);
}

// Returns the states of the deliveries of the webhook "w", newest first.
std::vector<std::string> States(const Cluster& cluster) {
  const ProgramResult listed = cluster.Ctl({"webhook", "deliveries", "w", "-o", "json"});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  std::vector<std::string> states;
  for (const Json& delivery : Json::parse(listed.out)) states.push_back(delivery["state"]);
  return states;
}

TEST(Webhook, AReceiverThatFailsTwiceThenAcceptsIsToldOnceWithGenuineSignatures) {
  const Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = Flags()});
  Receiver receiver(cluster, 2);
  Subscribe(cluster, receiver);
  Submit(cluster, "done", {"--chain", "noop", "--label", "team=d”ata"});
  ASSERT_TRUE(WaitUntil([&] { return receiver.Of("projects/default/jobs/done").size() == 3; }));
  const auto received = receiver.Of("projects/default/jobs/done");
  std::vector<int> statuses;
  for (const Received& attempt : received) {
    EXPECT_TRUE(attempt.genuine);
    EXPECT_EQ(attempt.id, received[0].id);
    EXPECT_EQ(attempt.body, received[0].body);
    EXPECT_EQ(attempt.content_type, "application/json");
    statuses.push_back(attempt.status);
  }
  EXPECT_THAT(statuses, ElementsAre(500, 500, 204));
  EXPECT_EQ(received[0].body["type"], "job.completed");
  EXPECT_EQ(received[0].body["data"]["state"], "COMPLETED");
  EXPECT_EQ(received[0].body["data"]["labels"]["team"], "d”ata");
  EXPECT_TRUE(WaitUntil(
      [&] { return States(cluster) == std::vector<std::string>{"DELIVERY_STATE_DELIVERED"}; }));
  EXPECT_THAT(cluster.Ctl({"webhook", "deliveries", "w"}).out, HasSubstr("jobs/done"));
}

TEST(Webhook, AFileAndABatchAreToldWithVerdictAndState) {
  const Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = Flags()});
  Receiver receiver(cluster, 0);
  Subscribe(cluster, receiver);
  const std::string file = cluster.WriteFile("customers.csv", SomeCustomers(50));
  const ProgramResult submitted = cluster.Ctl({"batch", "submit", file, "--batch-id", "b"});
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  ASSERT_TRUE(WaitUntil([&] { return receiver.Of("projects/default/batches/b").size() == 1; }));
  const auto job = receiver.Of("projects/default/jobs/b-1");
  ASSERT_EQ(job.size(), 1u);
  EXPECT_TRUE(job[0].genuine);
  EXPECT_EQ(job[0].body["data"]["batch"], "projects/default/batches/b");
  EXPECT_EQ(job[0].body["data"]["operation_index"], 1);
  EXPECT_EQ(job[0].body["data"]["verdict"], "NOT_EVALUATED");
  EXPECT_TRUE(job[0].body["data"].contains("quality_score"));
  const auto batch = receiver.Of("projects/default/batches/b");
  EXPECT_TRUE(batch[0].genuine);
  EXPECT_EQ(batch[0].body["type"], "batch.completed");
}

TEST(Webhook, WhatOneSchedulerCouldNotDeliverTheNextOneDoes) {
  Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = Flags()});
  Receiver receiver(cluster, 0);
  Subscribe(cluster, receiver);
  receiver.BeDown();
  Submit(cluster, "done", {"--chain", "noop"});
  ASSERT_TRUE(WaitUntil([&] { return !receiver.All().empty(); }));
  cluster.scheduler().Kill9();
  cluster.RestartScheduler();
  receiver.BeUp();
  EXPECT_TRUE(WaitUntil(
      [&] { return States(cluster) == std::vector<std::string>{"DELIVERY_STATE_DELIVERED"}; }));
  EXPECT_EQ(receiver.All().back().status, 204);
  // The webhook is known to the new leader.
  Submit(cluster, "next", {"--chain", "noop"});
  EXPECT_TRUE(WaitUntil([&] { return !receiver.Of("projects/default/jobs/next").empty(); }));
}

TEST(Webhook, ATestTellsHowItWentAndADeliveryIsSentAnew) {
  const Cluster cluster({.workers = 1, .slots = 2, .scheduler_flags = Flags()});
  Receiver receiver(cluster, 0);
  Subscribe(cluster, receiver);
  EXPECT_EQ(cluster.Ctl({"webhook", "test", "w"}).exit_code, 0);
  EXPECT_EQ(receiver.All().at(0).body["type"], "webhook.test");
  EXPECT_TRUE(receiver.All().at(0).genuine);
  Submit(cluster, "done", {"--chain", "noop"});
  ASSERT_TRUE(WaitUntil(
      [&] { return States(cluster) == std::vector<std::string>{"DELIVERY_STATE_DELIVERED"}; }));
  const Json listed = Json::parse(cluster.Ctl({"webhook", "deliveries", "w", "-o", "json"}).out);
  const std::string name = listed[0]["name"];
  const std::string id = name.substr(name.rfind('/') + 1);
  EXPECT_EQ(cluster.Ctl({"webhook", "resend", "w", id}).exit_code, 0);
  ASSERT_TRUE(WaitUntil([&] { return receiver.Of("projects/default/jobs/done").size() == 2; }));
  const auto received = receiver.Of("projects/default/jobs/done");
  EXPECT_EQ(received[0].id, received[1].id);
  receiver.BeDown();
  const ProgramResult failed = cluster.Ctl({"webhook", "test", "w"});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.out, HasSubstr("503"));
  EXPECT_EQ(cluster.Ctl({"webhook", "delete", "w"}).exit_code, 0);
  EXPECT_EQ(cluster.Ctl({"webhook", "test", "w"}).exit_code, 1);
}

TEST(Webhook, AddressesThatAreNotPublicAreRefusedUnlessAllowed) {
  const Cluster cluster({.workers = 0, .scheduler_flags = {}});
  Receiver receiver(cluster, 0);
  receiver.KnowSecret("whsec_");
  const ProgramResult refused = cluster.Ctl({"webhook", "create", receiver.Url()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("not public"));
  const ProgramResult named =
      cluster.Ctl({"webhook", "create", receiver.Url("localhost"), "--webhook-id", "w"});
  ASSERT_EQ(named.exit_code, 0) << named.err;
  const ProgramResult test = cluster.Ctl({"webhook", "test", "w"});
  EXPECT_EQ(test.exit_code, 1);
  EXPECT_THAT(test.out, HasSubstr("not public"));
  EXPECT_TRUE(receiver.All().empty());
}

}  // namespace
}  // namespace dq
