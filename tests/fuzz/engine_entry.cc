// The entry of a fuzzing engine (libFuzzer): one program a target, named by DQ_FUZZ_TARGET.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tests/fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const dq::FuzzTarget* const target = [] {
    for (const dq::FuzzTarget& known : dq::FuzzTargets()) {
      if (known.name == DQ_FUZZ_TARGET) return &known;
    }
    std::abort();
  }();
  target->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
