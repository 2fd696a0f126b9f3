// An input that changes while a chain reads it: an error in whichever pass it is.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "common/base/error.h"
#include "tests/support/chain_harness.h"
#include "tests/support/memory_file.h"
#include "worker/stages/build_stages.h"

namespace dq {
namespace {

// Does something to a file when the chain has come so far.
class Meddler final : public ProgressSink {
 public:
  Meddler(double percent, std::function<void()> meddle)
      : percent_(percent), meddle_(std::move(meddle)) {}
  void OnProgress(const ChainProgress& progress) override {
    if (done_ || progress.percent < percent_) return;
    done_ = true;
    meddle_();
  }
  bool done() const { return done_; }

 private:
  double percent_;
  std::function<void()> meddle_;
  bool done_ = false;
};

std::string Rows() {
  std::string text = "id,b\n";
  for (int i = 0; i < 500'000; ++i) text += std::to_string(i) + ",x\n";
  return text;
}

std::string RunMeddled(const MemoryFile& input, double percent, std::function<void()> meddle) {
  ChainSpec spec;
  spec.stages = {CompleteOptions{}, DedupeOptions{}};
  Meddler meddler(percent, std::move(meddle));
  const auto result = RunChain(spec, BuildStages, {.input_fd = input.fd()}, meddler, CancelToken());
  EXPECT_TRUE(meddler.done());
  return ReasonOf(result.status());
}

void WriteInto(const MemoryFile& file, const char* bytes, off_t at) {
  ASSERT_GT(::pwrite(file.fd(), bytes, 1, at), 0);
  // The clock of the file system may not have ticked since the file was made.
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = 1, .tv_nsec = 0}};
  ASSERT_EQ(::futimens(file.fd(), times), 0);
}

TEST(InputThatChanges, IsNoticedInEveryPass) {
  const std::string text = Rows();
  for (const double percent : {1.0, 30.0, 55.0, 80.0}) {
    const MemoryFile cut(text);
    EXPECT_EQ(RunMeddled(cut, percent, [&] { (void)::ftruncate(cut.fd(), 100'000); }),
              "INPUT_CHANGED")
        << "cut at " << percent << " %";
    const MemoryFile grown(text);
    const auto size = static_cast<off_t>(text.size());
    EXPECT_EQ(RunMeddled(grown, percent, [&] { (void)::ftruncate(grown.fd(), size + 9); }),
              "INPUT_CHANGED")
        << "grown at " << percent << " %";
    const MemoryFile written(text);
    EXPECT_EQ(RunMeddled(written, percent, [&] { WriteInto(written, "9", size - 4); }),
              "INPUT_CHANGED")
        << "written at " << percent << " %";
  }
}

TEST(InputThatChanges, IsNoticedInPackedFiles) {
  ChainSpec packing;
  packing.form.output.compression = Compression::kGzip;
  packing.stages = {DedupeOptions{}};
  const std::string packed = RunChainOnText(packing, Rows()).cleaned;
  for (const double percent : {1.0, 30.0, 55.0, 80.0}) {
    const MemoryFile cut(packed);
    const auto half = static_cast<off_t>(packed.size() / 100 * static_cast<size_t>(percent));
    EXPECT_EQ(RunMeddled(cut, percent, [&] { (void)::ftruncate(cut.fd(), half); }), "INPUT_CHANGED")
        << "cut at " << percent << " %";
  }
}

}  // namespace
}  // namespace dq
