#!/usr/bin/env python3
"""Proves that every check of tidy.py can fail: each gets a small tree with one offence."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True
import tidy  # noqa: E402

GOOD_HEADER = "// Holds a thing. Not thread-safe.\n#pragma once\n"
LONG_FUNCTION = "int F(int a,\n      int b) {\n" + "  a += b;\n" * 60 + "}\n"
CODE_TABLE = "# The scheduler\n\n## One job through the code\n\n| 1 | `{}` | [cell](cell.cc) |\n\n## Next\n\n`Cell::Other`\n"

# check → (files with one offence, the same mended)
OFFENCES = {
    "check_top_level": ({"src/a.cc": ""}, {"worker/a.cc": ""}),
    "check_names": ({"worker/string_utils.cc": ""}, {"worker/utility_bill.cc": ""}),
    "check_common_is_closed": ({"common/text/a.h": ""}, {"common/base/a.h": ""}),
    "check_includes": ({"scheduler/core/a.cc": '#include "scheduler/store/b.h"\n'},
                       {"scheduler/store/a.cc": '#include "scheduler/core/b.h"\n'}),
    "check_file_budget": ({"worker/a.cc": "\n" * 501}, {"worker/a.cc": "\n" * 500}),
    "check_function_budget": ({"worker/a.cc": LONG_FUNCTION},
                              {"worker/a.cc": LONG_FUNCTION.replace("  a += b;\n", "", 9)}),
    "check_headers": ({"worker/a.h": "#pragma once\n"}, {"worker/a.h": GOOD_HEADER}),
    "check_sources_are_built": (
        {"worker/CMakeLists.txt": "dq_add_library(x SOURCES b.cc)", "worker/a.cc": ""},
        {"worker/CMakeLists.txt": "dq_add_library(x SOURCES a.cc)", "worker/a.cc": ""}),
    "check_sql_is_used": (
        {"scheduler/store/sql/get_job.sql": "-- $1 key\n", "scheduler/store/a.cc": "kGetJobs"},
        {"scheduler/store/sql/get_job.sql": "-- $1 key\n", "scheduler/store/a.cc": "sql::kGetJob"}),
    "check_tests_are_honest": ({"tests/a_test.cc": "TEST(A, DISABLED_B) {}\n"},
                               {"tests/a_test.cc": "TEST(A, B) {}\n"}),
    "check_wording": ({"worker/a.cc": "// TODO later\n"}, {"worker/a.cc": "// Later.\n"}),
    "check_links": ({"README.md": "[x](missing.md)\n"},
                    {"README.md": "[x](#x) [y](https://example.com) [z](README.md)\n"}),
    "check_job_through_the_code": (
        {"scheduler/README.md": CODE_TABLE.format("Cell::Commit"), "scheduler/cell.cc": "void Cell::Submit() {}\n"},
        {"scheduler/README.md": CODE_TABLE.format("Cell::Submit"), "scheduler/cell.cc": "void Cell::Submit() {}\n"}),
    "check_format": ({"worker/a.cc": "int  a ;\n"}, {"worker/a.cc": "int a;\n"}),
}


def findings(check, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(getattr(tidy, check)(tidy.Tree(folder)))


class EveryCheckCanFail(unittest.TestCase):
    def test_every_check_is_proven(self):
        self.assertEqual({c.__name__ for c in tidy.CHECKS}, set(OFFENCES))

    def test_offence_is_found_and_its_mending_accepted(self):
        for check, (bad, good) in OFFENCES.items():
            with self.subTest(check=check):
                self.assertEqual(len(findings(check, bad)), 1)
                self.assertEqual(findings(check, good), [])

    def test_libraries_stay_in_their_folders(self):
        for include, place in (("<pqxx/pqxx>", "scheduler/engine"), ("<grpcpp/grpcpp.h>", "worker/chain"),
                               ('"dq/v1/job.pb.h"', "scheduler/core"),
                               ("<prometheus/counter.h>", "scheduler/engine"),
                               ("<httplib.h>", "scheduler/api"), ("<curl/curl.h>", "scheduler/engine")):
            with self.subTest(include=include):
                self.assertEqual(len(findings("check_includes", {f"{place}/a.cc": f"#include {include}\n"})), 1)

    def test_scheduler_and_worker_never_meet(self):
        self.assertEqual(len(findings("check_includes",
                                      {"scheduler/main.cc": '#include "worker/chain/stage.h"\n'})), 1)


if __name__ == "__main__":
    unittest.main()
