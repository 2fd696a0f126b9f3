#!/usr/bin/env python3
"""Checks the house rules that no compiler checks. Prints one line a finding; exit 1 when there is any.

Usage: tidy.py [ROOT]      (default: the repository this file is in)

Each check_* function takes a Tree and yields findings "path:line: what is wrong and what to do".
tidy_test.py proves that each of them can fail.
"""

import pathlib
import re
import shutil
import subprocess
import sys

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
BANNED_NAMES = re.compile(r"(^|[_/])(utils?|helpers?|misc|managers?|common)([_.]|$)")
BANNED_CLASS = re.compile(r"\b(?:class|struct)\s+\w*(Util|Utils|Helper|Misc|Manager|Common)\b\s*[:{]")
TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "README.md", "proto", "common", "scheduler",
             "worker", "deploy", "tests"}

# What may live in common/: used by both processes, named after a concept, no domain words.
COMMON_FOLDERS = {"base", "rpc", "storage", "telemetry"}
DOMAIN_WORDS = re.compile(r"(^|_)(job|lease|stage|chain|batch|dedupe|complete|report)(_|\.|$)")

# The include rules: folder → folders it may include (longest prefix decides; itself is always allowed).
INTERNAL = {
    "common/base": [],
    "common/rpc": ["common/base"],
    "common/telemetry": ["common/base"],
    "common/storage": ["common/base"],
    "scheduler/core": ["common/base"],
    "scheduler/store": ["scheduler/core", "common/base"],
    "scheduler/engine": ["scheduler/core", "common/base", "common/storage"],
    "scheduler/http": ["scheduler/engine", "scheduler/core", "common/base"],
    "scheduler/api": ["scheduler/engine", "scheduler/core", "common/rpc", "common/base",
                      "common/storage"],
    "scheduler/dqctl": ["common/rpc", "common/base"],
    "scheduler": ["scheduler/core", "scheduler/store", "scheduler/engine", "scheduler/http", "scheduler/api",
                  "common"],
    "worker/table": ["common/base"],
    "worker/table/bytes": ["common/base"],
    "worker/table/values": ["worker/table/bytes", "common/base"],
    "worker/table/sketch": ["worker/table/values", "worker/table/bytes", "common/base"],
    "worker/chain": ["worker/table", "common/base"],
    "worker/stages": ["worker/table", "worker/chain/stage.h", "worker/chain/chain_spec.h",
                      "worker/chain/report.h", "worker/chain/memory_budget.h",
                      "worker/chain/taken_bytes.h", "common/base"],
    "worker/sandbox": ["worker/chain", "worker/stages", "worker/table", "common/base"],
    "worker/lease": ["common/base"],
    "worker/api": ["worker/lease", "worker/chain", "worker/sandbox", "common/rpc", "common/storage",
                   "common/base"],
    "worker": ["worker/api", "worker/lease", "worker/chain", "worker/stages", "worker/sandbox",
               "worker/table", "common"],
}
# Libraries that only some places may include: pattern → places.
EXTERNAL = {
    r"pqxx/|libpq-fe\.h": ["scheduler/store"],
    r"grpc|.*\.pb\.h$|google/protobuf": ["common/rpc", "scheduler/api", "scheduler/dqctl",
                                         "worker/api"],
    r"prometheus/": ["common/telemetry", "scheduler/metrics", "worker/metrics"],
    r"httplib\.h": ["common/telemetry"],
    r"CLI/": ["scheduler/options", "worker/options", "worker/run_options", "scheduler/dqctl"],
    r"curl/": ["common/storage", "scheduler/http"],
}
ALLOWED_FILES = {r"(grpc|.*\.pb\.h|google/protobuf)": {"scheduler/main.cc", "worker/agent_main.cc"}}


class Tree:
    """The tracked and new files of a checkout, read once."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = sorted(self._names())
        self._text = {}

    def _names(self):
        if (self.root / ".git").exists():
            out = subprocess.run(
                ["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard"],
                check=True, capture_output=True, text=True).stdout
            return [name for name in out.splitlines() if (self.root / name).is_file()]
        return [str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()]

    def text(self, name):
        if name not in self._text:
            self._text[name] = (self.root / name).read_text(encoding="utf-8", errors="replace")
        return self._text[name]

    def sources(self, *folders, endings=(".cc", ".h")):
        return [f for f in self.files
                if f.endswith(endings) and (not folders or f.startswith(tuple(d + "/" for d in folders)))]


def check_top_level(tree):
    for top in sorted({f.split("/")[0] for f in tree.files}):
        if top not in TOP_LEVEL and not top.startswith("."):
            yield f"{top}:1: not on the closed list of the top level"


def check_names(tree):
    for name in tree.files:
        inside = name.removeprefix("common/")
        if name.endswith((".cc", ".h", ".py", ".sh", ".sql", ".proto")) and (
                BANNED_NAMES.search(inside.replace("tests/common/", "tests/"))):
            yield f"{name}:1: a file is named after its concept, not util, helper, misc, manager, common"
    for name in tree.sources():
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if BANNED_CLASS.search(line):
                yield f"{name}:{number}: a class is named after its concept, not {line.strip()}"


def check_common_is_closed(tree):
    for name in tree.files:
        parts = name.split("/")
        if parts[0] != "common" or parts == ["common", "CMakeLists.txt"]:
            continue
        if parts[1] not in COMMON_FOLDERS:
            yield f"{name}:1: common/ is a closed list: {', '.join(sorted(COMMON_FOLDERS))}"
        if DOMAIN_WORDS.search(parts[-1]):
            yield f"{name}:1: common/ knows no domain words"


def longest_prefix(name, table):
    found = [key for key in table if name == key or name.startswith(key + "/") or (
        name.startswith(key + ".") or name.startswith(key + "_"))]
    return max(found, key=len, default=None)


def check_includes(tree):
    for name in tree.sources("common", "scheduler", "worker"):
        folder = longest_prefix(name.rsplit("/", 1)[0], INTERNAL)
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            match = re.match(r'#include ([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            target = match.group(2)
            if target.startswith(("common/", "scheduler/", "worker/")):
                allowed = [folder, *INTERNAL.get(folder, [])]
                if not any(target == a or target.startswith(a + "/") for a in allowed):
                    yield f"{name}:{number}: {folder} may not include {target}"
            else:
                yield from external_findings(name, number, target)


def external_findings(name, number, target):
    for pattern, places in EXTERNAL.items():
        if not re.match(pattern, target):
            continue
        excepted = any(name in files for p, files in ALLOWED_FILES.items() if re.match(p, target))
        inside = any(name.startswith((place + "/", place + ".")) for place in places)
        if not inside and not excepted:
            yield f"{name}:{number}: {target} stays in {', '.join(places)}"


def check_file_budget(tree):
    for name in tree.sources():
        lines = tree.text(name).count("\n")
        if lines > FILE_LINES_MAX:
            yield f"{name}:{lines}: more than {FILE_LINES_MAX} lines: split it by concept"


def indent_of(line):
    return len(line) - len(line.lstrip(" "))


def function_starts(lines):
    """Yields (index of the first line of the signature, index of the line that opens the body)."""
    control = re.compile(r"^\s*(\} )?(if|for|while|switch|else|do|catch|namespace|class|struct|enum|return)\b")
    for i, line in enumerate(lines):
        if not re.search(r"\)( const)?( noexcept)?( override)?( final)?( -> [\w:<>*& ,]+)?"
                         r"( [A-Z_]+\([^()]*\))*( try)? \{$", line):
            continue
        start, balance = i, 0
        while True:
            balance += lines[start].count(")") - lines[start].count("(")
            if balance <= 0 or start == 0:
                break
            start -= 1
        text = " ".join(lines[start:i + 1])
        if control.match(lines[start]) or re.search(r"\[[^\]]*\]\s*\([^()]*\)[^()]*\{$", text):
            continue
        yield start, i


def check_function_budget(tree):
    for name in tree.sources():
        lines = tree.text(name).splitlines()
        for start, opened in function_starts(lines):
            indent = indent_of(lines[start])
            for end in range(opened + 1, len(lines)):
                if lines[end].startswith(" " * indent + "}") and indent_of(lines[end]) == indent:
                    break
            else:
                continue
            if end - start + 1 > FUNCTION_LINES_MAX:
                yield (f"{name}:{start + 1}: a function of {end - start + 1} lines: "
                       f"at most {FUNCTION_LINES_MAX}")


def check_headers(tree):
    for name in tree.sources("common", "scheduler", "worker", endings=(".h",)):
        text = tree.text(name)
        if not text.startswith("//"):
            yield f"{name}:1: a header opens with what it is, where it sits, thread-safety"
        if not re.search(r"^#pragma once$", text, re.M):
            yield f"{name}:1: no #pragma once"


def check_sources_are_built(tree):
    for name in tree.sources(endings=(".cc",)):
        path = pathlib.PurePosixPath(name)
        for folder in path.parents:
            lists = str(folder / "CMakeLists.txt") if str(folder) != "." else "CMakeLists.txt"
            if lists in tree.files and str(path.relative_to(folder)) in tree.text(lists):
                break
        else:
            yield f"{name}:1: in no target: add it to a CMakeLists.txt or delete it"


def check_sql_is_used(tree):
    code = "\n".join(tree.text(f) for f in tree.sources("scheduler/store", endings=(".cc",)))
    for name in tree.files:
        match = re.match(r"scheduler/store/sql/(\w+)\.sql$", name)
        if not match:
            continue
        constant = "k" + "".join(word.capitalize() for word in match.group(1).split("_"))
        if not re.search(r"\b" + constant + r"\b", code):
            yield f"{name}:1: no .cc of scheduler/store uses sql::{constant}"
        if not tree.text(name).startswith("--"):
            yield f"{name}:1: a statement opens with its inputs and what 0 rows means"


def check_tests_are_honest(tree):
    for name in tree.sources("tests"):
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if re.search(r"\bDISABLED_\w", line):
                yield f"{name}:{number}: a disabled test proves nothing: mend or delete it"
            if name.startswith("tests/bench/"):
                continue  # A benchmark may poll; it asserts nothing.
            if re.search(r"\bsleep_for\b|\bSleepFor\b|\busleep\(|[^\w]sleep\(", line):
                yield f"{name}:{number}: wait for a condition, do not sleep"


def check_wording(tree):
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for name in tree.files:
        if name.startswith("tests/tidy/") or not name.endswith(
                (".cc", ".h", ".py", ".sh", ".sql", ".proto", ".md", ".txt", ".mjs")):
            continue
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if pattern.search(line):
                yield f"{name}:{number}: do it or leave it: {pattern.search(line).group(0)}"


def check_links(tree):
    for name in [f for f in tree.files if f.endswith(".md")]:
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", line):
                if re.match(r"[a-z]+:", link):
                    continue
                if not (tree.root / name).parent.joinpath(link).exists():
                    yield f"{name}:{number}: dead link {link}"


def check_job_through_the_code(tree):
    name = "scheduler/README.md"
    text = tree.text(name) if name in tree.files else ""
    section = text.partition("\n## One job through the code\n")[2].partition("\n## ")[0]
    before = text.partition("\n## One job through the code\n")[0].count("\n") + 2
    for number, line in enumerate(section.splitlines(), before):
        files = [(tree.root / name).parent / link for link in re.findall(r"\]\(([^)#\s]+\.(?:cc|h))\)", line)]
        code = "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())
        for function in re.findall(r"`([A-Z]\w*(?:::\w+)*)`", line):
            if not re.search(r"\b" + re.escape(function) + r"\b", code):
                yield f"{name}:{number}: no {function} in the file that the line names"


def check_format(tree):
    tool = shutil.which("clang-format")
    if tool is None:
        return
    names = tree.sources("common", "scheduler", "worker", "tests")
    if not names:
        return
    out = subprocess.run([tool, "--dry-run", *names], cwd=tree.root, capture_output=True, text=True)
    seen = set()
    for line in out.stderr.splitlines():
        match = re.match(r"([^:]+):(\d+):\d+: warning: code should be clang-formatted", line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield f"{match.group(1)}:{match.group(2)}: run clang-format -i on it"


CHECKS = [value for key, value in sorted(globals().items()) if key.startswith("check_")]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    tree = Tree(root)
    findings = [finding for check in CHECKS for finding in check(tree)]
    for finding in findings:
        print(finding)
    print(f"tidy: {len(tree.files)} files, {len(CHECKS)} checks, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
