#include "worker/run_progress.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "nlohmann/json.hpp"

namespace dq {
namespace {

constexpr std::chrono::milliseconds kIntervalMin{100};

// Lets through the first and the last state of every step, and one an interval between them.
class Pace {
 public:
  bool Due(const ChainProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    const bool due = progress.current_step != step_ || now - last_ >= kIntervalMin;
    if (!due) return false;
    step_ = progress.current_step;
    last_ = now;
    return true;
  }

 private:
  std::string step_;
  std::chrono::steady_clock::time_point last_;
};

class JsonProgress final : public ProgressSink {
 public:
  void OnProgress(const ChainProgress& progress) override {
    if (!pace_.Due(progress)) return;
    const nlohmann::ordered_json line = {
        {"percent", progress.percent},         {"stage", progress.stage},
        {"stage_index", progress.stage_index}, {"stage_count", progress.stage_count},
        {"rows_done", progress.rows_done},     {"bytes_done", progress.bytes_done},
        {"bytes_total", progress.bytes_total}, {"current_step", progress.current_step}};
    (void)std::fprintf(stderr, "%s\n", line.dump().c_str());
  }

 private:
  Pace pace_;
};

class TextProgress final : public ProgressSink {
 public:
  ~TextProgress() override {
    if (terminal_ && shown_) (void)std::fprintf(stderr, "\r\033[K");
  }
  void OnProgress(const ChainProgress& progress) override {
    if (!terminal_ || !pace_.Due(progress)) return;
    shown_ = true;
    (void)std::fprintf(stderr, "\r\033[K%3.0f %%  %s (%s, %lld rows)", progress.percent,
                       progress.current_step.c_str(), progress.stage.c_str(),
                       static_cast<long long>(progress.rows_done));
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  Pace pace_;
};

}  // namespace

std::unique_ptr<ProgressSink> MakeProgressSink(ProgressStyle style) {
  switch (style) {
    case ProgressStyle::kNone:
      return std::make_unique<NullProgressSink>();
    case ProgressStyle::kText:
      return std::make_unique<TextProgress>();
    case ProgressStyle::kJson:
      return std::make_unique<JsonProgress>();
  }
  return nullptr;
}

}  // namespace dq
