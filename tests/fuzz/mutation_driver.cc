// Runs fuzz targets without a fuzzing engine: replays every file of their corpora, then mutates
// them with a fixed seed.
//
//   fuzz_readers CORPUS [--runs N] [--seconds N] [--seed N] [--target NAME]
//
// CORPUS holds a folder for every target. --runs: mutations a target (default 2000); --seconds: as
// many as there is time for, instead. An input that makes a target crash is kept in the working
// directory as crash-TARGET.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_targets.h"

namespace dq {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kInputBytesMax = size_t{64} << 10;

std::string current_input;
std::string crash_name;

void KeepInput(int signal_number) {
  if (FILE* file = std::fopen(crash_name.c_str(), "wb")) {
    (void)std::fwrite(current_input.data(), 1, current_input.size(), file);
    (void)std::fclose(file);
  }
  (void)::signal(signal_number, SIG_DFL);
  (void)::raise(signal_number);
}

std::vector<std::string> ReadCorpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry);
  std::sort(names.begin(), names.end());
  std::vector<std::string> inputs;
  for (const auto& name : names) {
    std::ifstream file(name, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

class Mutator {
 public:
  Mutator(uint64_t seed, const std::vector<std::string>& corpus) : random_(seed), corpus_(corpus) {}

  std::string Next() {
    std::string text = Any();
    for (size_t i = 1 + random_() % 4; i > 0; --i) Change(text);
    text.resize(std::min(text.size(), kInputBytesMax));
    return text;
  }

 private:
  const std::string& Any() { return corpus_[random_() % corpus_.size()]; }
  size_t Place(const std::string& text) { return text.empty() ? 0 : random_() % text.size(); }

  void Change(std::string& text) {
    static constexpr std::string_view kPieces[] = {
        "\"",       "\"\"", ",",       ";", "\n",   "\r\n",       "\r",
        "\t",       "'",    "\\",      "#", " ",    "{",          "}",
        ":",        "[",    "null",    "1", "-1.5", "2020-01-02", "\xEF\xBB\xBF",
        "\xC3\xA9", "\xFF", "\\u0000", "=1"};
    const size_t at = Place(text);
    switch (random_() % 7) {
      case 0:
        text.insert(at, kPieces[random_() % std::size(kPieces)]);
        break;
      case 1:
        if (!text.empty()) text[at] = static_cast<char>(random_());
        break;
      case 2:
        text.erase(at, 1 + random_() % 8);
        break;
      case 3:
        text.insert(at, text.substr(Place(text), 1 + random_() % 64));
        break;
      case 4: {
        const std::string& other = Any();
        text.insert(at, other.substr(Place(other), 1 + random_() % 128));
        break;
      }
      case 5:
        if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << random_() % 8));
        break;
      default:
        text.resize(at);
    }
  }

  std::mt19937_64 random_;
  const std::vector<std::string>& corpus_;
};

struct Plan {
  std::filesystem::path corpus;
  uint64_t runs = 2000;
  std::chrono::seconds time{0};
  uint64_t seed = 1;
  std::string target;
};

void RunTarget(const FuzzTarget& target, const Plan& plan) {
  const std::vector<std::string> corpus = ReadCorpus(plan.corpus / target.name);
  crash_name = "crash-" + std::string(target.name);
  const auto run = [&target](std::string input) {
    current_input = std::move(input);
    target.run(current_input);
  };
  for (const std::string& input : corpus) run(input);
  Mutator mutator(plan.seed, corpus);
  const auto end = SteadyClock::now() + plan.time;
  uint64_t runs = 0;
  while (plan.time.count() > 0 ? SteadyClock::now() < end : runs < plan.runs) {
    run(mutator.Next());
    ++runs;
  }
  std::printf("%s: %zu files of the corpus, %llu mutations\n", crash_name.c_str() + 6,
              corpus.size(), static_cast<unsigned long long>(runs));
}

int PrintUsage() {
  std::fprintf(stderr,
               "usage: fuzz_readers CORPUS [--runs N] [--seconds N] [--seed N] [--target NAME]\n"
               "targets:");
  for (const FuzzTarget& target : FuzzTargets()) {
    std::fprintf(stderr, " %.*s", static_cast<int>(target.name.size()), target.name.data());
  }
  std::fputs("\n", stderr);
  return 2;
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Takes one flag; false when there is no such flag, number or target.
bool TakeFlag(std::string_view flag, std::string_view value, Plan& plan) {
  if (flag == "--target") {
    plan.target = value;
    return std::any_of(FuzzTargets().begin(), FuzzTargets().end(),
                       [&](const FuzzTarget& target) { return target.name == value; });
  }
  const std::optional<uint64_t> number = ParseNumber(value);
  if (!number.has_value()) return false;
  if (flag == "--runs") {
    plan.runs = *number;
  } else if (flag == "--seconds") {
    plan.time = std::chrono::seconds(*number);
  } else if (flag == "--seed") {
    plan.seed = *number;
  } else {
    return false;
  }
  return true;
}

int Main(int count, char** arguments) {
  if (count % 2 != 0 || count < 2) return PrintUsage();
  Plan plan{.corpus = arguments[1], .target = {}};
  for (int i = 2; i < count; i += 2) {
    if (!TakeFlag(arguments[i], arguments[i + 1], plan)) return PrintUsage();
  }
  for (const int signal_number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) {
    (void)::signal(signal_number, KeepInput);
  }
  for (const FuzzTarget& target : FuzzTargets()) {
    if (plan.target.empty() || plan.target == target.name) RunTarget(target, plan);
  }
  return 0;
}

}  // namespace
}  // namespace dq

int main(int count, char** arguments) { return dq::Main(count, arguments); }
