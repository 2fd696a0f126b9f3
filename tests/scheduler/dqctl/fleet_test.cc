// Commands against a scripted scheduler, in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "tests/scheduler/dqctl/command_test.h"
#include "tests/scheduler/dqctl/fake_scheduler.h"
#include "tests/support/wait_until.h"

namespace dq::dqctl {
namespace {

namespace fs = std::filesystem;
using dq::v1::Job;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class FleetTest : public CommandTest {
 protected:
  FleetTest() : fake_(std::make_unique<FakeScheduler>()) {
    session_.connection = {.address = fake_->address(), .project = "default"};
    session_.client.retry_for = absl::Seconds(5);
    session_.watch.retry_first = absl::Milliseconds(5);
    session_.watch.retry_cap = absl::Milliseconds(20);
  }

  Job In(dq::v1::JobState state) const {
    Job job = fake_->job;
    job.set_state(state);
    return job;
  }
  // Returns the job as it completes, with "cleaned bytes" as its result.
  Job Completed(dq::v1::Verdict verdict) {
    Job job = In(dq::v1::JOB_STATE_COMPLETED);
    job.set_verdict(verdict);
    job.set_report("projects/default/reports/j-1");
    const auto file = fake_->AddFile("out", "cleaned bytes");
    auto* output = job.add_output_files();
    output->set_kind(dq::v1::OUTPUT_KIND_CLEANED);
    output->set_file(file.name());
    output->set_sha256(file.sha256());
    output->set_size_bytes(file.size_bytes());
    return job;
  }
  // Every watch says these jobs and then ends well.
  void WatchSays(std::vector<Job> jobs) {
    fake_->watch = [jobs](int, const auto&, auto&, auto& writer) {
      for (const Job& job : jobs) writer.Write(Update(job));
      return grpc::Status::OK;
    };
  }

  std::unique_ptr<FakeScheduler> fake_;
};

TEST_F(FleetTest, CleanUploadsRunsAndWritesTheVerifiedResult) {
  Write("in.csv", "id\n1\n");
  Write("ref.csv", "id\n2\n");
  fake_->report.set_rows_in(1234);
  fake_->report.set_score(97.5);
  WatchSays({In(dq::v1::JOB_STATE_QUEUED), In(dq::v1::JOB_STATE_PROCESSING),
             Completed(dq::v1::VERDICT_PASSED)});
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--reference", Path("ref.csv"), "--key", "id", "--gate",
                 "score>=90"}),
            0);
  EXPECT_EQ(Written("in.cleaned.csv"), "cleaned bytes");
  EXPECT_THAT(out_.str(), HasSubstr("COMPLETED"));
  EXPECT_THAT(out_.str(), HasSubstr("1,234"));
  EXPECT_THAT(out_.str(), HasSubstr("97.5"));
  EXPECT_THAT(err_.str(), HasSubstr("QUEUED\nPROCESSING\nCOMPLETED\n"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("\r")));
  ASSERT_EQ(fake_->submissions().size(), 1u);
  const dq::v1::JobSpec spec = fake_->submissions()[0].job().spec();
  EXPECT_EQ(fake_->BytesOf(spec.input_file()), "id\n1\n");
  EXPECT_EQ(spec.reference(), "projects/default/references/r-1");
  EXPECT_EQ(spec.gate().min_score(), 90);
}

TEST_F(FleetTest, ALostAnswerIsAskedForAgainUnderTheSameRequestId) {
  Write("in.csv", "id\n1\n");
  fake_->lost_answers = 2;
  WatchSays({Completed(dq::v1::VERDICT_NOT_EVALUATED)});
  EXPECT_EQ(Run({"clean", Path("in.csv")}), 0);
  const auto submissions = fake_->submissions();
  ASSERT_EQ(submissions.size(), 3u);
  EXPECT_FALSE(submissions[0].request_id().empty());
  EXPECT_EQ(submissions[0].SerializeAsString(), submissions[2].SerializeAsString());
}

TEST_F(FleetTest, ACallThatAClosingSchedulerDropsIsAskedForAgain) {
  Write("in.csv", "id\n1\n");
  fake_->lost_answers = 1;
  fake_->lost_answer_code = grpc::StatusCode::CANCELLED;
  WatchSays({Completed(dq::v1::VERDICT_NOT_EVALUATED)});
  EXPECT_EQ(Run({"clean", Path("in.csv")}), 0) << err_.str();
  EXPECT_EQ(fake_->submissions().size(), 2u);
}

TEST_F(FleetTest, WhatWasUploadedForAJobThatIsRefusedIsDeleted) {
  Write("in.csv", "id\n1\n");
  Write("ref.csv", "id\n2\n");
  EXPECT_EQ(Run({"job", "submit", Path("in.csv"), "--reference", Path("ref.csv"), "--key", "id",
                 "--queue", "BAD"}),
            2);
  ASSERT_EQ(fake_->submissions().size(), 1u);
  EXPECT_EQ(fake_->submissions()[0].job().spec().reference(), "projects/default/references/r-1");
  EXPECT_THAT(fake_->Resources(), IsEmpty());
  EXPECT_THAT(err_.str(), Not(HasSubstr("could not be deleted")));
}

TEST_F(FleetTest, WhatWasUploadedBeforeAFileThatIsNotThereIsDeleted) {
  Write("in.csv", "id\n1\n");
  EXPECT_EQ(Run({"job", "submit", Path("in.csv"), "--reference", Path("none.csv"), "--key", "id"}),
            1);
  EXPECT_THAT(err_.str(), HasSubstr("FILE_MISSING"));
  EXPECT_THAT(fake_->Resources(), IsEmpty());
}

TEST_F(FleetTest, WhatTheSchedulerHadBeforeStaysWhenAJobIsRefused) {
  const std::string name = fake_->AddFile("f-1", "id\n1\n").name();
  EXPECT_EQ(Run({"job", "submit", "f-1", "--queue", "BAD"}), 2);
  EXPECT_THAT(fake_->Resources(), ElementsAre(name));
}

TEST_F(FleetTest, AnUploadStaysWhileItIsNotKnownWhatBecameOfItsJob) {
  Write("in.csv", "id\n1\n");
  fake_->lost_answers = 1'000;
  session_.client.retry_for = absl::Milliseconds(200);
  EXPECT_EQ(Run({"job", "submit", Path("in.csv")}), 8);
  EXPECT_THAT(fake_->Resources(), SizeIs(1));
}

TEST_F(FleetTest, ADetailsFileWithoutRowsHasItsHeader) {
  Write("in.csv", "id\n1\n");
  WatchSays({Completed(dq::v1::VERDICT_PASSED)});
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--rejects", Path("r.csv")}), 0) << err_.str();
  EXPECT_EQ(Written("r.csv"), "row,byte,reason,content\n");
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--report", Path("r.json")}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("OUTPUT_MISSING"));
}

TEST_F(FleetTest, RejectsOfAnEarlierRunDoNotStayBesideACleanResult) {
  Write("in.csv", "id\n1\n");
  Write("in.cleaned.csv.rejects.csv", "row,byte,reason,content\n7,1,ragged,x\n");
  WatchSays({Completed(dq::v1::VERDICT_PASSED)});
  EXPECT_EQ(Run({"clean", Path("in.csv")}), 0) << err_.str();
  EXPECT_FALSE(fs::exists(Path("in.cleaned.csv.rejects.csv")));
}

TEST_F(FleetTest, AFailedGateKeepsTheResultAndIsExitCodeFive) {
  Write("in.csv", "id\n1\n");
  WatchSays({Completed(dq::v1::VERDICT_FAILED)});
  EXPECT_EQ(Run({"clean", Path("in.csv"), "-o", Path("o.csv"), "--gate", "score>=99"}), 5);
  EXPECT_EQ(Written("o.csv"), "cleaned bytes");
}

TEST_F(FleetTest, AFailedJobIsExitCodeThreeSaysWhyAndWritesNothing) {
  Write("in.csv", "id\n1\n");
  Job failed = In(dq::v1::JOB_STATE_FAILED);
  failed.mutable_error()->set_reason("PARSE_FAILED");
  failed.mutable_error()->set_message("row 3 has no end");
  (*failed.mutable_error()->mutable_metadata())["row"] = "3";
  WatchSays({failed});
  EXPECT_EQ(Run({"clean", Path("in.csv")}), 3);
  EXPECT_THAT(err_.str(), HasSubstr("dqctl: PARSE_FAILED: row 3 has no end"));
  EXPECT_THAT(err_.str(), HasSubstr("row: 3"));
  EXPECT_FALSE(fs::exists(Path("in.cleaned.csv")));
}

TEST_F(FleetTest, AResultWithOtherBytesIsRefused) {
  Write("in.csv", "id\n1\n");
  Job job = Completed(dq::v1::VERDICT_PASSED);
  job.mutable_output_files(0)->set_sha256(std::string(64, '0'));
  WatchSays({job});
  EXPECT_EQ(Run({"clean", Path("in.csv")}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("OUTPUT_DAMAGED"));
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_EQ(entry.path().filename(), "in.csv");
  }
}

TEST_F(FleetTest, ABrokenDownloadGoesOnWhereItBroke) {
  fake_->AddFile("f-1", "0123456789");
  fake_->download_breaks_after = 6;
  EXPECT_EQ(Run({"file", "download", "f-1", "-o", Path("f")}), 0);
  EXPECT_EQ(Written("f"), "0123456789");
}

TEST_F(FleetTest, MistakesAreFoundBeforeAnythingIsSent) {
  EXPECT_EQ(Run({"clean", Path("nothing.csv")}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("FILE_MISSING"));
  Write("in.csv", "id\n1\n");
  EXPECT_EQ(Run({"clean", Path("in.csv"), "-o", Path("in.csv")}), 2);
  EXPECT_EQ(Run({"clean", Path("in.csv"), "-o", Path("no/folder/o.csv")}), 1);
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--gate", "score>=1000"}), 2);
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--chain", "noop"}), 2);
  EXPECT_TRUE(fake_->submissions().empty());
}

TEST_F(FleetTest, ADetachedCleanReturnsOnceTheJobIsThere) {
  Write("in.csv", "id\n1\n");
  EXPECT_EQ(Run({"clean", Path("in.csv"), "--detach", "--output-format", "json"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\"name\": \"projects/default/jobs/j-1\""));
  EXPECT_THAT(err_.str(), HasSubstr("dqctl job watch projects/default/jobs/j-1"));
}

TEST_F(FleetTest, AWatchResumesFromItsBookmarkWhenTheStreamBreaks) {
  std::vector<std::string> tokens;
  fake_->watch = [&](int number, const auto& request, auto&, auto& writer) {
    tokens.push_back(request.resume_token());
    const bool first = number == 1;
    writer.Write(Update(In(first ? dq::v1::JOB_STATE_PROCESSING : dq::v1::JOB_STATE_COMPLETED)));
    if (!first) return grpc::Status::OK;
    writer.Write(Bookmark("t-1"));
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  };
  EXPECT_EQ(Run({"job", "watch", "j-1"}), 0);
  EXPECT_EQ(tokens, (std::vector<std::string>{"", "t-1"}));
  EXPECT_THAT(err_.str(), HasSubstr("lost, trying again"));
  EXPECT_THAT(err_.str(), HasSubstr("connected again"));
}

TEST_F(FleetTest, AnExpiredBookmarkStartsFromASnapshot) {
  std::vector<std::string> tokens;
  fake_->watch = [&](int number, const auto& request, auto&, auto& writer) {
    tokens.push_back(request.resume_token());
    if (number == 1) {
      writer.Write(Bookmark("old"));
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
    }
    if (number == 2) return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "expired");
    writer.Write(Update(In(dq::v1::JOB_STATE_CANCELLED)));
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"job", "watch", "j-1"}), 6);
  EXPECT_EQ(tokens, (std::vector<std::string>{"", "old", ""}));
}

TEST_F(FleetTest, AWatchSurvivesARestartOfTheScheduler) {
  const int port = fake_->port();
  fake_->watch = [&](int, const auto&, auto& context, auto& writer) {
    writer.Write(Update(In(dq::v1::JOB_STATE_PROCESSING)));
    (void)WaitUntil([&context] { return context.IsCancelled(); });
    return grpc::Status::CANCELLED;
  };
  std::thread restart([&] {
    ASSERT_TRUE(WaitUntil([&] { return fake_->watches() > 0; }));
    const Job completed = In(dq::v1::JOB_STATE_COMPLETED);
    fake_.reset();
    fake_ =
        std::make_unique<FakeScheduler>(port, [completed](int, const auto&, auto&, auto& writer) {
          writer.Write(Update(completed));
          return grpc::Status::OK;
        });
  });
  EXPECT_EQ(Run({"job", "watch", "j-1"}), 0);
  restart.join();
}

TEST_F(FleetTest, WaitGivesUpAfterItsTimeout) {
  fake_->watch = [&](int, const auto&, auto& context, auto& writer) {
    writer.Write(Update(In(dq::v1::JOB_STATE_QUEUED)));
    (void)WaitUntil([&context] { return context.IsCancelled(); });
    return grpc::Status::CANCELLED;
  };
  EXPECT_EQ(Run({"job", "wait", "j-1", "--timeout", "50ms"}), 7);
  EXPECT_THAT(err_.str(), HasSubstr("WAIT_TIMED_OUT"));
}

TEST_F(FleetTest, CtrlCDetachesAndSaysHowToAttachAgain) {
  Write("in.csv", "id\n1\n");
  fake_->watch = [&](int, const auto&, auto& context, auto& writer) {
    writer.Write(Update(In(dq::v1::JOB_STATE_PROCESSING)));
    interrupt_.Trigger();
    (void)WaitUntil([&context] { return context.IsCancelled(); });
    return grpc::Status::CANCELLED;
  };
  EXPECT_EQ(Run({"clean", Path("in.csv")}), 130);
  EXPECT_THAT(err_.str(), HasSubstr("dqctl job watch projects/default/jobs/j-1"));
  EXPECT_FALSE(fs::exists(Path("in.cleaned.csv")));
}

TEST_F(FleetTest, NobodyAtTheAddressIsExitCodeEightSoon) {
  session_.connection.address = "127.0.0.1:1";
  session_.client.connect_timeout = absl::Milliseconds(200);
  EXPECT_EQ(Run({"job", "get", "j-1"}), 8);
  EXPECT_THAT(err_.str(), HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(err_.str(), HasSubstr("dqctl dev"));
}

TEST_F(FleetTest, ErrorsOfTheServerKeepTheirReason) {
  EXPECT_EQ(Run({"job", "get", "j-2"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("dqctl: JOB_NOT_FOUND: no projects/default/jobs/j-2"));
  EXPECT_EQ(Run({"worker", "list"}), 4);
}

TEST_F(FleetTest, EveryWrongFieldIsListed) {
  EXPECT_EQ(Run({"job", "submit", "--chain", "noop", "--queue", "BAD"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("dqctl: BAD_FIELD: "));
  EXPECT_THAT(err_.str(), HasSubstr("  job.spec.queue: an id\n  job.spec.priority: at most 100\n"));
}

TEST_F(FleetTest, ListsReadPagesUpToTheLimit) {
  EXPECT_EQ(Run({"job", "list", "--limit", "5", "-o", "ndjson"}), 0);
  const std::string lines = out_.str();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 5);
  EXPECT_THAT(lines, HasSubstr("\"name\":\"projects/default/jobs/j-4\""));
}

TEST_F(FleetTest, DoctorNamesWhatIsMissing) {
  EXPECT_EQ(Run({"doctor"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("health: SERVING"));
  EXPECT_THAT(out_.str(), HasSubstr("warn  dq-worker: not found"));
  session_.connection.address = "127.0.0.1:1";
  session_.client.connect_timeout = absl::Milliseconds(200);
  EXPECT_EQ(Run({"doctor"}), 1);
}

}  // namespace
}  // namespace dq::dqctl
