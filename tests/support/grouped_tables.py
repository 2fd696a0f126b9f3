"""Seeded tables whose records form groups by design: beers of a brewery, lines of an order, readings of a sensor.

Few columns hold what a group shares, others tell its members apart; no two records are the same, but for copies
that are added with a slip or two. Every function of KINDS takes a random.Random and how many groups to make, and
returns (header, rows).
"""

import random

CONSONANT, VOWEL = "bcdfghjklmnprstvwz", "aeiou"
STATES = "CA CO OR WA TX NY MI IN WI PA".split()
STYLES = ("American IPA|American Pale Ale|Porter|Stout|Saison|Witbier|Kolsch|Amber Ale|Brown Ale|Pilsner|Double IPA|"
          "Fruit Beer|Cider|Oatmeal Stout|Blonde Ale").split("|")
GIVEN = ("james mary robert linda john susan david karen paul emily mark anna peter laura eric diane frank alice "
         "simon julia martin clara oscar irene victor helen bruno edith felix grace").split()
ROLES = "sales|accounting|engineer|support|manager|assistant|driver|buyer".split("|")
GENRES = "drama comedy crime war western horror romance documentary".split()
GOODS = ("pen paper stapler folder lamp chair desk monitor keyboard mouse cable charger printer toner binder clip "
         "marker eraser ruler glue tape scissors notebook envelope stamp bag box shelf rack hook").split()
MEASURES = ("aspirin at arrival|aspirin at discharge|beta blocker at discharge|smoking advice given|"
            "blood culture before antibiotic|pneumonia vaccination assessed|antibiotic within one hour|"
            "oxygenation assessed|clot prevention ordered|heart function evaluated").split("|")


def word(rng, syllables):
    return "".join(rng.choice(CONSONANT) + rng.choice(VOWEL) for _ in range(syllables))


def title(rng, words):
    return " ".join(word(rng, rng.randint(1, 3)).capitalize() for _ in range(words))


def town(rng):
    return [title(rng, 1), rng.choice(STATES), f"{rng.randint(10000, 99999)}"]


def phone(rng):
    return f"({rng.randint(200, 999)}) {rng.randint(200, 999)}-{rng.randint(1000, 9999)}"


def street(rng):
    return f"{rng.randint(1, 9999)} {title(rng, 1)} {rng.choice(['Street', 'Avenue', 'Road'])}"


def members(rng, most):
    return range(min(most, 1 + int(rng.expovariate(3 / most))))


def beers(rng, groups):
    rows = []
    for brewery in range(groups):
        name, (city, state, _) = f"{title(rng, 1)} Brewing Company", town(rng)
        for _ in members(rng, 20):
            rows.append([f"{title(rng, rng.randint(1, 3))}", rng.choice(STYLES), rng.choice(["12", "16", "24"]),
                         f"{rng.randint(38, 99) / 1000}", str(brewery), name, city, state])
    return ["beer", "style", "ounces", "abv", "brewery_id", "brewery", "city", "state"], rows


def schools(rng, groups):
    rows = []
    for _ in range(groups):
        city, state, postcode = town(rng)
        district = [f"{city} School District", f"{title(rng, 1)} County", street(rng), city, state, postcode, phone(rng)]
        for _ in members(rng, 30):
            rows.append([f"{title(rng, rng.randint(1, 2))} {rng.choice(['Elementary', 'High', 'Middle'])}",
                         *district, rng.choice(["K-5", "6-8", "9-12"])])
    return ["school", "district", "county", "address", "city", "state", "zip", "phone", "grades"], rows


def order_lines(rng, groups):
    rows = []
    for order in range(groups):
        city, _, postcode = town(rng)
        shared = [f"A{10000 + order * 7}", f"{title(rng, 2)} Ltd", street(rng), city, postcode,
                  f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"]
        for goods in rng.sample(GOODS, len(members(rng, 12))):
            rows.append([*shared, goods, str(rng.randint(1, 20)), f"{rng.randint(100, 9999) / 100:.2f}"])
    return ["order", "customer", "street", "city", "zip", "ordered", "product", "quantity", "price"], rows


def readings(rng, groups):
    rows = []
    for sensor in range(groups // 3):
        shared = [str(sensor + 1), title(rng, 2), f"{rng.uniform(-60, 60):.2f}", f"{rng.uniform(-180, 180):.2f}"]
        warm, wind = rng.uniform(5, 30), rng.uniform(-8, 8)
        for day in range(1, 15):
            warm, wind = warm + rng.gauss(0, 0.2), wind + rng.gauss(0, 1)
            rows.append([*shared, str(day), f"{wind:.1f}", f"{rng.uniform(60, 95):.1f}", f"{warm:.2f}",
                         f"{warm + rng.gauss(1, 0.1):.2f}"])
    return ["sensor", "site", "latitude", "longitude", "day", "wind", "humidity", "air", "water"], rows


def films(rng, groups):
    rows = []
    for _ in range(groups):
        shared = [title(rng, 2), rng.choice(["US", "UK", "France", "Italy"]), f"{title(rng, 1)} Pictures"]
        begin = rng.randint(1950, 2000)
        for _ in members(rng, 15):
            rows.append([title(rng, rng.randint(1, 4)), *shared, str(begin + rng.randint(0, 20)), rng.choice(GENRES)])
    return ["title", "director", "country", "studio", "year", "genre"], rows


def employees(rng, groups):
    rows = []
    for _ in range(groups):
        city, state, postcode = town(rng)
        company, domain, line = f"{title(rng, 2)} Inc", f"{word(rng, 3)}.com", phone(rng)
        where = street(rng)
        for _ in members(rng, 25):
            given, surname = rng.choice(GIVEN), word(rng, rng.randint(2, 3))
            rows.append([given, surname, f"{given}.{surname}@{domain}", rng.choice(ROLES), company, where, city, state,
                         postcode, line])
    return ["given", "surname", "mail", "role", "company", "street", "city", "state", "zip", "phone"], rows


def quality(rng, groups):
    """Every hospital with the same measures: two columns together tell the rows apart, neither alone."""
    rows = []
    for number in range(groups // 2):
        city, state, postcode = town(rng)
        shared = [str(10001 + 3 * number), f"{title(rng, 1)} Memorial Hospital", street(rng), city, state, postcode,
                  "".join(c for c in phone(rng) if c.isdigit())]
        for measure in MEASURES:
            rows.append([*shared, measure, f"{rng.randint(40, 100)}%", f"{rng.randint(5, 400)} patients"])
    return ["provider", "hospital", "address", "city", "state", "zip", "phone", "measure", "score", "sample"], rows


def flats(rng, groups):
    rows = []
    for _ in range(groups):
        city, _, postcode = town(rng)
        shared = [street(rng), city, postcode, f"{title(rng, 1)} Estates"]
        for number in members(rng, 18):
            rows.append([*shared, f"{number // 4}{'ABCD'[number % 4]}", str(rng.randint(1, 5)), str(rng.randint(30, 140)),
                         str(rng.randint(40, 300) * 10)])
    return ["address", "city", "zip", "owner", "unit", "rooms", "size", "rent"], rows


def families(rng, groups):
    rows = []
    for _ in range(groups * 2):
        surname, (city, _, postcode) = word(rng, 3), town(rng)
        shared = [street(rng), city, postcode, phone(rng)]
        for _ in range(rng.randint(1, 5)):
            born = f"{rng.randint(1940, 2015)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
            rows.append([rng.choice(GIVEN), surname, born, *shared])
    return ["given", "surname", "born", "street", "city", "zip", "phone"], rows


KINDS = {make.__name__: make for make in (beers, schools, order_lines, readings, films, employees, quality, flats,
                                         families)}


def slip(rng, text):
    """One key wrong: another letter, a missing or a swapped one."""
    at = rng.randrange(len(text) - 1)
    fresh = rng.choice("0123456789" if text[at].isdigit() else "abcdefghijklmnopqrstuvwxyz")
    return [text[:at] + fresh + text[at + 1:], text[:at] + text[at + 1:],
            text[:at] + text[at + 1] + text[at] + text[at + 2:]][rng.randrange(3)]


def copy_of(rng, row):
    copy = list(row)
    while copy == row:
        for column in rng.sample([i for i, cell in enumerate(row) if len(cell) > 3], rng.randint(1, 2)):
            copy[column] = slip(rng, copy[column])
    return copy


def make(kind, seed, groups=80, copies=0.0):
    """Returns (header, rows, entities); a share of `copies` of the records is there once more."""
    rng = random.Random(f"{kind} {seed}")
    header, rows = KINDS[kind](rng, groups)
    made = list(enumerate(rows))
    made += [(i, copy_of(rng, rows[i])) for i in rng.sample(range(len(rows)), int(copies * len(rows)))]
    rng.shuffle(made)
    return header, [row for _, row in made], [entity for entity, _ in made]


def stamp(rng):
    return (f"20{rng.randint(10, 24)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} "
            f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}")


def stamped_customers(seed, customers=700, towns=80):
    """Customers, half of them entered twice with a slip, every record with times of its own: copies share neither."""
    rng = random.Random(f"stamped {seed}")
    places = [town(rng) for _ in range(towns)]
    made = []
    for entity in range(customers):
        given, surname = rng.choice(GIVEN), word(rng, 3)
        row = [given, surname, street(rng), *rng.choice(places), phone(rng), f"{given}.{surname}@{word(rng, 3)}.com"]
        made.append((row, entity))
        if rng.random() < 0.5:
            made.append((copy_of(rng, row), entity))
    rng.shuffle(made)
    header = ["given", "surname", "street", "city", "state", "zip", "phone", "mail", "created", "changed"]
    return header, [row + [stamp(rng), stamp(rng)] for row, _ in made], [entity for _, entity in made]
