// A chain that goes on from a checkpoint gives what it would have given without the interruption.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>

#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "nlohmann/json.hpp"
#include "tests/support/chain_harness.h"
#include "tests/support/memory_file.h"
#include "worker/chain/chain_runner.h"
#include "worker/stages/build_stages.h"
#include "worker/table/bytes/stream_packer.h"
#include "xxhash.h"

namespace dq {
namespace {

// Stops at the `stop_at`th chance (from 1; 0: never), or saves at every chance.
class ScriptedControl final : public CheckpointControl {
 public:
  explicit ScriptedControl(int stop_at, CheckpointCall otherwise = CheckpointCall::kGoOn)
      : stop_at_(stop_at), otherwise_(otherwise) {}
  CheckpointCall Decide(CheckpointChance) override {
    return ++chances == stop_at_ ? CheckpointCall::kSaveAndStop : otherwise_;
  }
  bool stop_asked() const override { return false; }
  void OnStart(const ChainStart& begun) override { start = begun; }
  void OnSaved(const SavedCheckpoint&) override { ++saved; }
  void OnFailed(const absl::Status& why) override { failure = why; }

  int chances = 0;
  int saved = 0;
  ChainStart start;
  absl::Status failure;

 private:
  int stop_at_;
  CheckpointCall otherwise_;
};

// A chain over files in memory that several runs go on with.
struct Job {
  ChainSpec spec;
  MemoryFile input;
  MemoryFile reference;
  bool has_reference = false;
  size_t batch_bytes = 200;
  int opened = 0;  // How often the chain was made.
  MemoryFile cleaned, report, changes, clusters, rejects, intermediate, learned, slot_a, slot_b;

  absl::StatusOr<ChainResult> Run(CheckpointControl* control, bool resume) {
    const UniqueFd temp(::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const ChainFiles files{.input_fd = input.fd(),
                           .reference_fd = has_reference ? reference.fd() : -1,
                           .cleaned_fd = cleaned.fd(),
                           .report_fd = report.fd(),
                           .changes_fd = changes.fd(),
                           .clusters_fd = clusters.fd(),
                           .rejects_fd = rejects.fd(),
                           .intermediate_fd = intermediate.fd(),
                           .temp_dir_fd = temp.get()};
    NullProgressSink sink;
    const CancelToken cancel;
    const CheckpointPlan plan{.files = {learned.fd(), {slot_a.fd(), slot_b.fd()}},
                              .control = control,
                              .resume = resume,
                              .batch_bytes = batch_bytes};
    const StageFactory make_stages = [this](const ChainSpec& chain,
                                            std::span<const StageContext> contexts) {
      ++opened;
      return BuildStages(chain, contexts);
    };
    return RunChain(spec, make_stages, files, sink, cancel, plan);
  }
};

void ExpectSameOutputs(const Job& one, const Job& other) {
  EXPECT_EQ(one.cleaned.Content(), other.cleaned.Content());
  EXPECT_EQ(one.changes.Content(), other.changes.Content());
  EXPECT_EQ(one.clusters.Content(), other.clusters.Content());
  EXPECT_EQ(one.rejects.Content(), other.rejects.Content());
  EXPECT_EQ(one.intermediate.Content(), other.intermediate.Content());
  EXPECT_EQ(ComparableReport(one.report.Content()), ComparableReport(other.report.Content()));
}

// Persons with duplicates, holes, tokens, quotes, blank lines, bad rows and repeated headers.
std::string PersonsTable(uint32_t seed, size_t rows) {
  static constexpr const char* kNames[] = {"Ada", "ada", "Ádá", "Bo Li", " bo  li", "Cy", ""};
  static constexpr const char* kWords[] = {"\"x\ny\"", "\"a,b\"", "red", "null", "-", "", "n/a"};
  std::mt19937 random(seed);
  std::string text = "made by a test\n\nid,name,n,word,day\n";
  for (size_t i = 0; i < rows; ++i) {
    if (random() % 25 == 0) text += "only,three,cells\n";
    if (random() % 40 == 0) text += "\n";
    if (random() % 30 == 0) text += "id,name,n,word,day\n";
    if (random() % 60 == 0) text += "7,\"never closed,1,2,3\n";
    text += std::to_string(random() % (rows / 2 + 1)) + "," + kNames[random() % 7] + "," +
            (random() % 9 == 0 ? "?" : std::to_string(random() % 50) + ".5") + "," +
            kWords[random() % 7] + ",2024-01-" + std::to_string(10 + random() % 20) + "\n";
  }
  return text;
}

std::string ReferenceTable(size_t rows) {
  std::string text = "id,name,n\n";
  for (size_t i = 0; i < rows; i += 2) {
    text += std::to_string(i) + ",Ref " + std::to_string(i) + "," + std::to_string(i) + ".5\n";
  }
  return text;
}

std::unique_ptr<Job> MakeJob(const ChainSpec& spec, const std::string& input,
                             const std::string& reference = "") {
  auto job = std::make_unique<Job>();
  job->spec = spec;
  job->input.Replace(input);
  job->reference.Replace(reference);
  job->has_reference = !reference.empty();
  return job;
}

ChainSpec KeyedSpec() {
  ChainSpec spec;
  spec.stages = {CompleteOptions{.key_columns = {"id"}, .fill = FillMethod::kStatistic},
                 DedupeOptions{}};
  spec.reference_key_columns = {"id"};
  return spec;
}

// Interrupts a run at every chance there is, goes on, and compares. Returns how many there were.
int InterruptEverywhere(const ChainSpec& spec, const std::string& input,
                        const std::string& reference, const ChainSpec& resumed_spec) {
  const auto whole = MakeJob(spec, input, reference);
  ScriptedControl counting(0);
  const auto done = whole->Run(&counting, false);
  EXPECT_TRUE(done.ok()) << done.status();
  for (int at = 1; at <= counting.chances; ++at) {
    SCOPED_TRACE("interrupted at chance " + std::to_string(at));
    const auto job = MakeJob(spec, input, reference);
    ScriptedControl stopping(at);
    EXPECT_EQ(ReasonOf(job->Run(&stopping, false).status()), "INTERRUPTED");
    job->spec = resumed_spec;
    ScriptedControl going_on(0);
    const auto result = job->Run(&going_on, true);
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(going_on.start.resumed, stopping.saved == 1) << going_on.start.reason;
    EXPECT_TRUE(stopping.failure.ok()) << stopping.failure;
    EXPECT_TRUE(stopping.saved == 0 || going_on.chances < counting.chances);
    ExpectSameOutputs(*job, *whole);
    if (testing::Test::HasFailure()) break;
  }
  return counting.chances;
}

TEST(Checkpoint, AChainGoesOnFromEveryBatchAsIfNothingHadHappened) {
  for (uint32_t seed = 0; seed < 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const int chances =
        InterruptEverywhere(KeyedSpec(), PersonsTable(seed, 60), ReferenceTable(60), KeyedSpec());
    EXPECT_GT(chances, 10);
    if (HasFailure()) break;
  }
}

TEST(Checkpoint, ThreadsAndMemoryMayChangeBetweenTheRuns) {
  ChainSpec other = KeyedSpec();
  other.threads = 3;
  other.memory_limit_bytes = int64_t{64} << 20;
  InterruptEverywhere(KeyedSpec(), PersonsTable(9, 60), ReferenceTable(60), other);
  InterruptEverywhere(other, PersonsTable(10, 60), ReferenceTable(60), KeyedSpec());
}

TEST(Checkpoint, EveryOrderOfStagesGoesOn) {
  ChainSpec spec;
  spec.stages = {DedupeOptions{.match = MatchKind::kExact}, CompleteOptions{}};
  InterruptEverywhere(spec, PersonsTable(20, 60), "", spec);
  spec.stages = {CompleteOptions{.fill = FillMethod::kStatistic}};
  InterruptEverywhere(spec, PersonsTable(21, 60), "", spec);
  spec.stages = {DedupeOptions{.columns = {"name"}}};
  InterruptEverywhere(spec, PersonsTable(22, 60), "", spec);
}

TEST(Checkpoint, TheIntermediateFileGoesOn) {
  ChainSpec spec = KeyedSpec();
  std::get<CompleteOptions>(spec.stages[0]).keep_intermediate = true;
  InterruptEverywhere(spec, PersonsTable(23, 60), ReferenceTable(60), spec);
}

TEST(Checkpoint, StagesThatNeedAllRecordsStartTheirPassAgain) {
  ChainSpec spec;
  spec.stages = {CompleteOptions{}, DedupeOptions{.survivor = SurvivorKind::kMostComplete}};
  InterruptEverywhere(spec, PersonsTable(30, 40), "", spec);
  spec.stages = {CompleteOptions{}, DedupeOptions{.match = MatchKind::kFuzzy, .merge = true}};
  InterruptEverywhere(spec, PersonsTable(31, 40), "", spec);
}

TEST(Checkpoint, PackedOutputsStartTheirPassAgain) {
  ChainSpec spec = KeyedSpec();
  spec.form.output.compression = Compression::kGzip;
  InterruptEverywhere(spec, PersonsTable(40, 60), ReferenceTable(60), spec);
}

TEST(Checkpoint, JsonLinesGoOn) {
  std::string text;
  for (int i = 0; i < 80; ++i) {
    text += R"({"id":)" + std::to_string(i % 30) + R"(,"name":"a \"b\" )" + std::to_string(i % 7) +
            "\"}\n";
    if (i % 9 == 0) text += "{\"id\":1,\"id\":2}\nno object\n\n";
  }
  ChainSpec spec;
  spec.stages = {CompleteOptions{}, DedupeOptions{}};
  EXPECT_GT(InterruptEverywhere(spec, text, "", spec), 10);
}

TEST(Checkpoint, ARunMayBeInterruptedAgainAndAgain) {
  const std::string input = PersonsTable(50, 80);
  const auto whole = MakeJob(KeyedSpec(), input, ReferenceTable(80));
  ASSERT_TRUE(whole->Run(nullptr, false).ok());
  const auto job = MakeJob(KeyedSpec(), input, ReferenceTable(80));
  bool resume = false;
  int runs = 0;
  for (bool done = false; !done; ++runs) {
    ASSERT_LT(runs, 500);
    ScriptedControl control(2);
    done = job->Run(&control, resume).ok();
    EXPECT_TRUE(!resume || control.start.resumed || runs < 3) << control.start.reason;
    resume = true;
  }
  EXPECT_GT(runs, 7);
  ExpectSameOutputs(*job, *whole);
}

TEST(Checkpoint, TakingOneAfterEveryBatchChangesNothing) {
  const auto whole = MakeJob(KeyedSpec(), PersonsTable(60, 80), ReferenceTable(80));
  ASSERT_TRUE(whole->Run(nullptr, false).ok());
  const auto job = MakeJob(KeyedSpec(), PersonsTable(60, 80), ReferenceTable(80));
  ScriptedControl control(0, CheckpointCall::kSave);
  ASSERT_TRUE(job->Run(&control, false).ok());
  EXPECT_GT(control.saved, 10);
  ExpectSameOutputs(*job, *whole);
}

// A job that was interrupted in the middle of its last pass.
std::unique_ptr<Job> InterruptedJob(const std::string& reference = ReferenceTable(80)) {
  auto job = MakeJob(KeyedSpec(), PersonsTable(70, 80), reference);
  ScriptedControl counting(0, CheckpointCall::kSave);
  EXPECT_TRUE(job->Run(&counting, false).ok());
  ScriptedControl stopping(counting.chances * 3 / 4, CheckpointCall::kSave);
  EXPECT_EQ(ReasonOf(job->Run(&stopping, false).status()), "INTERRUPTED");
  return job;
}

// Runs on and says why the chain started over; "" when it did not.
std::string ReasonToStartOver(Job& job) {
  ScriptedControl control(0);
  const auto result = job.Run(&control, true);
  EXPECT_TRUE(result.ok()) << result.status();
  const auto whole = MakeJob(job.spec, job.input.Content(), job.reference.Content());
  whole->has_reference = job.has_reference;
  EXPECT_TRUE(whole->Run(nullptr, false).ok());
  ExpectSameOutputs(job, *whole);
  EXPECT_EQ(control.start.resumed, control.start.reason.empty());
  return control.start.reason;
}

TEST(Checkpoint, AnotherInputStartsOver) {
  const auto job = InterruptedJob();
  std::string text = job->input.Content();
  text[text.size() / 2] = text[text.size() / 2] == '1' ? '2' : '1';
  job->input.Replace(text);
  EXPECT_NE(ReasonToStartOver(*job).find("the input is another one"), std::string::npos);
  const auto longer = InterruptedJob();
  longer->input.Replace(longer->input.Content() + "1,Ada,2.5,red,2024-01-11\n");
  EXPECT_NE(ReasonToStartOver(*longer).find("the input is another one"), std::string::npos);
}

TEST(Checkpoint, AnotherReferenceStartsOver) {
  const auto job = InterruptedJob();
  job->reference.Replace(ReferenceTable(78));
  EXPECT_NE(ReasonToStartOver(*job).find("the reference is another one"), std::string::npos);
}

// However it is read: a run that begins anew learns by the way what it is, a later one compares.
TEST(Checkpoint, AReferenceOfAnyFormIsKnownAgain) {
  std::string lines;
  for (int i = 0; i < 80; i += 2) {
    lines +=
        R"({"id":)" + std::to_string(i) + R"(,"name":"Ref","n":)" + std::to_string(i) + ".5}\n";
  }
  const auto packer = MakePacker(Compression::kGzip);
  std::string packed;
  ASSERT_TRUE(packer->Pack(ReferenceTable(80), packed).ok());
  ASSERT_TRUE(packer->End(packed).ok());
  for (const std::string& reference : {lines, packed}) {
    EXPECT_EQ(ReasonToStartOver(*InterruptedJob(reference)), "");
  }
}

TEST(Checkpoint, OtherOptionsStartOver) {
  const auto job = InterruptedJob();
  std::get<CompleteOptions>(job->spec.stages[0]).fill = FillMethod::kReference;
  EXPECT_NE(ReasonToStartOver(*job).find("other options were given"), std::string::npos);
}

TEST(Checkpoint, WithoutOneTheChainStartsOver) {
  const auto job = MakeJob(KeyedSpec(), PersonsTable(70, 80), ReferenceTable(80));
  EXPECT_NE(ReasonToStartOver(*job).find("there is none"), std::string::npos);
}

TEST(Checkpoint, AnOutputThatLostBytesStartsOver) {
  const auto job = InterruptedJob();
  job->cleaned.Replace("id,");
  EXPECT_NE(ReasonToStartOver(*job).find("the cleaned file is shorter"), std::string::npos);
}

TEST(Checkpoint, AnOutputThatHoldsOtherBytesStartsOver) {
  using Files = std::pair<MemoryFile Job::*, const char*>;
  for (const auto& [file, name] :
       {Files(&Job::cleaned, "the cleaned file"), Files(&Job::changes, "the changes file"),
        Files(&Job::clusters, "the clusters file"), Files(&Job::rejects, "the rejects file")}) {
    const auto job = InterruptedJob();
    std::string text = (*job.*file).Content();
    text[0] = static_cast<char>(text[0] ^ 1);
    (*job.*file).Replace(text);
    EXPECT_NE(ReasonToStartOver(*job).find(name + std::string(" holds other bytes")),
              std::string::npos);
  }
}

TEST(Checkpoint, AReportThatWasBegunBeforeTheInterruptionIsWrittenAnew) {
  const auto job = InterruptedJob();
  job->report.Replace(std::string(size_t{64} << 10, '}'));
  EXPECT_EQ(ReasonToStartOver(*job), "");
}

TEST(Checkpoint, AChainThatStartsOverIsOpenedOnce) {
  const auto fresh = MakeJob(KeyedSpec(), PersonsTable(70, 80), ReferenceTable(80));
  EXPECT_NE(ReasonToStartOver(*fresh).find("there is none"), std::string::npos);
  EXPECT_EQ(fresh->opened, 1);
  const auto other = InterruptedJob();
  other->opened = 0;
  std::get<CompleteOptions>(other->spec.stages[0]).fill = FillMethod::kReference;
  EXPECT_NE(ReasonToStartOver(*other).find("other options were given"), std::string::npos);
  EXPECT_EQ(other->opened, 1);
}

TEST(Checkpoint, BytesBehindTheCheckpointAreCutOff) {
  const auto job = InterruptedJob();
  job->cleaned.Replace(job->cleaned.Content() + "rows that were written later");
  job->rejects.Replace(job->rejects.Content() + "and rejects");
  EXPECT_EQ(ReasonToStartOver(*job), "");
}

// Of two checkpoints one is damaged: the other one is used.
TEST(Checkpoint, ATornCheckpointFallsBackToTheOneBefore) {
  for (const bool first : {false, true}) {
    const auto job = InterruptedJob();
    MemoryFile& torn = first ? job->slot_a : job->slot_b;
    torn.Replace(torn.Content().substr(0, torn.Content().size() / 2));
    EXPECT_EQ(ReasonToStartOver(*job), "");
  }
}

TEST(Checkpoint, DamagedCheckpointsStartOver) {
  const auto damage = [](const std::function<std::string(std::string)>& change) {
    const auto job = InterruptedJob();
    for (MemoryFile* slot : {&job->slot_a, &job->slot_b}) slot->Replace(change(slot->Content()));
    return ReasonToStartOver(*job);
  };
  const auto flip = [](std::string text, size_t at) {
    text[at] = static_cast<char>(text[at] ^ 4);
    return text;
  };
  EXPECT_NE(damage([](std::string) { return ""; }).find("there is none"), std::string::npos);
  EXPECT_NE(damage([](std::string) { return std::string(4000, 'x'); }).find("is no checkpoint"),
            std::string::npos);
  EXPECT_NE(damage([](const std::string& text) { return text.substr(0, 40); }).find("cut off"),
            std::string::npos);
  EXPECT_NE(damage([](const std::string& text) {
              return text.substr(0, text.size() - 1);
            }).find("cut off"),
            std::string::npos);
  EXPECT_NE(
      damage([&](const std::string& text) { return flip(text, text.size() / 2); }).find("damaged"),
      std::string::npos);
  EXPECT_NE(damage([&](const std::string& text) { return flip(text, 8); }).find("version"),
            std::string::npos);
  EXPECT_NE(damage([&](const std::string& text) { return flip(text, 24); }).find("damaged"),
            std::string::npos);
}

TEST(Checkpoint, DamagedLearnedStatesStartOver) {
  const auto job = InterruptedJob();
  std::string text = job->learned.Content();
  ASSERT_GT(text.size(), 100U);
  text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 1);
  job->learned.Replace(text);
  EXPECT_NE(ReasonToStartOver(*job).find("what was learned is damaged"), std::string::npos);
}

// Writes `content` as the content of a checkpoint, with digests that fit.
std::string Forge(std::string slot, const std::string& content) {
  slot = slot.substr(0, 64) + content;
  const XXH128_hash_t digest = XXH3_128bits(content.data(), content.size());
  const uint64_t words[] = {content.size(), digest.high64, digest.low64};
  std::memcpy(slot.data() + 24, words, sizeof(words));
  const uint64_t head = XXH3_64bits(slot.data(), 48);
  std::memcpy(slot.data() + 48, &head, sizeof(head));
  return slot;
}

// Digests keep out what chance does to a file; behind them nothing is trusted either.
TEST(Checkpoint, ForgedStatesAreRefusedOrUsedButNeverCrash) {
  const auto job = InterruptedJob();
  const std::string slots[] = {job->slot_a.Content(), job->slot_b.Content()};
  const std::string learned = job->learned.Content();
  const std::string outputs[] = {job->cleaned.Content(), job->changes.Content(),
                                 job->clusters.Content(), job->rejects.Content()};
  int refused = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    MemoryFile* const files[] = {&job->slot_a, &job->slot_b};
    for (size_t i = 0; i < 2; ++i) {
      std::string content = slots[i].substr(64);
      for (size_t flips = 1 + random() % 3; flips > 0; --flips) {
        content[random() % content.size()] = static_cast<char>(random());
      }
      if (random() % 8 == 0) content.resize(random() % content.size());
      files[i]->Replace(Forge(slots[i], content));
    }
    job->learned.Replace(learned);
    job->cleaned.Replace(outputs[0]);
    job->changes.Replace(outputs[1]);
    job->clusters.Replace(outputs[2]);
    job->rejects.Replace(outputs[3]);
    ScriptedControl control(0);
    (void)job->Run(&control, true);
    refused += control.start.reason.empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 100);
}

TEST(Checkpoint, CellsThatARunBeforeGuardedAreCountedToo) {
  std::string text = "id,word\n";
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + ",=" + std::to_string(i) + "\n";
  ChainSpec spec;
  spec.stages = {DedupeOptions{}};
  spec.form.output.formula_guard = FormulaGuard::kOn;
  const auto whole = MakeJob(spec, text);
  ScriptedControl counting(0, CheckpointCall::kSave);
  const auto done = whole->Run(&counting, false);
  ASSERT_TRUE(done.ok()) << done.status();
  const auto tells = [](const std::string& note) { return note.starts_with("100 cells"); };
  EXPECT_TRUE(std::any_of(done->notes.begin(), done->notes.end(), tells));
  for (int at = 1; at <= counting.chances; ++at) {
    const auto job = MakeJob(spec, text);
    ScriptedControl stopping(at, CheckpointCall::kSave);
    EXPECT_EQ(ReasonOf(job->Run(&stopping, false).status()), "INTERRUPTED");
    ScriptedControl going_on(0);
    ASSERT_TRUE(job->Run(&going_on, true).ok());
    ExpectSameOutputs(*job, *whole);
  }
}

TEST(Checkpoint, RecordsThatDoNotFitMemoryGoOnFromWhatTheirPassFound) {
  std::string text = "id,word\n";
  for (int i = 0; i < 160'000; ++i) text += std::to_string(i * 7 % 50000) + ",w\n";
  ChainSpec spec;
  spec.stages = {DedupeOptions{}};
  spec.memory_limit_bytes = kMemoryLimitBytesMin;
  const auto whole = MakeJob(spec, text);
  whole->batch_bytes = size_t{64} << 10;
  ScriptedControl counting(0, CheckpointCall::kSave);
  const auto done = whole->Run(&counting, false);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_NE(nlohmann::json::parse(done->report_json)["stages"][0]["spilled_bytes"], 0);
  for (int at = 1; at <= counting.chances; at += 3) {
    const auto job = MakeJob(spec, text);
    job->batch_bytes = whole->batch_bytes;
    ScriptedControl stopping(at, CheckpointCall::kSave);
    EXPECT_EQ(ReasonOf(job->Run(&stopping, false).status()), "INTERRUPTED");
    ScriptedControl going_on(0);
    ASSERT_TRUE(job->Run(&going_on, true).ok());
    ExpectSameOutputs(*job, *whole);
  }
}

}  // namespace
}  // namespace dq
