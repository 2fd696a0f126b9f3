"""Cleans a table by the rules of worker/README.md, the simplest way: everything in memory, one thing after the other.

It shares nothing with the engine, so that a test can compare the two. Well-formed UTF-8 files with a header,
comma and line feed; options are those of the default chain.

  naive_clean.py INPUT OUTPUT [--reference FILE --key COL] [--fill HOW] [--match exact|normalised]
"""

import argparse
import collections
import csv
import datetime
import decimal
import io
import re
import unicodedata

import naive_dependency
import naive_forms

VOCABULARY = set(r"null \n na n/a #n/a nan nil none - -- ? ?? . .. unknown unk missing tbd void #null! (blank) empty".split())
SPACE = " \t\n\v\f\r\u00a0"
TYPES = ["boolean", "integer", "decimal", "date"]


def ascii_lower(text):
    return "".join(chr(ord(c) | 0x20) if "A" <= c <= "Z" else c for c in text)


def is_token(value):
    return ascii_lower(value) in VOCABULARY


# ---- types

def is_date(value):
    match = re.fullmatch(r"(\d{4})([-/])(\d\d)\2(\d\d)((?:[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]([01]\d|2[0-3]):[0-5]\d)?)?)",
                         value, re.ASCII)
    if match:
        year, month, day = int(match[1]), int(match[3]), int(match[4])
    else:
        match = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", value, re.ASCII)
        if not match:
            return False
        day, month, year = int(match[1]), int(match[2]), int(match[3])
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def type_of(value):
    if ascii_lower(value) in {"true", "false", "yes", "no", "t", "f", "y", "n"}:
        return "boolean"
    if re.fullmatch(r"[+-]?(0|[1-9]\d{0,17}|[1-9])", value, re.ASCII):
        return "integer"
    if re.fullmatch(r"[+-]?(\d|[1-9]\d{1,17})\.\d{1,18}", value, re.ASCII):
        return "decimal"
    if re.fullmatch(r"[+-]?\d", value, re.ASCII):
        return "integer"
    return "date" if is_date(value) else "text"


def conforms(actual, column):
    return actual == column or column == "text" or (actual, column) == ("integer", "decimal")


# ---- missing values

def shape_of(value):
    kinds = set()
    for c in value:
        if c in SPACE or c.isascii() and (c.isdigit() or ord(c) < 0x20):
            return "other"
        letter = not c.isascii() or c.isalpha()
        kinds.add("letter" if letter else "punctuation")
    if kinds == {"punctuation"}:
        return "punctuation"
    if "punctuation" in kinds:
        return "other"
    upper = ["A" <= c <= "Z" for c in value]
    if not any(upper):
        return "lower"
    if all(upper):
        return "upper"
    return "title" if upper[0] and not any(upper[1:]) else "mixed"


def is_thousands(decimal):
    return re.fullmatch(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}", decimal) is not None


def is_comma_decimal(text):
    """Whether it can only be a number with a decimal comma or with points between its thousands."""
    return (re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{3}){2,}|[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+", text) is not None or
            re.fullmatch(r"[+-]?([0-9]+,([0-9]{1,2}|[0-9]{4,})|[0-9]{4,},[0-9]{3})", text) is not None)


class Column:
    """What the values of one column say about it."""

    def __init__(self, cells, is_key, of_reference=None, doubts=None, statistic="median"):
        """`doubts`: values that are missing by evidence."""
        self.doubts = set(doubts or ())
        values = [cell.strip(SPACE) for cell in cells]
        no_words = [v for v in values if v and not is_token(v)]
        plain = [v for v in no_words if v not in self.doubts]
        counts = collections.Counter(type_of(v) for v in plain)
        self.type = "text"
        commas = any(is_comma_decimal(v) for v in no_words) and all(
            is_thousands(v) for v in no_words if type_of(v) == "decimal")
        for name in TYPES:
            if name == "decimal" and commas:
                continue
            fitting = counts[name] + (counts["integer"] if name == "decimal" else 0)
            if plain and fitting * 20 >= len(plain) * 19:
                self.type = name
                break
        self.shapes = collections.defaultdict(list)
        for v in no_words:
            self.shapes[shape_of(v)].append(len(v.encode()))
        self.total = len(no_words)
        if not plain and of_reference:
            self.type, self.shapes, self.total = of_reference.type, of_reference.shapes, of_reference.total
        present = [v for v in values if not self.is_missing(v)]
        self.missing = len(present) < len(values)
        self.judged = self.majority([type_of(v) for v in present], commas or any(re.fullmatch("[0-9]+", v, re.ASCII) and type_of(v) == "text" for v in plain))
        self.fill = None if is_key else self.statistic(present, statistic, [v for v in values if v in self.doubts])

    def majority(self, types, codes):
        """The type by which values are judged."""
        if self.type != "text" or codes or not types:
            return self.type
        for name in ("integer", "decimal", "date"):
            if sum(t == name or (t, name) == ("integer", "decimal") for t in types) * 100 >= len(types) * 80:
                return name
        return self.type

    def is_missing(self, value):
        value = value.strip(SPACE)
        return value == "" or is_token(value) and not self.could_hold(value) or value in self.doubts

    def could_hold(self, token):
        shape = shape_of(token)
        if self.type != "text" or shape == "other":
            return False
        if self.total == 0:
            return shape != "punctuation"
        sizes = self.shapes.get(shape, [])
        return bool(sizes) and len(sizes) * 20 >= self.total and min(sizes) <= len(token) <= max(sizes)

    def statistic(self, present, statistic, doubtful):
        distinct = len(set(present))
        if self.type in ("integer", "decimal"):
            if self.type == "integer" and len(present) > 1 and distinct * 100 >= len(present) * 99:
                return None
            numbers = [v for v in present if type_of(v) in ("integer", "decimal")]
            if statistic == "mean":
                return self.mean(present, numbers, doubtful)
            if statistic == "mode":
                return self.mode(present, distinct)
            if self.type == "integer":
                numbers = [v for v in numbers if decimal.Decimal(v) % 1 == 0]
            if not numbers:
                return None
            numbers.sort(key=decimal.Decimal)
            median = decimal.Decimal(numbers[(len(numbers) - 1) // 2])
            digits = {len(v.partition(".")[2]) for v in numbers}
            if self.type == "integer":
                digits = {0}
            if len(digits) == 1:
                text = f"{median:.{digits.pop()}f}"
            else:
                text = f"{median:f}"
                text = text.rstrip("0").rstrip(".") if "." in text else text
            return text if sum(c.isdigit() for c in text) <= 15 else None
        return self.mode(present, distinct)

    def mean(self, present, numbers, doubtful):
        # In the order in which dq adds them up, for the last digit.
        digits = 0 if self.type == "integer" else max(len(v.partition(".")[2]) for v in numbers + doubtful if type_of(v) in ("integer", "decimal"))
        mean = sum(float(v) for v in numbers) / len(numbers)
        text = f"{mean:.{digits}f}"
        if not text.strip("-0."):
            text = text.lstrip("-")
        return text if sum(c.isdigit() for c in text) <= 15 else None

    def mode(self, present, distinct):
        if not present or distinct * 2 > len(present):
            return None
        counts = collections.Counter(present)
        if distinct > 100 or max(counts.values()) * 4 < len(present):
            return None
        return min(counts, key=lambda v: (-counts[v], v.encode()))


# ---- duplicates

def fold_char(c):
    strokes = {"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe"}
    if c in strokes:
        return strokes[c]
    for _ in range(2):
        c = "".join(x for x in unicodedata.normalize("NFKD", c) if not unicodedata.combining(x)).casefold()
    return c


def certain_form(text):
    """The one form of an address, an international phone number or a date; None."""
    digits = re.sub(r"[^0-9]", "", text.replace("(0)", "", 1))
    if re.fullmatch(r"[+][1-9][0-9 ().-]*", text) and 8 <= len(digits) <= 15 and type_of(text) != "decimal":
        return "+" + digits
    if is_date(text) and text[2] != ".":
        return text[:10].replace("/", "-") + text[10:].replace("T", " ").replace("Z", "z")
    if is_date(text):
        return "-".join(text.split(".")[::-1]) if int(text[:2]) > 12 else None
    if re.fullmatch(r"[A-Za-z0-9.!#$%&*+/=?^_{|}~'-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}", text):
        return text.lower()
    return naive_forms.url_form(text)


def fold(cell):
    certain = certain_form(cell.strip(SPACE))
    if certain is not None:
        return certain
    out = []
    for i, c in enumerate(cell):
        before = cell[i - 1] if i else ""
        after = cell[i + 1] if i + 1 < len(cell) else ""
        digit_follows = after.isascii() and after.isdigit()
        if c in "'\"\u2018\u2019\u201c\u201d" and before.isascii() and before.isdigit():
            out.append(fold_char(c))
            continue
        if c in "\u2010\u2011\u2012\u2013":
            c = "-"
        if c in ".'`\u2018\u2019" and not digit_follows:
            continue
        if c in ",;:!?\"()[]{}\u201c\u201d" and not digit_follows:
            out.append(" ")
        elif c in "-_/" and all(x and (not x.isascii() or x.isalpha()) for x in (before, after)):
            out.append(" ")
        else:
            out.append(fold_char(c))
    return " ".join("".join(out).split()) or cell.strip(SPACE)


# ---- the chain

def key_of(row, places, columns):
    parts = []
    for place in places:
        value = row[place].strip(SPACE)
        if columns[place].is_missing(value):
            return None
        parts.append(naive_forms.fold_key(value))
    return tuple(parts)


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        records = [record for record in csv.reader(io.StringIO(file.read(), newline="")) if record]
    whole = [record for record in records[1:] if len(record) == len(records[0])]
    return records[0], whole, len(records) - 1 - len(whole)


def write(path, header, rows):
    def quoted(cell):
        return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n\r') else cell

    with open(path, "w", encoding="utf-8", newline="") as file:
        for record in [header, *rows]:
            file.write(",".join(quoted(cell) for cell in record) + "\n")


def file_column(cells, is_key, of_reference, statistic="median"):
    import naive_evidence  # Which knows this file.
    doubts = {v: sure for v, (_, sure) in naive_evidence.disguises(cells).items()}
    return Column(cells, is_key, of_reference, doubts, statistic)


def complete(header, rows, reference, keys, fill, statistic="median", constants=None):
    if fill == "none":
        return
    others = reference_columns(header, reference)
    columns = [file_column([row[i] for row in rows], name in keys, others.get(name), statistic) for i, name in enumerate(header)]
    for i, name in enumerate(header):
        if fill != "statistic":
            columns[i].fill = None
        columns[i].fill = (constants or {}).get(name, columns[i].fill)
    known, spelled = collections.defaultdict(list), collections.defaultdict(list)
    if reference and keys:
        ref_header, ref_rows = reference
        places = [ref_header.index(name) for name in keys]
        ref_columns = [Column([row[i] for row in ref_rows], True) for i in range(len(ref_header))]
        for row in ref_rows:
            values = {name: "" if column.is_missing(cell) else cell.strip(SPACE)
                      for name, column, cell in zip(ref_header, ref_columns, row)}
            if (key := key_of(row, places, ref_columns)) is not None:
                known[key].append(values)
                spelled[tuple(row[place].strip(SPACE) for place in places)].append(values)
    places = [header.index(name) for name in keys]
    left = []
    for row in rows:
        key = key_of(row, places, columns) if keys else None
        matches = known.get(key, []) if key else []
        if len(matches) > 1:
            matches = spelled.get(tuple(row[place].strip(SPACE) for place in places), matches)
        left.append([i for i, column in enumerate(columns) if column.is_missing(row[i])])
        for i in list(left[-1]):
            value = agreed([match.get(header[i], "") for match in matches])
            if not columns[i].is_missing(value) and conforms(type_of(value), columns[i].type):
                row[i] = value
                left[-1].remove(i)
    if fill in ("dependency", "statistic"):
        fill_dependent(columns, rows, reference_rows(header, reference), places, left)
    for row, missing in zip(rows, left):
        for i in missing:
            row[i] = columns[i].fill if columns[i].fill is not None else ""


def agreed(values):
    """The value that all rows have; empty when there is none."""
    return values[0] if len(set(values)) == 1 else ""


def reference_columns(header, reference):
    names, rows = reference or ([], [])
    return {name: Column([row[names.index(name)] for row in rows], True) for name in header if name in names}


def reference_rows(header, reference):
    """The distinct rows of the reference, a cell for every column of the file; None where it has no value."""
    if not reference:
        return []
    names, rows = reference
    columns = reference_columns(names, reference)
    known = naive_dependency.distinct(known_cells(columns.values(), row) for row in rows)
    return [[row[names.index(name)] if name in names else None for name in header] for row in known]


def known_cells(columns, row):
    return [None if column.is_missing(cell) else cell.strip(SPACE) for column, cell in zip(columns, row)]


def fill_dependent(columns, rows, reference, keys, left):
    """Fills cells of `left` and takes them out of it, and again with what was filled as evidence while that fills more."""
    targets = [i for i in range(len(columns)) if i not in keys and columns[i].missing]
    filled = True
    while filled:
        filled = False
        dependencies = naive_dependency.Dependencies(
            naive_dependency.distinct(known_cells(columns, row) for row in rows), reference, targets,
            lambda i, value: not columns[i].is_missing(value) and conforms(type_of(value), columns[i].type))
        for row, missing in zip(rows, left):
            filled |= fill_row(columns, row, missing, dependencies)


def fill_row(columns, row, left, dependencies):
    """Fills cells of `left` again and again while one can be filled; whether there was one."""
    left_before = len(left)
    again = True
    while again:
        again = False
        for i in list(left):
            value, sure = dependencies.find(known_cells(columns, row), i)
            if sure >= dependencies.least:
                row[i] = value
                left.remove(i)
                again = True
    return len(left) < left_before


def dedupe(rows, match, before):
    """`before`: the rows as they were read, which tell how columns are compared."""
    forms = [naive_forms.form_of(cells) for cells in zip(*before)]
    seen = set()
    kept = []
    for row in rows:
        key = tuple(row) if match == "exact" else tuple(naive_forms.compared(cell, form, fold) for cell, form in zip(row, forms))
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return kept


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--reference")
    parser.add_argument("--key", default="")
    parser.add_argument("--fill", default="dependency")
    parser.add_argument("--statistic", default="median")
    parser.add_argument("--fill-value", action="append", default=[])
    parser.add_argument("--match", default="normalised")
    options = parser.parse_args()
    header, rows, rejected = read(options.input)
    reference = read(options.reference)[:2] if options.reference else None
    before = [list(row) for row in rows]
    complete(header, rows, reference, [k for k in options.key.split(",") if k], options.fill, options.statistic,
             dict(text.split("=", 1) for text in options.fill_value))
    cleaned = dedupe(rows, options.match, before)
    write(options.output, header, cleaned)
    return header, before, rows, cleaned, reference, rejected


if __name__ == "__main__":
    main()
