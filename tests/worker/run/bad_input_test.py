#!/usr/bin/env python3
"""Bad input and full disks, with real processes: a typed error or accounted rows, never a crash, and within memory.

Usage: bad_input_test.py DQ_WORKER [--memory-unmeasured] [TEST...]

PROMISES names for every promise the tests that hold it, here and elsewhere; test_every_promise_has_tests
looks whether they are there.
"""

import csv
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest
import zlib

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TESTS / "support"))
from measured_process import measure  # noqa: E402

WORKER = str(pathlib.Path(sys.argv.pop(1)).resolve())
MEMORY_IS_MEASURED = "--memory-unmeasured" not in sys.argv  # Sanitizers take memory of their own.
sys.argv = [arg for arg in sys.argv if arg != "--memory-unmeasured"]
MIB = 1 << 20
SMALLEST_MIB = 96  # What code and buffers take, whatever the limit.

PROMISES = {
    "a line of ten gigabytes": ["test_a_line_of_ten_gigabytes", "test_a_quoted_cell_of_ten_gigabytes", "test_a_line_of_json_of_ten_gigabytes",
                                "BadInput.ALineOfTenGigabytesIsRefusedAfterTheLimitOfOneRow"],
    "a million columns": ["test_a_million_columns", "test_a_row_of_a_million_cells", "BadInput.AMillionColumnsAreRefused"],
    "a decompression bomb": ["test_a_bomb_of_gzip", "test_a_bomb_of_zstd", "test_packed_twice", "Unpack.ABombIsRefusedBeforeItFillsAnything",
                             "Unpack.AZstdWindowAboveTheLimitIsRefusedByItsName"],
    "a file that is cut off": ["test_a_packed_file_that_is_cut_off", "test_a_quote_that_the_end_of_the_file_leaves_open",
                               "Unpack.WhatIsCutOffOrDamagedIsAnError"],
    "a file that changes while it is read": ["InputThatChanges.IsNoticedInEveryPass", "InputThatChanges.IsNoticedInPackedFiles",
                                             "BadInput.AFileThatIsCutOrGrowsWhileItIsReadIsNoticed",
                                             "BadInput.AFileThatIsWrittenWhileItIsReadIsNoticedInTheFirstPass"],
    "mixed encodings": ["test_rows_in_another_encoding", "test_half_a_character_of_utf_16", "BadInput.RowsOfAnotherEncodingAreRejectedAndAccountedFor",
                        "FindEncoding.LinesOfUtf8WeighAsMuchAsOthersAndLowerTheConfidenceWhenTheyAreFewer", "mixed_encodings.case",
                        "mixed_encodings_in_balance.case"],
    "what is no file": ["test_what_is_no_file", "BadInput.PipesAndDevicesAreRefused"],
    "a full disk while writing": ["test_a_full_disk_under_the_outputs", "test_a_full_device_as_output", "test_a_limit_on_the_size_of_files",
                                  "CsvWriter.AFullDiskIsATypedError"],
    "a full disk while spilling": ["test_a_full_disk_under_spilled_duplicates", "test_a_full_disk_under_a_spilled_reference"],
    "cells that look like formulas": ["test_formulas_stay_data_without_the_guard", "test_formulas_are_guarded_when_asked",
                                      "OutputForms.FormulasAreGuardedAndNumbersAreNot"],
    "names of columns that are empty or come twice": ["test_names_that_are_empty_or_come_twice", "columns_of_one_name.case",
                                                      "BadInput.NamesThatAreEmptyOrComeTwiceAreKeptAsTheyAre", "BadInput.ANameThatComesTwiceCannotBeAKey"],
    "a key that comes twice in the reference": ["test_a_key_that_comes_twice_in_the_reference", "ambiguous_key.case", "key_by_spelling.case"],
    "a reference above the memory limit": ["test_a_reference_above_the_memory_limit", "test_a_memory_limit_too_small_for_the_reference",
                                           "ReferenceStorage.WhatDoesNotFitIsATypedError"],
    "records above the memory limit": ["test_records_above_the_memory_limit", "Chain.DuplicatesThatDoNotFitInMemoryAreTheSameOnes"],
    "bad rows: reject, fail, pad": ["CsvReader.BadRowsAreRejectedWithRowByteReasonAndContent", "CsvReader.FailPolicyNamesRowAndByte",
                                    "CsvReader.PadPolicyFillsShortRowsAndStillRejectsLongOnes", "rejects.case", "bad_row_fails_when_asked.case",
                                    "reference_rows_that_cannot_be_read.case", "reference_row_fails_when_asked.case"],
    "formats in and out": ["CsvReader.ReadsTheFormsThatRfc4180Allows", "JsonLines.WhatIsNotChangedIsWrittenAsItWas", "CsvWriter.KeepsTheDialect",
                           "Unpack.GivesWhatWasPackedAsOftenAsAsked", "OutputForms.APackedOutputUnpacksToThePlainOne"],
    "encodings": ["FindEncoding.TellsEncodingsApart", "ToUtf8.ConvertsEveryCharacterAndMarksWhatIsNone", "OpenTable.ReadsPackedAndConvertedTables"],
    "the dialect is found out": ["FindTable.FindsTheDelimiterWithWhichRowsAgree", "FindTable.FindsLineEnds", "FindTable.CommentsAreFoundAmongRows",
                                 "FindTable.FindsQuotesEscapesAndSpaceBehindDelimiters", "FindTable.AFirstRowLikeThoseBelowItIsNoHeader",
                                 "FindTable.ACloseRunnerUpTakesConfidence"],
    "every part of the form can be set by hand": ["FindTable.WhatIsSaidByHandIsNotFoundOut", "form_by_hand.case"],
    "no row before the table is dropped silently": ["RunCommand.LinesThatAreNoRowsAreKeptInTheRejects", "FindTable.LinesBeforeTheTableAreKeptApart"],
    "limits: row, columns, ratio": ["CsvReader.ARowAboveTheLimitFailsUnlessAQuoteIsToBlame", "CsvReader.TooManyColumnsAreRefused", "test_a_bomb_of_gzip"],
}


def names_of_tests():
    """All tests there are: methods here, Suite.Name in C++, cases."""
    names = {name for name in dir(BadInput) if name.startswith("test_")}
    for path in TESTS.rglob("*.cc"):
        names |= {f"{suite}.{name}" for suite, name in
                  re.findall(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", path.read_text(), re.MULTILINE)}
    return names | {path.name for path in (TESTS / "cases").glob("*.case")}


def rle_blocks(byte, count):
    """Blocks of a zstd frame, each 128 KiB of one byte in four bytes."""
    return ((1 << 1 | (128 << 10) << 3).to_bytes(3, "little") + byte) * count


class BadInput(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, content):
        data = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return name

    def run_worker(self, *flags, before=(), output="out.csv"):
        """Runs the worker in the folder; returns how it ended. `before`: a command that starts it."""
        self.before_run = set(os.listdir(self.folder))
        command = [*before, WORKER, "run", "--progress", "none", "--output", output, "--report", "report.json", *flags]
        _, peak, done = measure(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        limit = next((int(flags[i + 1].removesuffix("MiB")) for i, flag in enumerate(flags) if flag == "--memory-limit"), 512)
        if MEMORY_IS_MEASURED:
            self.assertLessEqual(peak, max(limit, SMALLEST_MIB) * MIB, "the memory limit was not held")
        return done

    def refused(self, reason, *flags, **options):
        """The worker fails with this reason alone and leaves nothing behind. Returns the message."""
        done = self.run_worker(*flags, **options)
        message = done.stderr.decode()
        self.assertRegex(message, rf"\Adq-worker: {reason}: [^\n]+\n\Z")
        self.assertIn(done.returncode, (1, 3), message)
        self.assertEqual(set(os.listdir(self.folder)), self.before_run, "a failed run left files")
        return message

    def cleaned(self, *flags, **options):
        """The worker succeeds and all rows are accounted for. Returns report, cleaned lines and rejects."""
        done = self.run_worker(*flags, **options)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        report = json.loads((self.folder / "report.json").read_text())
        count = lambda name: int(report.get(name, 0))  # noqa: E731
        removed = sum(int(n) for n in report.get("duplicates_removed", {}).values())
        self.assertEqual(count("rows_in"), count("rows_out") + removed + count("rows_rejected"))
        rejects = self.folder / "out.csv.rejects.csv"
        rejected = list(csv.DictReader(rejects.read_text().splitlines(keepends=True))) if rejects.exists() else []
        self.assertEqual(len(rejected), count("rows_rejected"))
        return report, (self.folder / "out.csv").read_text().splitlines(), rejected

    def test_every_promise_has_tests(self):
        there = names_of_tests()
        self.assertEqual([name for names in PROMISES.values() for name in names if name not in there], [])

    # ---- Too long, too wide, too large

    def hole(self, beginning):
        """A file of ten gigabytes that take no room: zeros behind a beginning."""
        name = self.write("hole", beginning)
        os.truncate(self.folder / name, 10 << 30)
        return name

    def test_a_line_of_ten_gigabytes(self):
        rows = "".join(f"{i},x\n" for i in range(200_000))
        message = self.refused("PARSE_FAILED", "--input", self.hole("a,b\n" + rows + "1,"))
        self.assertIn("row 200001 is longer than the limit of 64 MiB", message)

    def test_a_quoted_cell_of_ten_gigabytes(self):
        self.assertIn("64 MiB", self.refused("PARSE_FAILED", "--input", self.hole('a,b\n1,2\n3,"')))

    def test_a_line_of_json_of_ten_gigabytes(self):
        self.assertIn("64 MiB", self.refused("PARSE_FAILED", "--input", self.hole('{"a":1}\n{"a":"')))

    def test_a_million_columns(self):
        wide = ",".join(f"c{i}" for i in range(10**6)) + "\n" + ",".join(["1"] * 10**6) + "\n"
        self.write("in.csv", wide * 2)
        for flags in ([], ["--delimiter", ","], ["--delimiter", ",", "--no-header"]):
            self.assertIn("10000", self.refused("UNSUPPORTED_FORMAT", "--input", "in.csv", *flags))

    def test_a_row_of_a_million_cells(self):
        self.write("in.csv", "a,b\n" + "1,2\n" * 5 + ",".join(["1"] * 10**6) + "\n3,4\n")
        _, lines, rejected = self.cleaned("--input", "in.csv")
        self.assertEqual(lines, ["a,b", "1,2", "3,4"])
        self.assertEqual([(row["row"], row["reason"]) for row in rejected], [("6", "ragged")])

    def gzip_members(self, member, count):
        packer = zlib.compressobj(9, wbits=31)
        return (packer.compress(member) + packer.flush()) * count

    def test_a_bomb_of_gzip(self):
        for member in (b"a" * (64 << 20), b"1,2\n" * (16 << 20)):  # 40 GB when unpacked
            self.write("in.csv.gz", self.gzip_members(member, 640))
            self.refused("UNPACKED_TOO_LARGE|PARSE_FAILED", "--input", "in.csv.gz")

    def test_a_bomb_of_zstd(self):
        frame = bytes.fromhex("28b52ffd0038") + rle_blocks(b"\n", 80_000)  # 10 GB when unpacked
        self.write("in.csv.zst", frame)
        self.refused("UNPACKED_TOO_LARGE|PARSE_FAILED", "--input", "in.csv.zst")

    def test_packed_twice(self):
        rows = b"a,b\n" + b"1,2\n" * 100_000
        for twice in (self.gzip_members(self.gzip_members(rows, 1), 1),
                      self.gzip_members(bytes.fromhex("28b52ffd0038") + rle_blocks(b"\n", 8), 1)):
            self.write("in.csv.gz", twice)
            self.assertIn("packed twice", self.refused("UNSUPPORTED_FORMAT", "--input", "in.csv.gz"))

    # ---- Cut off, mixed, no file

    def test_a_packed_file_that_is_cut_off(self):
        rows = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i % 1009) for i in range(300_000))
        packed = self.gzip_members(rows, 1)
        for size in (20, len(packed) // 2, len(packed) - 1):
            self.write("in.csv.gz", packed[:size])
            self.refused("COMPRESSION_INVALID", "--input", "in.csv.gz")

    def test_a_quote_that_the_end_of_the_file_leaves_open(self):
        self.write("in.csv", "a,b\n" + "".join(f"{i},x\n" for i in range(50)) + '77,"cut o')
        report, _, rejected = self.cleaned("--input", "in.csv")
        self.assertEqual(int(report["rows_in"]), 51)
        self.assertEqual([row["reason"] for row in rejected], ["unterminated_quote"])

    def test_rows_in_another_encoding(self):
        rows = "".join(f"Jos\u00e9 {i},{i}\n" for i in range(60)).encode()
        strange = "K\u00f6ln,1\n".encode("latin-1") + "Wien,2\n".encode("utf-16-le") + "\u0141\u00f3d\u017a,3\n".encode("cp1250")
        self.write("in.csv", b"name,n\n" + rows + strange + rows)
        report, lines, rejected = self.cleaned("--input", "in.csv", "--chain", "complete")
        self.assertEqual(len(lines), 121)
        self.assertEqual({row["reason"] for row in rejected}, {"invalid_utf8", "nul_byte"})
        self.assertEqual(report["dialect"]["encoding"], "utf-8")

    def test_half_a_character_of_utf_16(self):
        text = "name,n\n" + "".join(f"Jos\u00e9 {i},{i}\n" for i in range(60))
        broken = text.encode("utf-16") + "half ".encode("utf-16-le") + b"\x00\xd8" + ",1\nlast,2\n".encode("utf-16-le") + b"x"
        self.write("in.csv", broken)
        _, lines, rejected = self.cleaned("--input", "in.csv", "--chain", "complete")
        self.assertEqual(lines[-1].encode().decode("utf-8-sig"), "last,2")
        self.assertIn("invalid_utf8", {row["reason"] for row in rejected})

    def test_what_is_no_file(self):
        os.mkfifo(self.folder / "fifo")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.folder / "socket"))
            for path in ("fifo", "socket", "/dev/null", "/dev/zero", ".", "not there"):
                self.refused("UNSUPPORTED_FORMAT|FILE_MISSING", "--input", path)
            good = self.write("in.csv", "a,b\n1,2\n")
            for path in ("fifo", "socket", "/dev/zero", "."):
                self.refused("UNSUPPORTED_FORMAT|FILE_MISSING", "--input", good, "--reference", path, "--key", "a")

    # ---- No room on the disk

    def numbered_rows(self, count):
        return self.write("in.csv", "id,b\n" + "".join(f"{i},x{i % 7}\n" for i in range(count)))

    def on_small_disk(self):
        """A command that runs another one with a file system of 256 KiB at `small`; skips where none can be made."""
        (self.folder / "small").mkdir()
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o size=256k none small && exec "$@"', "sh"]
        if subprocess.run([*command, "true"], cwd=self.folder, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("this machine lets nobody mount a file system of their own")
        return command

    def test_a_full_disk_under_the_outputs(self):
        before = self.on_small_disk()
        self.refused("DISK_FULL", "--input", self.numbered_rows(100_000), before=before, output="small/out.csv")

    def test_a_full_device_as_output(self):
        self.refused("DISK_FULL", "--input", self.numbered_rows(100_000), output="/dev/full")
        self.refused("DISK_FULL", "--input", self.numbered_rows(10), "--changes", "/dev/full")

    def test_a_limit_on_the_size_of_files(self):
        self.refused("DISK_FULL", "--input", self.numbered_rows(100_000), before=["prlimit", "--fsize=65536"])

    def test_a_full_disk_under_spilled_duplicates(self):
        before = self.on_small_disk()
        self.refused("DISK_FULL", "--input", self.numbered_rows(1_500_000), "--chain", "dedupe", "--memory-limit", "64MiB",
                     "--temp-dir", "small", before=before)

    def long_reference(self):
        """80 MB of reference for the keys 0 to 39,999."""
        return self.write("ref.csv", "id,b,long\n" + "".join(f"{i},y{i},{str(i) * 400:.2000}\n" for i in range(40_000)))

    def test_a_full_disk_under_a_spilled_reference(self):
        before = self.on_small_disk()
        self.write("in.csv", "id,b,long\n1,,\n")
        self.refused("DISK_FULL", "--input", "in.csv", "--reference", self.long_reference(), "--key", "id",
                     "--memory-limit", "128MiB", "--temp-dir", "small", before=before)

    # ---- More than fits in memory

    def test_a_reference_above_the_memory_limit(self):
        self.write("in.csv", "id,b,long\n" + "".join(f"{i},,\n" for i in range(0, 40_000, 4)))
        report, lines, _ = self.cleaned("--input", "in.csv", "--reference", self.long_reference(), "--key", "id",
                                        "--memory-limit", "128MiB", "--threads", "1")
        self.assertEqual(int(report["cells_filled"]), 20_000)
        self.assertEqual(lines[-1], f"39996,y39996,{'39996' * 400}")
        self.assertGreater(sum(int(stage.get("spilled_bytes", 0)) for stage in report["stages"]), 40_000_000)

    def test_a_memory_limit_too_small_for_the_reference(self):
        self.write("ref.csv", "id,b\n" + "".join(f"{i},y\n" for i in range(3_000_000)))
        self.refused("OUT_OF_MEMORY", "--input", self.numbered_rows(10), "--reference", "ref.csv", "--key", "id", "--memory-limit", "32MiB")

    def test_records_above_the_memory_limit(self):
        report, lines, _ = self.cleaned("--input", self.numbered_rows(1_500_000), "--chain", "dedupe", "--memory-limit", "64MiB",
                                        "--threads", "1")
        self.assertEqual(len(lines), 1_500_001)
        self.assertGreater(sum(int(stage.get("spilled_bytes", 0)) for stage in report["stages"]), 10_000_000)

    # ---- What cells and names hold

    FORMULAS = ["=1+2", "+cmd|x", "-2+3", "@SUM(A1)", "\tx", "=HYPERLINK(\"a\")"]

    def formulas(self, *flags):
        with open(self.folder / "in.csv", "w", newline="") as file:
            csv.writer(file).writerows([["id", "text"], *([str(i), cell] for i, cell in enumerate(self.FORMULAS + ["-5", "+4.5", "a=b"]))])
        self.cleaned("--input", "in.csv", "--delimiter", ",", "--header", *flags)
        with open(self.folder / "out.csv", newline="") as file:
            return [row[1] for row in csv.reader(file)][1:]

    def test_formulas_stay_data_without_the_guard(self):
        self.assertEqual(self.formulas(), [*self.FORMULAS, "-5", "+4.5", "a=b"])

    def test_formulas_are_guarded_when_asked(self):
        self.assertEqual(self.formulas("--formula-guard"), [*("'" + cell for cell in self.FORMULAS), "-5", "+4.5", "a=b"])

    def test_names_that_are_empty_or_come_twice(self):
        text = ["a,,a,", "x,1,y,2", "z,3,u,4", "w,5,v,6"]
        self.write("in.csv", "\n".join(text) + "\n")
        self.assertEqual(self.cleaned("--input", "in.csv", "--fill", "none")[1], text)
        self.write("ref.csv", "a,a\nx,y\n")
        self.refused("SCHEMA_INCOMPATIBLE", "--input", "in.csv", "--reference", "ref.csv", "--key", "a")

    def test_a_key_that_comes_twice_in_the_reference(self):
        self.write("in.csv", "id,town\n1,\n2,\n3,Rom\n")
        self.write("ref.csv", "id,town\n1,Bonn\n1,Ulm\n2,Kiel\n")
        _, lines, _ = self.cleaned("--input", "in.csv", "--reference", "ref.csv", "--key", "id")
        self.assertEqual(lines, ["id,town", "1,", "2,Kiel", "3,Rom"])


if __name__ == "__main__":
    unittest.main()
