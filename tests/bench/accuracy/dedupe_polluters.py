"""Seeded tables with known duplicates: persons, restaurants, bibliographic records of two sources,
citations with many copies, products of two sources. Made to measure, never to tune: the words are
invented, the errors are those that people and programs make.

Every function returns (header, rows, entities): entities[i] is the entity of rows[i].
"""

import random

GIVEN = ("james mary robert patricia john jennifer michael linda david elizabeth william barbara richard "
         "susan joseph jessica thomas sarah charles karen christopher lisa daniel nancy matthew betty "
         "anthony margaret mark sandra donald ashley steven kimberly paul emily andrew donna joshua "
         "michelle kenneth carol kevin amanda brian melissa george deborah timothy stephanie ronald "
         "rebecca edward laura jason sharon jeffrey cynthia ryan kathleen jacob amy gary angela nicholas "
         "shirley eric anna jonathan brenda stephen pamela larry emma justin nicole scott helen brandon "
         "samantha benjamin katherine samuel christine gregory debra alexander rachel patrick carolyn "
         "frank janet raymond maria jack catherine dennis heather jerry diane").split()
SURNAME = ("smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez "
           "gonzalez wilson anderson thomas taylor moore jackson martin lee perez thompson white harris "
           "sanchez clark ramirez lewis robinson walker young allen king wright scott torres nguyen hill "
           "flores green adams nelson baker hall rivera campbell mitchell carter roberts gomez phillips "
           "evans turner diaz parker cruz edwards collins reyes stewart morris morales murphy cook rogers "
           "gutierrez ortiz morgan cooper peterson bailey reed kelly howard ramos kim cox ward richardson "
           "watson brooks chavez wood james bennett gray mendoza ruiz hughes price alvarez castillo "
           "sanders patel myers long ross foster jimenez").split()
STREET = "park oak maple cedar pine lake hill church main mill station bridge garden river spring".split()
STREET_KIND = [("street", "st"), ("avenue", "ave."), ("road", "rd"), ("boulevard", "blvd."), ("lane", "ln")]
CONSONANT, VOWEL = "bcdfghjklmnprstvwz", "aeiou"
TOPIC = ("learning data query parallel network model system distributed index logic neural genetic "
         "algorithm search memory cache protocol language compiler graph stream storage transaction "
         "optimal adaptive bayesian inference planning reinforcement clustering mining semantic web object "
         "oriented relational spatial temporal probabilistic incremental efficient scalable dynamic").split()
VENUE = [("proceedings of the conference on machine learning", "icml", "proc. machine learning conf."),
         ("international conference on very large data bases", "vldb", "very large data bases"),
         ("acm sigmod international conference on management of data", "sigmod", "sigmod conference"),
         ("journal of artificial intelligence research", "jair", "j. of artif. intell. research"),
         ("ieee transactions on knowledge and data engineering", "tkde", "ieee trans. knowl. data eng."),
         ("advances in neural information processing systems", "nips", "adv. neural inf. proc. systems")]
BRAND = "sony panasonic canon bosch yamaha garmin nikon denon epson logitech toshiba sharp haier".split()
THING = ("digital camera|lcd television|bookshelf speaker|noise canceling headphones|home theater system|"
         "laser printer|dvd player|washing machine|gps navigator|wireless keyboard|microwave oven|"
         "car amplifier|inkjet cartridge|memory card|cordless telephone").split("|")
FEATURE = ("black finish|silver|white|1080p resolution|bluetooth|remote control|usb port|energy star|"
           "dual band|optical zoom|3 inch screen|rechargeable battery|hdmi|wall mount|stainless steel").split("|")
CUISINE = "american italian french chinese mexican thai japanese seafood delis steakhouses indian".split()


def word(rng, syllables):
    return "".join(rng.choice(CONSONANT) + rng.choice(VOWEL) for _ in range(syllables))


def typo(rng, text):
    """One key wrong: another, missing, doubled or swapped letter."""
    if len(text) < 2:
        return text
    at = rng.randrange(len(text) - 1)
    kind = rng.randrange(4)
    fresh = rng.choice("0123456789" if text[at].isdigit() else "abcdefghijklmnopqrstuvwxyz")
    if kind == 0:
        return text[:at] + fresh + text[at + 1:]
    if kind == 1:
        return text[:at] + text[at + 1:]
    if kind == 2:
        return text[:at] + fresh + text[at:]
    return text[:at] + text[at + 1] + text[at] + text[at + 2:]


def skewed(rng, items):
    return items[min(int(rng.expovariate(4 / len(items))), len(items) - 1)]


def shuffled(rng, header, made):
    rng.shuffle(made)
    return header, [row for row, _ in made], [entity for _, entity in made]


def person(rng, towns, surnames):
    town, postcode, state = skewed(rng, towns)
    given = skewed(rng, GIVEN)
    born = f"{rng.randint(1930, 2005)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    surname = skewed(rng, surnames)
    return [given, surname, str(rng.randint(1, 300)), word(rng, 2) + " " + rng.choice(STREET_KIND)[0], town,
            postcode, state, born, "0" + str(rng.randint(10**8, 10**9 - 1)),
            f"{given[:1]}{surname}{rng.randint(1, 99)}@{word(rng, 2)}.com"]


def damaged_person(rng, row, errors_max):
    out = list(row)
    if rng.random() < 0.05:
        out[0], out[1] = out[1], out[0]
    if rng.random() < 0.05:
        year, month, day = out[7].split("-")
        out[7] = f"{year}-{day}-{month}" if int(day) <= 12 else out[7]
    for _ in range(rng.randint(1, errors_max)):
        column = rng.randrange(len(out))
        out[column] = "" if rng.random() < 0.25 else typo(rng, out[column])
    return out


def persons(seed, entities=2000, copies_max=3, errors_max=4, town_count=150, surname_count=600):
    rng = random.Random(seed)
    towns = [(word(rng, 3), str(rng.randint(1000, 9999)), rng.choice(("nsw", "vic", "qld", "wa")))
             for _ in range(town_count)]
    surnames = SURNAME + [word(rng, rng.randint(2, 4)) for _ in range(surname_count)]
    made = []
    for entity in range(entities):
        row = person(rng, towns, surnames)
        made.append((row, entity))
        for _ in range(rng.choice([0] * copies_max + list(range(1, copies_max + 1)))):
            made.append((damaged_person(rng, row, errors_max), entity))
    header = ["given_name", "surname", "street_number", "street", "town", "postcode", "state", "born",
              "phone", "email"]
    return shuffled(rng, header, made)


def sparse_persons(seed, entities=300):
    """Few columns, many gaps, several copies: what a merged contact list looks like."""
    rng = random.Random(seed)
    towns = [(word(rng, 3), "", "") for _ in range(40)]
    surnames = SURNAME + [word(rng, 2) for _ in range(150)]
    made = []
    for entity in range(entities):
        full = person(rng, towns, surnames)
        row = [full[0], full[1], full[7], full[4], full[9]]
        for copy in range(rng.randint(1, 5)):
            out = list(row)
            for column in range(len(out)):
                if copy > 0 and rng.random() < 0.25:
                    out[column] = typo(rng, out[column])
                if rng.random() < 0.12:
                    out[column] = ""
            made.append((out, entity))
    return shuffled(rng, ["first", "last", "dob", "city", "mail"], made)


def restaurants(seed, entities=700, pairs=120):
    rng = random.Random(seed)
    cities = [word(rng, 3) for _ in range(12)]
    made = []
    for entity in range(entities):
        name = " ".join([skewed(rng, SURNAME) + rng.choice(["", "'s"])] * (rng.random() < 0.6) +
                        [rng.choice(["cafe", "grill", "kitchen", "bistro", word(rng, 2), word(rng, 3)])])
        number, street, kind = rng.randint(1, 9999), rng.choice(STREET), rng.choice(STREET_KIND)
        area, phone = rng.randint(200, 230), f"{rng.randint(200, 999)}-{rng.randint(1000, 9999)}"
        city, food = skewed(rng, cities), skewed(rng, CUISINE)
        made.append(([name, f"{number} {street} {kind[1]}", city, f"{area}/{phone}", food], entity))
        if entity < pairs:
            other = name.replace("'s", "s") if rng.random() < 0.5 else name + rng.choice(["", " restaurant", " of " + city])
            address = f"{number} {rng.choice(['', 'n. ', 's. '])}{street} {rng.choice(kind)}"
            phone = phone if rng.random() < 0.9 else f"{rng.randint(200, 999)}-{rng.randint(1000, 9999)}"
            made.append(([other, address, city if rng.random() < 0.8 else rng.choice(cities),
                          f"{area}-{phone}", food if rng.random() < 0.5 else rng.choice(CUISINE)], entity))
    return shuffled(rng, ["name", "address", "city", "phone", "cuisine"], made)


def paper(rng, authors):
    title = " ".join(rng.choice(["", "a", "on the", "towards"]).split() + rng.sample(TOPIC, rng.randint(2, 4)) +
                     [rng.choice(["for", "with", "in", "using"])] + rng.sample(TOPIC, rng.randint(1, 3)))
    return title, rng.sample(authors, rng.randint(1, 4)), rng.choice(VENUE), rng.randint(1985, 2005)


def bibliography(seed, entities=1500):
    """Two sources, one record each at most; the second abbreviates and leaves out."""
    rng = random.Random(seed)
    authors = [(skewed(rng, GIVEN), word(rng, rng.randint(2, 3))) for _ in range(800)]
    first, second = [], []
    for entity in range(entities):
        title, names, venue, year = paper(rng, authors)
        if rng.random() < 0.8:
            first.append(([title, ", ".join(f"{g} {s}" for g, s in names), venue[0], str(year)], entity))
        if rng.random() < 0.8:
            shown = title if rng.random() < 0.7 else typo(rng, title)
            who = [f"{g[0]}. {s}" if rng.random() < 0.4 else f"{g} {s}" for g, s in names]
            second.append(([shown.capitalize(), ", ".join(who), rng.choice(venue[1:]), str(year) if rng.random() < 0.9 else ""], entity))
    rng.shuffle(first)
    rng.shuffle(second)
    rows = first + second
    return ["title", "authors", "venue", "year"], [r for r, _ in rows], [e for _, e in rows]


def citations(seed, entities=120):
    """Many copies an entity, some entities by the same authors on the same topic."""
    rng = random.Random(seed)
    authors = [(skewed(rng, GIVEN), word(rng, rng.randint(2, 3))) for _ in range(60)]
    made, before = [], None
    for entity in range(entities):
        title, names, venue, year = paper(rng, authors)
        if before and rng.random() < 0.3:
            names = before[1]
            title = " ".join(before[0].split()[:-2] + rng.sample(TOPIC, 2))
        before = (title, names)
        for _ in range(min(1 + int(rng.expovariate(0.1)), 80)):
            style = rng.randrange(3)
            who = [(f"{s}, {g[0]}.", f"{g[0]}. {s}", f"{g} {s}")[style] for g, s in names]
            if len(who) > 2 and rng.random() < 0.1:
                who = who[:1] + ["et al."]
            shown = title
            for _ in range(rng.choice([0, 0, 0, 1, 2])):
                shown = typo(rng, shown)
            made.append(([(" and ", ", ")[rng.randrange(2)].join(who), shown, rng.choice(venue) if rng.random() < 0.85 else "",
                          f"({year})" if rng.random() < 0.3 else str(year) if rng.random() < 0.8 else "",
                          f"{rng.randint(1, 40)}({rng.randint(1, 9)})" if rng.random() < 0.2 else ""], entity))
    return shuffled(rng, ["author", "title", "venue", "date", "volume"], made)


def products(seed, entities=900, common=0.85):
    """Two shops; the second words the same product in its own way and mostly without description."""
    rng = random.Random(seed)
    first, second = [], []
    number = 0
    for entity in range(entities):
        brand, thing = rng.choice(BRAND), rng.choice(THING)
        model = "".join(rng.choice("ABCDEFGHJKLMNPRSTVWX") for _ in range(rng.randint(2, 4))) + str(rng.randint(10, 9999))
        features = rng.sample(FEATURE, 4)
        price = rng.randint(20, 2000)
        at = rng.random()
        if at < common or at < 0.5 + common / 2:
            first.append(([str(500 + (number := number + rng.randint(1, 30))), f"{brand} {thing} {features[0]} - {model}".title().replace(model.title(), model),
                           f"{brand} {thing} - {model}/ " + "/ ".join(features), f"${price}.00" if rng.random() < 0.4 else "", ""], entity))
        if at < common or at >= 0.5 + common / 2:
            split = next(i for i, c in enumerate(model) if c.isdigit())
            shown = rng.choice([model, model, model[:split] + "-" + model[split:], model[:split] + " " + model[split:], model + "/B", model[:-1]])
            words = thing.split() if rng.random() < 0.6 else [rng.choice(THING).split()[0], thing.split()[-1]]
            second.append(([str(10**7 + (number := number + rng.randint(1, 30))), f"{brand} {shown} {' '.join(words)}".title().replace(shown.title(), shown),
                            ", ".join(rng.sample(features + FEATURE[:3], 3)) if rng.random() < 0.6 else "",
                            f"${round(price * rng.uniform(.8, 1.15))}.{rng.randint(10, 99)}" if rng.random() < 0.5 else "", brand.title()], entity))
    rng.shuffle(first)
    rng.shuffle(second)
    rows = first + second
    return ["id", "name", "description", "price", "manufacturer"], [r for r, _ in rows], [e for _, e in rows]


def shared_roofs(seed, entities=600, pairs=110):
    """Restaurants of two guides without order: several under one roof and one switchboard, names with words
    added or left out, kinds of streets shortened, and different food for the same place."""
    rng = random.Random(seed)
    cities = ["new york", "los angeles", "las vegas", "san francisco", "atlanta"]
    added = ["restaurant", "cafe", "the", "grill"]
    made, roof = [], None
    for entity in range(entities):
        if roof is None or rng.random() < 0.8:
            kind = rng.choice(STREET_KIND)
            city = rng.choice(cities)
            roof = (rng.randint(1, 4999), rng.choice(["", "n. ", "w. "]), rng.choice(STREET), kind, city,
                    rng.randint(200, 209), rng.randint(200, 999), rng.randint(1000, 9999))
        number, side, street, kind, city, area, exchange, line = roof
        if rng.random() < 0.5:
            line = rng.randint(1000, 9999)
        name = " ".join(word(rng, rng.randint(2, 3)) for _ in range(rng.randint(1, 2)))
        food = rng.choice(CUISINE)
        made.append(([name, f"{number} {side}{street} {kind[1]}", city, f"{area}/{exchange}-{line}", food], entity))
        if entity < pairs:
            other = rng.choice([name, name, f"{name} {rng.choice(added)}", f"{rng.choice(added)} {name}", f"{name} ({city})"])
            where = f"{number} {side if rng.random() < 0.7 else ''}{street} {rng.choice(kind)}"
            made.append(([other, where + rng.choice(["", "", " at main st."]), city + rng.choice(["", "", " city"]),
                          f"{area}-{exchange}-{line}", food if rng.random() < 0.5 else rng.choice(CUISINE)], entity))
    return shuffled(rng, ["name", "addr", "city", "phone", "type"], made)


def scant_products(seed):
    """Two shops of which half of the goods are in one only."""
    return products(seed, entities=700, common=0.5)


ALL = {"persons": persons, "sparse_persons": sparse_persons, "restaurants": restaurants,
       "bibliography": bibliography, "citations": citations, "products": products,
       "shared_roofs": shared_roofs, "scant_products": scant_products}
