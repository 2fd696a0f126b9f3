// Many jobs from lines of JSON, against a scripted scheduler in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "common/base/error.h"
#include "scheduler/dqctl/job_lines.h"
#include "tests/scheduler/dqctl/command_test.h"
#include "tests/scheduler/dqctl/fake_scheduler.h"
#include "tests/support/wait_until.h"

namespace dq::dqctl {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr char kLine[] = R"({"job":{"spec":{"stages":[{"noop":{}}]}}})";

TEST(JobLines, EveryRequestHasAnIdAndMessagesAreBounded) {
  std::string text = "\n";
  for (int i = 0; i < 700; ++i) text += std::string(kLine) + "\n";
  text += R"({"request_id":"mine"})";
  std::istringstream in(text);
  JobLines lines(
      in, [] { return true; }, "projects/p", "run");
  auto message = lines.Next();
  ASSERT_TRUE(message.ok() && message->has_value());
  EXPECT_EQ((*message)->parent(), "projects/p");
  EXPECT_EQ((*message)->requests_size(), 500);
  EXPECT_EQ((*message)->requests(0).request_id(), "run-2");
  message = lines.Next();
  ASSERT_TRUE(message.ok() && message->has_value());
  EXPECT_EQ((*message)->requests_size(), 201);
  EXPECT_EQ((*message)->requests(200).request_id(), "mine");
  message = lines.Next();
  ASSERT_TRUE(message.ok());
  EXPECT_FALSE(message->has_value());
}

TEST(JobLines, ALineThatIsNoRequestIsNamed) {
  const std::string long_name = R"({"job":{"display_name":")" + std::string(1 << 20, 'x') + "\"}}";
  for (const std::string& bad : {std::string("{"), std::string("[]"), std::string(R"({"jobs":{}})"),
                                 long_name, std::string(R"({"job":{"spec":{"priority":"x"}}})"),
                                 std::string(R"({"parent":"projects/other"})")}) {
    std::istringstream in("\n\n" + bad + "\n");
    const auto message = JobLines(
                             in, [] { return true; }, "projects/p", "run")
                             .Next();
    EXPECT_EQ(ReasonOf(message.status()), "BAD_LINE") << bad.substr(0, 99);
    EXPECT_THAT(MessageOf(message.status()), HasSubstr("line 3 "));
  }
}

class SubmitLinesTest : public CommandTest {
 protected:
  SubmitLinesTest() { session_.connection = {.address = fake_.address(), .project = "default"}; }

  // Submits these lines with `flags`.
  int Submit(const std::vector<std::string>& lines, const std::vector<std::string>& flags = {}) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    Write("jobs.jsonl", text);
    std::vector<std::string> arguments = {"job", "submit", "--from-file", Path("jobs.jsonl")};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return Run(arguments);
  }

  FakeScheduler fake_;
};

TEST_F(SubmitLinesTest, NamesGoToStdoutAndTheCountsToStderr) {
  EXPECT_EQ(Submit({kLine, "", kLine}, {"--request-id", "r"}), 0);
  EXPECT_EQ(out_.str(), "projects/default/jobs/r-1\nprojects/default/jobs/r-3\n");
  EXPECT_EQ(err_.str(), "2 created, 0 existed already, 0 refused\n");
}

TEST_F(SubmitLinesTest, TheSameFileUnderTheSameRequestIdCreatesNothingTwice) {
  EXPECT_EQ(Submit({kLine, kLine}, {"--request-id", "r"}), 0);
  EXPECT_EQ(Submit({kLine, kLine}, {"--request-id", "r", "-o", "json"}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("0 created, 2 existed already"));
  EXPECT_THAT(out_.str(), HasSubstr("\"existed\": true"));
}

TEST_F(SubmitLinesTest, ARefusedJobKeepsNoOtherFromBeingCreated) {
  EXPECT_EQ(Submit({kLine, R"({"job":{"spec":{"queue":"BAD"}}})", kLine}, {"-o", "ndjson"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("-2: BAD_FIELD"));
  EXPECT_THAT(err_.str(), HasSubstr("2 created, 0 existed already, 1 refused"));
}

TEST_F(SubmitLinesTest, WithoutARequestIdTheOneThatIsDrawnIsSaidFirst) {
  EXPECT_EQ(Submit({kLine}), 0);
  EXPECT_THAT(err_.str(), ::testing::StartsWith("request ids begin with lines-"));
}

TEST_F(SubmitLinesTest, WhatHasNoAnswerWhenAStreamBreaksIsSentAgain) {
  fake_.submit_breaks_after = 1;
  EXPECT_EQ(Submit(std::vector<std::string>(1700, kLine), {"--request-id", "r"}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("500 existed already, 0 refused"));
  const std::string names = out_.str();
  EXPECT_EQ(std::count(names.begin(), names.end(), '\n'), 1700);
}

TEST_F(SubmitLinesTest, WhatMeetsAnOverloadedSchedulerIsSentAgain) {
  fake_.jobs_taken_before_full = 700;
  fake_.jobs_refused_for_now = 900;
  EXPECT_EQ(Submit(std::vector<std::string>(2600, kLine), {"--request-id", "r"}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("overloaded: 900 jobs wait to be sent again"));
  EXPECT_THAT(err_.str(), HasSubstr("2600 created, 0 existed already, 0 refused"));
  const std::string names = out_.str();
  EXPECT_EQ(std::count(names.begin(), names.end(), '\n'), 2600);
}

TEST_F(SubmitLinesTest, AJobWhoseDependencyMetAnOverloadIsSentAgainAfterIt) {
  fake_.jobs_taken_before_full = 0;
  fake_.jobs_refused_for_now = 1;
  const char* dependent = R"({"job":{"spec":{"stages":[{"noop":{}}],"depends_on":["r-1"]}}})";
  EXPECT_EQ(Submit({kLine, dependent}, {"--request-id", "r"}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("2 created, 0 existed already, 0 refused"));
}

TEST_F(SubmitLinesTest, ADependencyThatIsNowhereIsRefusedAlsoAfterAnOverload) {
  fake_.jobs_taken_before_full = 0;
  fake_.jobs_refused_for_now = 1;
  const char* dependent = R"({"job":{"spec":{"stages":[{"noop":{}}],"depends_on":["none"]}}})";
  EXPECT_EQ(Submit({kLine, dependent}, {"--request-id", "r"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("r-2: DEPENDENCY_MISSING"));
  EXPECT_THAT(err_.str(), HasSubstr("1 created, 0 existed already, 1 refused"));
}

TEST_F(SubmitLinesTest, ASchedulerThatStaysOverloadedEndsItAndSaysHowToGoOn) {
  fake_.jobs_taken_before_full = 1;
  fake_.jobs_refused_for_now = 1'000'000;
  session_.client.retry_for = absl::Milliseconds(300);
  EXPECT_EQ(Submit({kLine, kLine}, {"--request-id", "r"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("1 created, 0 existed already, 0 refused"));
  EXPECT_THAT(err_.str(), HasSubstr("QUEUE_FULL"));
  EXPECT_THAT(err_.str(), HasSubstr("--request-id r"));
}

TEST_F(SubmitLinesTest, ABadLineEndsItOnceWhatWasSentIsAnswered) {
  std::vector<std::string> lines(600, kLine);
  lines.emplace_back("{");
  EXPECT_EQ(Submit(lines, {"--request-id", "r"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("500 created"));
  EXPECT_THAT(err_.str(), HasSubstr("BAD_LINE"));
  EXPECT_THAT(err_.str(), HasSubstr("--request-id r"));
}

// A pipe that stays open, written to by the test.
class SubmitFromPipeTest : public SubmitLinesTest {
 protected:
  SubmitFromPipeTest() {
    EXPECT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
    thread_ = std::thread([this] {
      exit_code_ = Run({"job", "submit", "--from-file", Path("pipe"), "--request-id", "r"});
    });
    pipe_.open(Path("pipe"));
  }
  // Returns the exit code of the command.
  int Join() {
    thread_.join();
    return exit_code_;
  }
  bool AwaitSubmissions(size_t jobs) {
    return WaitUntil([&] { return fake_.submissions().size() == jobs; });
  }

  std::ofstream pipe_;

 private:
  int exit_code_ = -1;
  std::thread thread_;
};

TEST_F(SubmitFromPipeTest, WhatHasComeIsSubmittedBeforeMoreComes) {
  pipe_ << kLine << "\n" << kLine << std::endl;
  EXPECT_TRUE(AwaitSubmissions(2));
  pipe_ << kLine << std::endl;
  EXPECT_TRUE(AwaitSubmissions(3));
  pipe_.close();
  EXPECT_EQ(Join(), 0);
  EXPECT_EQ(err_.str(), "3 created, 0 existed already, 0 refused\n");
}

TEST_F(SubmitFromPipeTest, CtrlCEndsTheWaitForMoreAndSaysWhatWasSubmitted) {
  pipe_ << kLine << "\n"
        << kLine << "\n"
        << R"({"job":)" << std::flush;
  EXPECT_TRUE(AwaitSubmissions(2));
  interrupt_.Trigger();
  EXPECT_EQ(Join(), 130);
  EXPECT_THAT(err_.str(), HasSubstr("INTERRUPTED"));
  EXPECT_THAT(err_.str(), HasSubstr("--request-id r"));
  // The answer may or may not have come before.
  EXPECT_THAT(err_.str(), AnyOf(HasSubstr("2 created, 0 existed already, 0 refused"),
                                HasSubstr("of 2 more no answer came")));
}

TEST(SubmitOptions, WhatDescribesOneJobGoesNotWithManyFromAFile) {
  EXPECT_FALSE(ParseCommandLine({"job", "submit", "--from-file", "x", "--priority", "3"}).ok());
  EXPECT_FALSE(ParseCommandLine({"job", "submit", "in.csv", "--from-file", "x"}).ok());
  EXPECT_TRUE(ParseCommandLine({"job", "submit", "--from-file", "-", "-o", "json"}).ok());
}

}  // namespace
}  // namespace dq::dqctl
