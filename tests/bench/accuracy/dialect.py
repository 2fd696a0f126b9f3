#!/usr/bin/env python3
"""How well dq reads polluted CSV files without being told how they are written.

Pollutes clean tables, one kind of damage a file: delimiters, quotes, escapes, line ends, encodings, preambles, several
tables, ragged rows, stray quotes, headers. Every file is read with default options, and what comes out is compared
with the clean table: it was read at all, and precision, recall and F1 of header, records and cells; 10 points at most,
as in the benchmark "Pollock" (Vitagliano et al., VLDB 2023). `--folder` measures any folder of csv/ and clean/ files.
"""
import argparse
import collections
import concurrent.futures
import csv
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

csv.field_size_limit(1 << 30)
PLAIN = {"delimiter": ",", "quote": '"', "escape": None, "line_end": "\n", "encoding": "utf-8", "quote_all": False}


# --- clean tables -----------------------------------------------------------------------------------------------

def orders(rng, rows):
    goods = ["Trail Shoes, light", 'Table 48" round', "Tent", "Lamp", "Chair; folding", "Rope 10m", "Boots"]
    notes = ["", "ships from Graz", "it's back ordered", "two, maybe three days", "fragile"]
    table = [["date", "time", "qty", "product_id", "price", "product", "description", "url", "comments"]]
    for i in range(rows):
        table.append([f"{1 + i % 28:02}/{1 + i % 12:02}/2021", f"{i % 24:02}:{i * 7 % 60:02}", str(rng.randint(1, 9)),
                      f"{rng.choice('ABCD')}{rng.choice('XYZ')}-{rng.randint(1000, 9999)}",
                      f"${rng.randint(1, 999)}.{rng.randint(0, 99):02}", rng.choice(goods),
                      "Made for " + rng.choice(["summer", "winter, and snow", "rain"]) + " number " + str(i),
                      f"https://www.example.com/p/{i}.html", rng.choice(notes)])
    return table


def people(rng, rows):
    first = ["Ada", "José", "Zoë", "Karl", "Ingrid", "Søren", "Ana", "O'Neil"]
    towns = ["Graz", "Málaga", "Köln", "Rome", "St. John's", "Oslo"]
    table = [["name", "town", "born", "height", "member"]]
    for i in range(rows):
        table.append([f"{rng.choice(first)} {rng.choice(first)}", rng.choice(towns),
                      f"{1940 + i % 60}-{1 + i % 12:02}-{1 + i % 28:02}", f"{rng.uniform(1.5, 2.0):.2f}",
                      rng.choice(["yes", "no"])])
    return table


def measurements(rng, rows):
    table = [["station", "2019", "2020", "2021", "unit"]]
    for i in range(rows):
        table.append([f"S{i:03}", *(f"{rng.uniform(-20, 40):.1f}" for _ in range(3)), rng.choice(["C", "F"])])
    return table


# --- writing and damaging ---------------------------------------------------------------------------------------

def write_cell(cell, form):
    quote, escape = form["quote"], form["escape"]
    special = any(c in cell for c in (form["delimiter"].strip() or form["delimiter"], quote, "\n", "\r"))
    if not (form["quote_all"] or special):
        return cell
    inner = cell
    if escape:
        inner = inner.replace(escape, escape * 2)
    return quote + inner.replace(quote, (escape or quote) + quote) + quote


def lines_of(table, form):
    return [form["delimiter"].join(write_cell(cell, form) for cell in row) for row in table]


def render(lines, form, last=True):
    return (form["line_end"].join(lines) + (form["line_end"] if last else "")).encode(form["encoding"], "replace")


def polluted(name, table, rng):
    """Yields (file name, bytes, clean table)."""
    def file(kind, lines=None, clean=None, last=True, **form):
        form = {**PLAIN, **form}
        lines = lines_of(table, form) if lines is None else lines
        return f"{name}_{kind}", render(lines, form, last), table if clean is None else clean

    plain = lines_of(table, PLAIN)
    rows = len(table) - 1
    yield file("plain")
    yield file("quote_all", quote_all=True)
    for label, delimiter in [("semicolon", ";"), ("tab", "\t"), ("bar", "|"), ("space", " "), ("comma_space", ", "),
                             ("caret", "^"), ("tilde", "~"), ("colon", ":"), ("hash", "#"), ("unit", "\x1f")]:
        yield file("delimiter_" + label, delimiter=delimiter)
        yield file("delimiter_" + label + "_quoted", delimiter=delimiter, quote_all=True)
    yield file("quote_single", quote="'")
    yield file("quote_single_all", quote="'", quote_all=True)
    yield file("escape_backslash", escape="\\", quote_all=True)
    yield file("escape_backslash_some", escape="\\")
    yield file("escape_backslash_single", escape="\\", quote="'")
    yield file("line_end_crlf", line_end="\r\n")
    yield file("line_end_cr", line_end="\r")
    yield file("line_end_cr_semicolon", line_end="\r", delimiter=";")
    yield file("no_last_line_end", last=False)
    yield file("blank_lines_at_end", lines=plain + ["", ""])
    yield file("blank_lines_between", lines=[line for row in plain for line in (row, "")])
    for encoding in ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]:
        yield file("encoding_" + encoding, encoding=encoding, clean=[
            [cell.encode(encoding, "replace").decode(encoding) for cell in row] for row in table])
    yield file("no_header", lines=plain[1:], clean=table[1:])
    yield file("header_only", lines=plain[:1], clean=table[:1])
    yield file("one_row", lines=plain[:2], clean=table[:2])
    pad = "," * (len(table[0]) - 1)
    yield file("preamble_line", lines=["Report of the year"] + plain)
    yield file("preamble_lines", lines=["Report, all of it", "made by hand; late", ""] + plain)
    yield file("preamble_filled", lines=["Report" + pad, pad] + plain)
    yield file("preamble_comment", lines=["# made by: a program", "# on: 2021-01-01"] + plain)
    yield file("comments_between", lines=plain[:5] + ["# checked by hand"] + plain[5:])
    yield file("footer", lines=plain + ["", "Total: " + str(rows)])
    for label, width in [("less", -1), ("more", 1)]:
        extra = [row[:width] if width < 0 else row + ["x"] for row in table]
        yield file("tables_two_" + label, lines=plain + [""] + lines_of(extra, PLAIN))
    width = len(table[0])
    for row in {0, 1, len(table) - 1, *rng.sample(range(1, len(table)), 9)}:
        for column in sorted(rng.sample(range(width), min(3, width))):
            cells = [write_cell(cell, PLAIN) for cell in table[row]]
            more = ",".join(cells[:column] + [""] + cells[column:])
            yield file(f"more_{row}_{column}", lines=plain[:row] + [more] + plain[row + 1:])
            if column > 0:
                less = ",".join(cells[:column - 1] + [cells[column - 1] + cells[column]] + cells[column + 1:])
                yield file(f"less_{row}_{column}", lines=plain[:row] + [less] + plain[row + 1:])
            stray = [*table[row][:column], '"' + table[row][column], *table[row][column + 1:]]
            cells[column] = '"' + cells[column]
            yield file(f"stray_quote_{row}_{column}", lines=plain[:row] + [",".join(cells)] + plain[row + 1:],
                       clean=table[:row] + [stray] + table[row + 1:])
        if row > 0:
            other = " ".join(write_cell(cell, PLAIN) for cell in table[row])
            yield file(f"other_delimiter_{row}", lines=plain[:row] + [other] + plain[row + 1:])


# --- reading and scoring ----------------------------------------------------------------------------------------

def read_output(path, dialect):
    text = path.read_bytes().decode("utf-8-sig", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect["delimiter"], quotechar=dialect["quote"] or None,
                        escapechar=dialect["escape"] or None, skipinitialspace=dialect["skip_space"],
                        quoting=csv.QUOTE_MINIMAL if dialect["quote"] else csv.QUOTE_NONE)
    return [row for row in reader if row]


def run_dq(worker, file, folder, flags=()):
    """Returns what dq made of the file, and its report; None when it refused."""
    out, report = folder / "out.csv", folder / "report.json"
    done = subprocess.run([worker, "run", "--input", str(file), "--output", str(out), "--report", str(report), "--chain",
                           "complete", "--fill", "none", "--progress", "none", *flags], capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr
    dialect = json.loads(report.read_text())["dialect"]
    return read_output(out, dialect), dialect


def overlap(source, loaded):
    """Precision, recall and F1 of two bags."""
    if not source:
        return 1.0, 1.0, 1.0
    common = sum((collections.Counter(source) & collections.Counter(loaded)).values())
    if not common:
        return 0.0, 0.0, 0.0
    precision, recall = common / len(loaded), common / len(source)
    return precision, recall, 2 * precision * recall / (precision + recall)


def score(clean, loaded):
    """Ten numbers from 0 to 1."""
    if loaded is None:
        return [0.0] * 10
    if not clean:
        return [1.0] * 10
    strip = [[cell.strip() for cell in row] for row in clean], [[cell.strip() for cell in row] for row in loaded]
    header = overlap(strip[0][0], strip[1][0] if strip[1] else [])
    records = overlap(["".join(row) for row in strip[0][1:]], ["".join(row) for row in strip[1][1:]])
    cells = overlap([cell for row in strip[0] for cell in row], [cell for row in strip[1] for cell in row])
    return [1.0, *header, *records, *cells]


def read_clean(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.reader(file)]


def cases(folder, rows, seed, scratch):
    """Yields (name, path, clean table)."""
    if folder is not None:
        for path in sorted((folder / "csv").iterdir()):
            if (folder / "clean" / path.name).exists():
                yield path.name, path, read_clean(folder / "clean" / path.name)
        return
    rng = random.Random(seed)
    for make in (orders, people, measurements):
        for name, data, clean in polluted(make.__name__, make(rng, rows), rng):
            path = scratch / (name + ".csv")
            path.write_bytes(data)
            yield name, path, clean


def kind_of(name):
    return "_".join(part for part in name.removesuffix(".csv").split("_")
                    if not any(c.isdigit() for c in part) or part.startswith("0x"))


def measure(worker, folder=None, rows=83, seed=1, details=False):
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = pathlib.Path(scratch_name)
        listed = list(cases(folder, rows, seed, scratch))

        def one(job):
            number, (name, path, clean) = job
            place = scratch / f"run{number}"
            place.mkdir()
            loaded, said = run_dq(worker, path, place)
            return name, score(clean, loaded), said if loaded is None else ""

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(one, enumerate(listed)))
    kinds = collections.defaultdict(list)
    for name, points, said in results:
        kinds[kind_of(name)].append(sum(points))
        if details and sum(points) < 9.9:
            print(f"{sum(points):6.3f}  {name}  {said.strip()[:160]}")
    total = [sum(points) for _, points, _ in results]
    return {"files": len(total), "score_of_10": round(sum(total) / len(total), 4),
            "refused": sum(1 for _, points, _ in results if points[0] == 0),
            "by_kind": {kind: round(sum(values) / len(values), 3) for kind, values in sorted(kinds.items())}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", default="build/release/bin/dq-worker")
    parser.add_argument("--folder", type=pathlib.Path, help="a folder of csv/ and clean/ instead of made files")
    parser.add_argument("--rows", type=int, default=83)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data-dir", help="not used: the files are made")
    parser.add_argument("--text", action="store_true", help="a line a kind of damage instead of JSON")
    parser.add_argument("--details", action="store_true", help="name the files below 9.9")
    options = parser.parse_args()
    result = measure(options.worker, options.folder, options.rows, options.seed, options.details)
    if not options.text:
        print(json.dumps(result))
        return 0
    for kind, value in result["by_kind"].items():
        print(f"{value:7.3f}  {kind}")
    print(f"{result['score_of_10']:7.3f}  of 10 over {result['files']} files, {result['refused']} refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
