"""Measures the detection of disguised missing values on generated tables of many domains.

Every table has columns of several domains; some get a disguise of a kind that people use there (truth), the others are
traps: real zeros, real negative numbers, codes and words that look like a disguise and are none. The same definition of
a detection as in disguised.py. Seeds are fixed; a guard against rules that only fit the files in the data folder.
"""

import argparse
import csv
import json
import pathlib
import random
import tempfile

from cleaning import f1
from disguised import detections

TABLES = 40

# name: (value of a row, disguises that people write there)
DOMAINS = {
    "age": (lambda r: str(r.randint(18, 92)), ["-1", "999", "0", "?", "unknown"]),
    "weight_kg": (lambda r: f"{r.gauss(72, 12):.1f}", ["0", "999", "-1", "n/a", "999.9"]),
    "height_cm": (lambda r: str(int(r.gauss(171, 9))), ["0", "999", "-", "9999"]),
    "glucose": (lambda r: str(max(40, int(r.gauss(120, 30)))), ["0", "-1", "9999"]),
    "temperature": (lambda r: f"{r.gauss(12, 9):.1f}", ["-999", "999.9", "-99.9", "9999"]),
    "pressure_hpa": (lambda r: f"{r.gauss(1013, 9):.1f}", ["0", "-999.0", "9999"]),
    "income": (lambda r: str(int(r.lognormvariate(10.4, 0.6))), ["-1", "9999999", "-9", "?"]),
    "year_built": (lambda r: str(r.randint(1880, 2020)), ["0", "9999", "N/A", "-1"]),
    "latitude": (lambda r: f"{r.uniform(45, 55):.5f}", ["0", "0.0", "-999"]),
    "phone": (lambda r: f"0{r.randint(10**8, 10**9 - 1)}", ["0000000000", "9999999999", "none", "1234567890"]),
    "zip": (lambda r: f"{r.randint(10000, 98999)}", ["00000", "99999", "-"]),
    "birth_date": (lambda r: f"{r.randint(1940, 2004)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}",
                   ["1900-01-01", "9999-12-31", "0000-00-00", "unknown"]),
    "us_date": (lambda r: f"{r.randint(1, 12):02}/{r.randint(1, 28):02}/{r.randint(1960, 2020)}",
                ["01/01/1900", "00/00/0000", "TBD"]),
    "score_pct": (lambda r: f"{r.randint(31, 99)}%", ["N/A", "s", "*"]),
    "count": (lambda r: str(int(r.lognormvariate(4, 0.7)) + 3), ["s", "N/A", ".", "<5"][:3]),
    "price": (lambda r: f"{r.lognormvariate(3, 0.5):.2f}", ["call", "-1", "TBD"]),
    "email": (lambda r: f"{r.choice('abcdefgh')}.{r.randint(1, 99999)}@example.org", ["none@none.com", "n/a", "-"]),
    "name": (lambda r: r.choice(["Ada", "Bo", "Cy", "Dee", "Eve", "Flo", "Gus", "Hal"]) + " "
             + r.choice(["Ashe", "Brown", "Clark", "Dunn", "Evans", "Frost"]), ["unknown", "N/A", "xxxx", "not available"]),
    "city": (lambda r: r.choice(["Leeds", "York", "Bath", "Ely", "Wells", "Ripon", "Truro", "Exeter"]), ["?", "n/a", "not specified", "-"]),
    "occupation": (lambda r: r.choice(["nurse", "cook", "clerk", "baker", "driver", "smith"]), ["?", "n/a", "not given"]),
    "account": (lambda r: f"{r.choice('ABC')}{r.randint(100000, 999999)}", ["none", "?"]),
    "humidity": (lambda r: f"{min(100, max(20, r.gauss(70, 12))):.1f}", [".", "-99.9", "999"]),
    "ref_id": (lambda r: str(r.randint(2000000, 2999999)), ["-1", "0"]),
}

TRAPS = {
    "children": lambda r: str(min(7, int(r.expovariate(0.8)))),
    "visits": lambda r: str(int(r.expovariate(0.2))),
    "balance": lambda r: f"{r.gauss(0, 500):.2f}",
    "winter_temp": lambda r: str(int(r.gauss(-1, 4))),
    "discount": lambda r: r.choice(["0", "5", "10", "15", "20", "25", "50"]),
    "rain_mm": lambda r: "0" if r.random() < 0.6 else f"{r.expovariate(0.2):.1f}",
    "spend": lambda r: "0" if r.random() < 0.5 else f"{r.lognormvariate(3, 1.3):.2f}",
    "grade": lambda r: r.choice(["K", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]),
    "rating": lambda r: str(r.randint(0, 10)),
    "delta": lambda r: str(r.randint(-30, 30)),
    "score": lambda r: str(r.randint(0, 100)),
    "age_all": lambda r: str(min(99, max(0, int(r.gauss(45, 24))))),
    "longitude": lambda r: f"{r.uniform(-5, 5):.2f}",
    "blood": lambda r: r.choice(["A+", "A-", "B+", "B-", "0+", "0-", "AB+"]),
    "country": lambda r: r.choice(["DE", "FR", "NA", "US", "GB", "NO", "ES", "IT"]),
    "flag": lambda r: r.choice(["Y", "N"]),
    "flag01": lambda r: r.choice(["0", "1"]),
    "size": lambda r: r.choice(["S", "M", "L", "XL", "XXL", "XXXL"]),
    "flat": lambda r: str(r.randint(1, 40)) if r.random() < 0.9 else f"{r.randint(1, 9)}{r.choice('AB')}",
    "start": lambda r: f"{r.randint(1960, 1999)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}",
    "sku": lambda r: r.choice(["999", "1000", "1001", "1002", "1003", "1004", "1005", "1010", "998", "997"]),
    "floor": lambda r: str(r.choice([-1, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6])),
    "status": lambda r: r.choice(["active", "closed", "unknown", "pending"]),
    "year": lambda r: str(r.randint(1995, 2024)),
    "street": lambda r: r.choice(["Mill Lane", "High Street", "Void Road", "Park Row"]),
}


def make_table(seed):
    """Rows with the header first, and the truth: (column, value)."""
    r = random.Random(seed)
    rows = r.choice([80, 200, 500, 1500, 4000])
    columns, truth = {}, set()
    for name in r.sample(sorted(DOMAINS), 8):
        make, disguises = DOMAINS[name]
        cells = [make(r) for _ in range(rows)]
        if r.random() < 0.6:
            disguise = r.choice(disguises)
            share = r.choice([0.02, 0.05, 0.1, 0.25])
            places = [i for i in range(rows) if r.random() < share][:rows // 2]
            if len(places) >= 2:
                for i in places:
                    cells[i] = disguise
                truth.add((name, disguise))
        columns[name] = cells
    for name in r.sample(sorted(TRAPS), 8):
        columns[name] = [TRAPS[name](r) for _ in range(rows)]
    header = list(columns)
    return [header] + [list(row) for row in zip(*columns.values())], truth


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--data-dir", help="not used: the tables are generated")
    options = parser.parse_args()
    totals = [0, 0, 0]
    missed, wrong = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "table.csv"
        for seed in range(TABLES):
            rows, truth = make_table(seed)
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
            found = detections(options.worker, path)
            totals = [a + b for a, b in zip(totals, (len(found), len(found & truth), len(truth)))]
            missed += [f"{seed}:{c}={v}" for c, v in sorted(truth - found)]
            wrong += [f"{seed}:{c}={v}" for c, v in sorted(found - truth)]
    print(json.dumps({**f1(*totals), "expected": totals[2], "missed": missed, "wrong": wrong}))


if __name__ == "__main__":
    main()
