#!/usr/bin/env python3
"""Writes customers_dirty.csv and customers_reference.csv beside this file. Deterministic.

The dirty file is what a sales department exports after years of typing: missing cells, cells that only
look filled ("N/A", "-", "unknown"), the same customer twice (to the letter, or in another case, spacing
or without accents), notes with line breaks and quotes, and two rows that lost a field. The reference is
the master file: two customers of three, clean, without the notes.
"""

import csv
import pathlib
import random
import unicodedata

SEED = 20261122
CUSTOMERS = 2800
COLUMNS = ["customer_id", "full_name", "email", "phone", "street", "city", "postcode", "country",
           "signup_date", "lifetime_value", "satisfaction", "notes"]
FIRST = ["Anna", "José", "Zoë", "Łukasz", "Chloé", "Søren", "Maria", "Jürgen", "Siobhán", "Iñigo", "Olga",
         "Pierre", "Ayşe", "Björn", "Lucía", "Marek", "Noor", "Tomáš", "Élodie", "Giulia", "Henrik",
         "Ingrid", "Kaito", "Liam", "Mette", "Nuno", "Priya", "Rafael", "Sára", "Theo", "Ursula", "Vasco"]
LAST = ["Müller", "García", "O'Connor", "Nowak", "Dupont", "Sørensen", "Rossi", "Novák", "Silva", "Kowalski",
        "Ångström", "Fernández", "de Vries", "van den Berg", "Lefèvre", "Schäfer", "Papadopoulos", "Horváth",
        "Ionescu", "Virtanen", "Hansen", "Murphy", "Jansen", "Conti", "Moreau", "Weiß", "Costa", "Popescu"]
STREETS = ["High Street", "Rue de la Paix", "Lindenstraße", "Via Roma", "Calle Mayor", "Østergade",
           "Church Lane", "Avenida da Liberdade", "Długa", "Main Street"]
CITIES = [("Paris", "75", "France"), ("Lyon", "69", "France"), ("München", "80", "Germany"),
          ("Köln", "50", "Germany"), ("Roma", "00", "Italy"), ("Milano", "20", "Italy"),
          ("Madrid", "28", "Spain"), ("Málaga", "29", "Spain"), ("Lisboa", "10", "Portugal"),
          ("Kraków", "30", "Poland"), ("Warszawa", "01", "Poland"), ("København", "21", "Denmark"),
          ("Göteborg", "41", "Sweden"), ("Dublin", "14", "Ireland"), ("Brno", "60", "Czechia")]
NOTES = ["Called about a refund, please confirm.", "Prefers e-mail.", 'Said "never again", then ordered twice.',
         "Deliver to the neighbour\nif nobody opens.", "VIP", "Moved house\nnew address follows, see mail",
         "Asked for a catalogue; sent.", "Late payment, reminded.", "Birthday present – wrap it.", "Größe XL"]
MISSING_SHARE = {"full_name": .01, "email": .09, "phone": .12, "street": .06, "city": .07, "postcode": .05,
                 "country": .05, "signup_date": .05, "lifetime_value": .08, "satisfaction": .12, "notes": .35}
DISGUISES = ["N/A", "n/a", "NULL", "null", "-", "--", "?", "unknown", "NaN", "none", "TBD"]


def plain(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def customer(rng, number):
    first, last = rng.choice(FIRST), rng.choice(LAST)
    city, area, country = rng.choice(CITIES)
    local = "".join(c for c in plain(f"{first}.{last}").lower() if c.isascii() and (c.isalnum() or c == "."))
    return {
        "customer_id": f"C{number:06d}",
        "full_name": f"{first} {last}",
        "email": f"{local}{rng.randrange(1000)}@{rng.choice(['example.com', 'example.org', 'mail.example'])}",
        "phone": f"+{rng.randrange(30, 50)} {rng.randrange(100, 1000)} {rng.randrange(1000000):06d}",
        "street": (f"{rng.choice(STREETS)} {rng.randrange(1, 200)}" if rng.random() < .8 else
                   f"{rng.choice(STREETS)} {rng.randrange(1, 200)}, Flat {rng.randrange(1, 40)}"),
        "city": city,
        "postcode": f"{area}{rng.randrange(1000):03d}",
        "country": country,
        "signup_date": f"{rng.randrange(2014, 2026)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        "lifetime_value": f"{rng.lognormvariate(5, 1.2):.2f}",
        "satisfaction": str(rng.randrange(1, 11)),
        "notes": rng.choice(NOTES),
    }


def damage(rng, row):
    for column, share in MISSING_SHARE.items():
        if rng.random() < share:
            row[column] = "" if rng.random() < .55 else rng.choice(DISGUISES)
    return row


def retype(rng, row):
    """The same record typed again by somebody else."""
    for column in rng.sample(["full_name", "street", "city", "country"], 2):
        row[column] = rng.choice([str.upper, str.lower, plain, lambda t: f" {t} ",
                                  lambda t: t.replace(" ", "  ")])(row[column])
    return row


def write(path, columns, rows, broken=()):
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        for number, row in enumerate(rows):
            writer.writerow([row[c] for c in columns][:-2 if number in broken else None])


def main():
    rng = random.Random(SEED)
    here = pathlib.Path(__file__).parent
    clean = [customer(rng, number + 1) for number in range(CUSTOMERS)]
    rows = []
    for row in clean:
        dirty = damage(rng, dict(row))
        rows.append(dirty)
        if rng.random() < .06:
            rows.append(dict(dirty))
        if rng.random() < .05:
            rows.append(retype(rng, dict(dirty)))
    order = list(range(len(rows)))
    for i in range(0, len(order) - 50, 50):
        block = order[i:i + 50]
        rng.shuffle(block)
        order[i:i + 50] = block
    write(here / "customers_dirty.csv", COLUMNS, [rows[i] for i in order], broken={700, 2100})
    reference = [row for row in clean if rng.random() < .66]
    rng.shuffle(reference)
    write(here / "customers_reference.csv", COLUMNS[:-1], reference)


if __name__ == "__main__":
    main()
