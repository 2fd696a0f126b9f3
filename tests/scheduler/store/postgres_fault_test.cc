// What only PostgreSQL can show: crashes, hangs, strange bytes and how rows are stored.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <iterator>
#include <pqxx/pqxx>
#include <sstream>
#include <thread>

#include "absl/time/clock.h"
#include "common/base/error.h"
#include "scheduler/store/postgres_store.h"
#include "scheduler/store/session.h"
#include "scheduler/store/session_watchdog.h"
#include "scheduler/store/sql_error.h"
#include "tests/scheduler/store/job_matching.h"
#include "tests/scheduler/store/job_script.h"
#include "tests/scheduler/store/sql_probe.h"
#include "tests/support/store_database.h"
#include "tests/support/wait_until.h"

namespace dq {
namespace {

// A store on a database of its own with its leader.
class PostgresFaultTest : public ::testing::Test {
 protected:
  PostgresFaultTest() {
    PostgresStoreOptions options;
    options.conninfo = database_;
    options.statement_timeout = absl::Seconds(2);
    auto created = PostgresStore::Create(options);
    EXPECT_TRUE(created.ok()) << created.status();
    store_ = std::move(created).value();
    epoch_ = store_->jobs().AcquireLeadership("first", "", absl::Hours(1))->epoch;
  }

  WriteBatch NextBatch() {
    WriteBatch batch;
    batch.epoch = epoch_;
    batch.sequence = ++sequence_;
    batch.now = JobScript::Start();
    return batch;
  }

  absl::Status Commit(std::vector<JobInsert> inserts, std::vector<JobUpdate> updates = {}) {
    WriteBatch batch = NextBatch();
    batch.inserts = std::move(inserts);
    batch.updates = std::move(updates);
    return store_->jobs().Commit(batch).status();
  }

  const std::string database_ = NewStoreDatabase();
  std::unique_ptr<PostgresStore> store_;
  int64_t epoch_ = 0;
  int64_t sequence_ = 0;
};

constexpr int kJobsPerBatch = 20;

// Lets a writer commit without pause while the server is killed again and again; the writer repeats
// a batch until it gets an answer, as the engine does.
TEST_F(PostgresFaultTest, EveryBatchIsWrittenExactlyOnceThoughTheServerIsKilledInTheMiddle) {
  std::atomic<bool> stop = false;
  std::atomic<int> batches = 0;
  std::atomic<int> repeated = 0;
  std::thread writer([&] {
    JobKey key = 0;
    while (!stop) {
      WriteBatch batch = NextBatch();
      for (int i = 0; i < kJobsPerBatch; ++i) {
        ++key;
        JobScript job(key, "job-" + std::to_string(key));
        (void)job.Create();
        (void)job.Claim("token");
        batch.inserts.push_back({job.record, job.events});
      }
      absl::StatusOr<BatchResult> result = store_->jobs().Commit(batch);
      for (; absl::IsUnavailable(result.status()); ++repeated) {
        result = store_->jobs().Commit(batch);
      }
      ASSERT_TRUE(result.ok()) << result.status();
      for (const InsertResult& insert : result->inserts) {
        ASSERT_EQ(insert.outcome, InsertOutcome::kInserted);
      }
      ++batches;
    }
  });
  for (int i = 0; i < 4; ++i) {
    const int before = batches;
    EXPECT_TRUE(WaitUntil([&] { return batches > before + 5; }));
    TestServer().Kill9();
    EXPECT_TRUE(TestServer().Restart().ok());
  }
  stop = true;
  writer.join();
  EXPECT_GT(repeated, 0);
  const std::string jobs = std::to_string(batches * kJobsPerBatch);
  EXPECT_EQ(Probe(database_, "SELECT count(*) FROM job"), jobs);
  EXPECT_EQ(Probe(database_, "SELECT count(*) FROM job_spec"), jobs);
  EXPECT_EQ(Probe(database_, "SELECT sum(live) FROM job_page"), jobs);
  EXPECT_EQ(Probe(database_, "SELECT count(*) / 2 FROM job_history"), jobs);
  EXPECT_EQ(Probe(database_, "SELECT state, jobs FROM job_state_count"), "3 " + jobs);
}

TEST_F(PostgresFaultTest, ReadsHealAfterTheServerCameBack) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ASSERT_TRUE(store_->reader().GetJob(job.record.name).ok());
  TestServer().Kill9();
  EXPECT_EQ(ReasonOf(store_->reader().GetJob(job.record.name).status()), "DATABASE_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(store_->jobs().RenewLeadership(epoch_, absl::Hours(1))),
            "DATABASE_UNAVAILABLE");
  ASSERT_TRUE(TestServer().Restart().ok());
  const auto got = store_->reader().GetJob(job.record.name);
  ASSERT_TRUE(got.ok()) << got.status();
  ExpectSameJob(*got, job.record);
  EXPECT_TRUE(store_->jobs().RenewLeadership(epoch_, absl::Hours(1)).ok());
}

TEST_F(PostgresFaultTest, AReadThatTakesTooLongSaysSoAndAWriteMayBeRepeated) {
  JobScript job(1, "a");
  WriteBatch batch = NextBatch();
  batch.inserts.push_back(job.Create());
  pqxx::connection other(database_);
  {
    pqxx::work lock(other);
    lock.exec("LOCK TABLE job");
    const absl::Status read = store_->reader().GetJob(job.record.name).status();
    EXPECT_EQ(read.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(ReasonOf(read), "QUERY_TOO_SLOW");
    EXPECT_TRUE(absl::IsUnavailable(store_->jobs().Commit(batch).status()));
  }
  ASSERT_TRUE(store_->jobs().Commit(batch).ok());
  EXPECT_TRUE(store_->reader().GetJob(job.record.name).ok());
}

TEST_F(PostgresFaultTest, AServerProcessThatHangsIsGivenUpAndTheBatchWrittenOnceLater) {
  JobScript first(1, "a");
  ASSERT_TRUE(Commit({first.Create()}).ok());
  const pid_t backend = std::stoi(Probe(database_,
                                        "SELECT pid FROM pg_stat_activity WHERE datname = "
                                        "current_database() AND query LIKE '%batch durable%' "
                                        "AND pid <> pg_backend_pid()"));
  JobScript second(2, "b");
  WriteBatch batch = NextBatch();
  batch.inserts = {second.Create()};
  ::kill(backend, SIGSTOP);
  EXPECT_TRUE(absl::IsUnavailable(store_->jobs().Commit(batch).status()));
  ::kill(backend, SIGCONT);
  const auto again = store_->jobs().Commit(batch);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->inserts[0].outcome, InsertOutcome::kInserted);
  EXPECT_EQ(Probe(database_, "SELECT count(*) FROM job"), "2");
}

TEST_F(PostgresFaultTest, AReadFromAServerProcessThatHangsIsGivenUp) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  ASSERT_TRUE(store_->reader().GetJob(job.record.name).ok());
  const std::string pids = Probe(database_,
                                 "SELECT pid FROM pg_stat_activity WHERE datname = "
                                 "current_database() AND backend_type = 'client backend' "
                                 "AND pid <> pg_backend_pid()");
  std::istringstream list(pids);
  const std::vector<pid_t> backends{std::istream_iterator<pid_t>(list), {}};
  for (const pid_t backend : backends) ::kill(backend, SIGSTOP);
  const auto start = absl::Now();
  // The one retry finds a new server process.
  EXPECT_TRUE(store_->reader().GetJob(job.record.name).ok());
  EXPECT_TRUE(store_->jobs().RenewLeadership(epoch_, absl::Hours(1)).ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(30));
  for (const pid_t backend : backends) ::kill(backend, SIGCONT);
}

// A server that lets clients in and is frozen from then on.
class FrozenServer {
 public:
  FrozenServer() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { LetIn(); });
  }
  ~FrozenServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (const int client : clients_) ::close(client);
    ::close(listener_);
  }

  std::string conninfo() const {
    return "host=127.0.0.1 port=" + std::to_string(port_) +
           " user=dq dbname=dq sslmode=disable gssencmode=disable";
  }

 private:
  void LetIn() {
    // Authenticated; the version; ready.
    static constexpr char kWelcome[] =
        "R\0\0\0\x08\0\0\0\0S\0\0\0\x18server_version\0"
        "15.0\0Z\0\0\0\x05I";
    for (int client; (client = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      clients_.push_back(client);
      char request[1024];
      EXPECT_GT(::read(client, request, sizeof request), 0);
      EXPECT_GT(::send(client, kWelcome, sizeof kWelcome - 1, MSG_NOSIGNAL), 0);
    }
  }

  const int listener_;
  int port_ = 0;
  std::vector<int> clients_;
  std::thread thread_;
};

TEST(Session, AServerThatFreezesAsSoonAsItLetsOneInIsGivenUp) {
  const FrozenServer server;
  SessionWatchdog watchdog;
  Session session({server.conninfo(), "frozen"}, {.statement_timeout = absl::Milliseconds(100)},
                  &watchdog);
  const absl::Status status = session.Run([](Transaction&) { return absl::OkStatus(); });
  EXPECT_EQ(ReasonOf(status), "DATABASE_UNAVAILABLE") << status;
}

TEST_F(PostgresFaultTest, TextThatPostgresqlCannotHoldIsMendedAndFailsNoBatch) {
  JobScript job(1, "a");
  job.record.display_name =
      std::string("nul\0 latin1 \xe9 surrogate \xed\xa0\x80 cut \xf0\x9f", 34);
  job.record.labels = {{"bad", "\xff"}};
  ASSERT_TRUE(Commit({job.Create()}).ok());
  const auto got = store_->reader().GetJob(job.record.name);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->display_name, "nul� latin1 � surrogate ��� cut ��");
  EXPECT_EQ(got->labels.at("bad"), "�");
  EXPECT_EQ(got->payload.spec, job.record.payload.spec);
}

TEST_F(PostgresFaultTest, TheTestDatabaseRefusesIllegalTransitions) {
  JobScript job(1, "a");
  ASSERT_TRUE(Commit({job.Create()}).ok());
  JobUpdate illegal = job.Claim("token");
  illegal.events[0].event = JobEvent::kComplete;
  const absl::Status refused = Commit({}, {illegal});
  EXPECT_TRUE(absl::IsInternal(refused)) << refused;
  EXPECT_EQ(ReasonOf(refused), "DATABASE_ERROR");
}

TEST_F(PostgresFaultTest, ARowThatIsNeededIsNoInternalError) {
  const absl::Status status = StatusFromSqlState("23503", "still referenced");
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(ReasonOf(status), "IN_USE");
}

TEST_F(PostgresFaultTest, TransitionsAreHotUpdates) {
  constexpr int kJobs = 1000;
  std::vector<JobScript> jobs;
  std::vector<JobInsert> inserts;
  for (int i = 1; i <= kJobs; ++i) {
    inserts.push_back(jobs.emplace_back(i, "job-" + std::to_string(i)).Create());
  }
  ASSERT_TRUE(Commit(inserts).ok());
  for (const bool complete : {false, true}) {
    std::vector<JobUpdate> updates;
    for (JobScript& job : jobs) {
      updates.push_back(complete ? job.Complete({}) : job.Claim(std::string(32, 'a')));
    }
    ASSERT_TRUE(Commit({}, updates).ok());
  }
  store_.reset();  // Backends publish their statistics when they end.
  EXPECT_TRUE(WaitUntil([&] {
    return Probe(database_, "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'job'") ==
           std::to_string(2 * kJobs);
  }));
  EXPECT_GE(std::stoi(Probe(database_,
                            "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'job'")),
            2 * kJobs * 85 / 100);
}

}  // namespace
}  // namespace dq
