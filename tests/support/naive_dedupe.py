"""Stage dedupe for exact and normalised matching, survivors and merging, as plainly as it can be said.

Folds only what the tables of naive_dedupe_compare.py hold: case, accents of Latin letters, white space.
"""

import math
import unicodedata

import naive_forms


def fold(cell):
    plain = "".join(c for c in unicodedata.normalize("NFKD", cell) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def rank(row, survivor, newest):
    if survivor == "most_complete":
        return sum(1 for cell in row if cell.strip())
    if survivor == "newest":
        text = row[newest].strip()
        if len(text) == 10 and text[4] == text[7] == "-":
            year, month, day = map(int, text.split("-"))
            return (year * 12 + month) * 31 + day
        return float(text) if text.isdigit() and (text == "0" or text[0] != "0") else -math.inf
    return 0


def confidence(row, kept, compared):
    return "1" if [row[i] for i in compared] == [kept[i] for i in compared] else "0.95"


def merged_cell(members, rows, column):
    """The value most members hold, among equals the first; its first holder."""
    held = {}
    for member in members:
        if rows[member][column].strip():
            held.setdefault(rows[member][column], []).append(member)
    if not held:
        return None
    value = max(held, key=lambda v: (len(held[v]), -held[v][0]))
    return value, held[value][0]


def dedupe(header, rows, match, compared, survivor, newest, merge):
    """Returns the cleaned rows, the lines of the clusters file and those of the changes file."""
    chosen = [header.index(name) for name in compared] or list(range(len(header)))
    clusters = {}
    forms = [naive_forms.form_of(cells) for cells in zip(*([row[i] for i in chosen] for row in rows))]
    for number, row in enumerate(rows):
        cells = [row[i] for i in chosen]
        if compared and not any(cell.strip() for cell in cells):
            continue
        key = tuple(cells) if match == "exact" else tuple(
            naive_forms.compared(cell, form, fold) for cell, form in zip(cells, forms))
        clusters.setdefault(key, []).append(number)
    kept_of, members_of = {}, {}
    for members in clusters.values():
        kept = max(members, key=lambda m: (rank(rows[m], survivor, newest), -m))
        for member in members:
            kept_of[member], members_of[member] = kept, members
    cleaned, lines, changes = [], [], []
    for number, row in enumerate(rows):
        members = members_of.get(number, [number])
        kept = kept_of.get(number, number)
        if len(members) > 1:
            lines.append([str(number + 1), str(kept + 1), "true" if kept == number else "false",
                          confidence(row, rows[kept], chosen)])
        if kept != number:
            continue
        out = list(row)
        for column in range(len(header) if merge and len(members) > 1 else 0):
            found = None if row[column].strip() else merged_cell(members, rows, column)
            if found:
                out[column] = found[0]
                changes.append([str(number + 1), header[column], row[column], found[0], "merge",
                                confidence(rows[found[1]], row, chosen)])
        cleaned.append(out)
    return cleaned, sorted(lines, key=lambda line: int(line[0])), changes
