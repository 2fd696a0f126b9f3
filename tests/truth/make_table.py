"""Writes a table whose truth is known: target.csv, reference.csv and truth.csv as truth_check.py reads them.

  make_table.py ROWS SEED OUT_DIR

People with a key, of whom some cells are empty or disguised, some rows are exact copies of earlier ones, and some
are near copies under a key of their own. The reference holds the true values of most originals, without the notes.
"""

import csv
import pathlib
import random
import sys

COLUMNS = ["id", "name", "city", "country", "signup_date", "amount", "rating", "note"]
SYLLABLES = ["ka", "lo", "mi", "ra", "né", "to", "shi", "ber", "gan", "del", "vør", "ish", "an", "wes", "mar", "zen"]
COUNTRIES = ["France", "Germany", "Italy", "Spain", "Poland", "Greece", "United Kingdom"]
WORDS = ["order", "delayed", "customer", "refund", 'said "no"', "confirm, please", "box\nleft outside", "late", "größer"]
MISSING_SHARE = [0, .02, .08, .06, .07, .1, .12, .2]
TOKENS = ["N/A", "n/a", "?", "-", "null", "NULL", "unknown", "TBD"]


def word(rng, syllables):
    return "".join(rng.choice(SYLLABLES) for _ in range(syllables)).capitalize()


def person(rng, number, cities):
    city = rng.randrange(len(cities))
    return [f"C{number:07d}", f"{word(rng, 2)} {word(rng, 3)}", cities[city], COUNTRIES[city % len(COUNTRIES)],
            f"{rng.randrange(2012, 2026)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
            f"{rng.lognormvariate(5, 1):.2f}", str(rng.randrange(101)),
            " ".join(rng.choice(WORDS) for _ in range(rng.randrange(2, 7)))]


def damaged(rng, clean):
    row, mask = list(clean), 0
    for place, share in enumerate(MISSING_SHARE):
        if rng.random() < share:
            mask |= 1 << place
            row[place] = "" if rng.random() < .5 else rng.choice(TOKENS)
    return row, mask


def retyped(rng, clean, key):
    row = [key, *clean[1:]]
    row[1] = rng.choice([str.upper, str.lower, lambda text: f" {text}", lambda text: text.replace(" ", "  "),
                         lambda text: text[:2] + text[3:]])(row[1])
    return row


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    rows, rng, out = int(sys.argv[1]), random.Random(int(sys.argv[2])), pathlib.Path(sys.argv[3])
    cities = [word(rng, 3) for _ in range(60)]
    originals = []
    with open(out / "target.csv", "w", encoding="utf-8", newline="") as target, \
            open(out / "truth.csv", "w", encoding="utf-8") as truth, \
            open(out / "reference.csv", "w", encoding="utf-8", newline="") as reference:
        tables = [csv.writer(file, lineterminator="\n") for file in (target, reference)]
        tables[0].writerow(COLUMNS)
        tables[1].writerow(COLUMNS[:-1])
        truth.write("row,entity,kind,missing_mask\n")
        for number in range(rows):
            kind = rng.choices("oen", [.87, .1, .03])[0] if number > 20 else "o"
            if kind == "o":
                clean = person(rng, number, cities)
                row, mask = damaged(rng, clean)
                entity = number
                originals.append((number, clean, row, mask))
                if rng.random() < .6:
                    tables[1].writerow(clean[:-1])
            else:
                entity, clean, row, mask = rng.choice(originals)
                if kind == "n":
                    row, mask = damaged(rng, retyped(rng, clean, f"C{number:07d}"))
            tables[0].writerow(row)
            truth.write(f"{number},{entity},{kind},{mask:x}\n")


if __name__ == "__main__":
    main()
