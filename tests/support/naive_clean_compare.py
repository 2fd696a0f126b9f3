"""Compares `dq-worker run` with naive_clean.py: on the customers' file and on small random tables.

  naive_clean_compare.py DQ_WORKER [FIRST_SEED COUNT]

Prints the seed of a table that differs; `naive_clean_compare.py DQ_WORKER SEED 1` replays it.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
DATA = HERE.parent / "data"
sys.path.insert(0, str(HERE))
import naive_clean  # noqa: E402
import naive_score  # noqa: E402

NAMES = ["Ada", "ada ", "Ádá", "Bo Li", "bo  LI", "O'Neil", "ONeil", "Zoë", "unknown", "N/A", "", "None", "Łukasz", "İnci"]
NUMBERS = ["1", "2", "2.50", "-3", "17", "n/a", "?", "", " 4 ", "+5", "007", "null", "0.5"]
DATES = ["2024-02-29", "2023-02-29", "2020-01-05", "31.12.2019", "", "-", "2021-03-04T10:00", "tbd",
         "2021/03/04 10:00", "2019-12-31", "05.01.2020", "2020/01/05"]
CONTACTS = ["a.b@x.org", "A.B@X.org ", "ab@x.org", "+49 (0)30 12345", "+493012345", "+49 30 1234/5", "030 12345", "a_b@x.org", "a-b@x.org",
            "https://x.org/Ab", "HTTPS://X.org/Ab", "https://x.org/aB", "www.X.org/q?A", "www.x.org/q?A"]
CODES = ["DE", "FR", "NA", "US", "NULL", "", "UK", "na", "A-1", "A 1"]
SKUS = ["A-1", "A1", "a1", "AB-CD-7", "AB CD 7", "xY7q", "xy7q", "kLm9", "dQw4w9", "DQW4W9", " A1", ""]
TEXTS = ["x\ny", "a,b", 'say "hi"', "", "..", "red", "red", "blue", "missing", "1.5 kg", "15 kg", "semi-final", "semi final",
         "semi–final", ":)", ":(", "5'", "5\"", "5"]


def random_table(seed, folder):
    pick = random.Random(seed)
    columns = {"id": [str(i) for i in range(12)] + ["A1", "a1", "A  1", "a 1", "A 1", "", "É1", "é1", "e\u03011", "E1", "Ａ１"], "name": NAMES, "n": NUMBERS, "day": DATES,
               "code": CODES, "contact": CONTACTS, "text": TEXTS, "sku": SKUS}
    pools = {name: pick.sample(values, pick.randint(2, len(values))) for name, values in columns.items()}
    if pick.random() < 0.2:
        pools["n"] = ["1.000", "2.500", "12.345", "0.5", "17", ""][pick.randint(0, 3):] * 8 + ["12,5"]
    rows = [[pick.choice(pools[name]) for name in columns] for _ in range(pick.randint(0, 40))]
    rows += [list(row) for row in pick.sample(rows, len(rows) // 3)]
    naive_clean.write(folder / "in.csv", list(columns), rows)
    ids = pick.sample(columns["id"], 10) + ["1", "1"][: pick.randint(0, 2)]
    reference = [[i] + [pick.choice(columns[name]) for name in list(columns)[1:-1]] for i in ids]
    # Rows of one key, of any spelling, that agree in some columns.
    for row in pick.sample(reference, pick.randint(0, 6)):
        reference.append([pick.choice([row[0], row[0].upper()])] +
                         [cell if pick.random() < 0.7 else pick.choice(columns[name]) for name, cell in zip(list(columns)[1:-1], row[1:])])
    pick.shuffle(reference)
    naive_clean.write(folder / "ref.csv", list(columns)[:-1], reference)
    key = pick.choice(["id", "code"])
    fill = pick.choice(["none", "reference", "dependency", "statistic", "statistic"])
    options = ["--fill", fill, "--match", pick.choice(["exact", "normalised"])]
    if fill == "statistic":
        options += ["--statistic", pick.choice(["median", "mean", "mode"])]
    if fill != "none" and pick.random() < 0.3:
        options += ["--fill-value", pick.choice(["n=0", "name=nobody", "day=2000-01-01", "n=much", "text=a=b"])]
    return key, options


def doubtful_table(seed, folder):
    """Flats with their rents and areas, and numbers in the place of no value, far from the others or near them."""
    pick = random.Random(seed)
    flats, months = pick.randint(6, 40), pick.randint(4, 9)
    low, high = pick.choice([(300, 1900), (5000, 5900), (40, 60)])
    rents = {f"f{i}": (str(pick.randint(low, high)), str(pick.randint(20, 90))) for i in range(flats)}
    strange, often = pick.choice(["0", "-999", "99999"]), pick.choice([0.05, 0.1, 0.3])
    rows = []
    for month in range(months):
        for flat, (rent, area) in rents.items():
            cells = [pick.choice(["", "n/a"]) if pick.random() < 0.04 else strange if pick.random() < often else rent,
                     pick.choice(["0", "-1", ""]) if pick.random() < 0.08 else area]
            rows.append([f"m{month}" if pick.random() < 0.9 else "", flat, *cells])
    rows += [list(row) for row in pick.sample(rows, pick.choice([0, len(rows) // 10]))]
    naive_clean.write(folder / "in.csv", ["month", "flat", "rent", "area"], rows)
    known = pick.sample(sorted(rents), flats // 3)
    naive_clean.write(folder / "ref.csv", ["flat", "rent"], [[flat, rents[flat][0]] for flat in known])
    fill = pick.choice(["reference", "dependency", "dependency", "statistic"])
    statistic = ["--statistic", pick.choice(["median", "mean"])] if fill == "statistic" else []
    return "flat", ["--fill", fill, "--match", "exact", *statistic]


def copied_table(seed, folder):
    """Persons of whom some were entered twice under two numbers, and strangers who share a birthday or a name."""
    pick = random.Random(seed)
    days = [f"19{pick.randint(60, 99)}-0{pick.randint(1, 9)}-1{pick.randint(0, 9)}" for _ in range(pick.choice([30, 80, 300]))]
    persons = [[pick.choice("Anna Bert Carl Dora Emil Ida".split()), pick.choice(["Koch", "Klein", "Weber", "Wolf"]), pick.choice(days),
                f"0{pick.randint(150, 179)} {pick.randint(1000, 9999)}", pick.choice(["Ulm", "Bonn", "Kiel"])] for _ in range(pick.randint(20, 150))]
    rows = persons + [list(pick.choice(persons)) for _ in range(pick.choice([0, len(persons) // 4, len(persons), 2 * len(persons)]))]
    pick.shuffle(rows)
    holes, typos = pick.choice([0.03, 0.15]), pick.choice([0, 0, 0.02])
    header = ["id", "first", "last", "born", "phone", "town"]
    spoil = lambda cell: "" if pick.random() < holes else cell + "x" if pick.random() < typos else cell  # noqa: E731
    naive_clean.write(folder / "in.csv", header, [[str(i), *map(spoil, row)] for i, row in enumerate(rows)])
    known = [[f"k{i}", *row[:4]] for i, row in enumerate(pick.sample(persons, len(persons) // 2) * pick.choice([1, 2]))]
    naive_clean.write(folder / "ref.csv", header[:5], known if pick.random() < 0.5 else [["k", "", "", "", ""]])
    return "id", ["--fill", "dependency", "--match", "exact"]


def compare(worker, folder, source, reference, key, options):
    """Returns whether both give the same bytes and the same scores."""
    subprocess.run([worker, "run", "--input", source, "--reference", reference, "--key", key, "--progress", "none",
                    "--output", folder / "dq.csv", "--report", folder / "dq.json", *options],
                   check=True, stdout=subprocess.DEVNULL)
    sys.argv = ["naive_clean", str(source), str(folder / "naive.csv"), "--reference", str(reference), "--key", key, *options]
    expected = naive_score.scores(*naive_clean.main())
    report = json.loads((folder / "dq.json").read_text())
    for name, score in zip(("score_before", "score"), expected):
        found = report.get(name)
        if (found is None) != (score is None) or (score is not None and abs(found - score) > 0.0051):
            print(f"{name} is {found}, expected {score}")
            return False
    return (folder / "dq.csv").read_bytes() == (folder / "naive.csv").read_bytes()


def main():
    worker = sys.argv[1]
    first, count = (int(sys.argv[2]), int(sys.argv[3])) if len(sys.argv) > 3 else (0, 200)
    failures = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if count > 1:
            for options in (["--fill", "reference"], ["--fill", "dependency"], ["--fill", "statistic", "--match", "exact"], ["--fill", "none"]):
                if not compare(worker, folder, DATA / "customers_dirty.csv", DATA / "customers_reference.csv",
                               "customer_id", options):
                    failures.append(f"customers with {options}")
        for seed in range(first, first + count):
            kinds = [random_table, random_table, copied_table, doubtful_table]
            key, options = kinds[seed % len(kinds)](seed, folder)
            if not compare(worker, folder, folder / "in.csv", folder / "ref.csv", key, options):
                failures.append(f"seed {seed} with {options} by {key}")
                if count == 1:
                    for file in ("in", "ref", "dq", "naive"):
                        print(f"--- {file}\n{(folder / f'{file}.csv').read_text()}")
    for failure in failures:
        print("differs:", failure)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
