"""Missing values by evidence, by the rules of worker/README.md, as plainly as they can be said.

disguises(cells) returns {value: (kind, confidence)} for the cells of one column, disguises_of_table(columns) a list of such
for columns that may explain what was found in another one. It shares nothing with the engine.
"""

import collections
import datetime
import re

import naive_clean

PHRASES = set("""not available|not applicable|not specified|not provided|not known|not reported|not recorded|not given|not stated|not assigned|
not found|not entered|not set|no data|no value|no information|no entry|n.a.|n.a|n. a.|n.d.|undefined|unspecified|undetermined|(none)|(null)|
(empty)|<null>|<na>|<none>|<empty>|<blank>|[null]|{null}|#ref!|#value!|#div/0!|#name?|#num!|tba|tbc|to be determined|to be announced|
data missing""".replace("\n", "").split("|"))
FAMOUS_DAYS = {datetime.date(*day) for day in [
    (1, 1, 1), (1753, 1, 1), (1800, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1901, 1, 1), (1970, 1, 1), (2099, 12, 31),
    (2999, 12, 31), (9999, 12, 31)]}
LIMITS = {"32767", "32768", "65535", "2147483647", "2147483648", "4294967295"}
MOST_FOUND = 8
SURE, LESS_SURE = 0.95, 0.9


def digits_of(text):
    return "".join(re.findall("[0-9]", text))


# ---- Texts

def phrases(counts):
    if len(counts) < 2:
        return []
    return [v for v in counts if len(v.encode()) <= 24 and not digits_of(v) and
            (naive_clean.ascii_lower(v) in PHRASES or len(v.encode()) >= 4 and v[0].isascii() and set(v) == {v[0]})]


def pattern(text):
    return re.sub(r"([A-Za-z]|[^\x00-\x7f])+", "a", re.sub("[0-9]+", "9", text))[:32]


def follow_few_patterns(codes):
    seen = collections.Counter("9" if pattern(v) in {"-9", "9.9", "-9.9", ".9"} else pattern(v) for v in codes)
    return 10 * sum(n for _, n in seen.most_common(3)) >= 9 * len(codes)


def is_numbered_name(code):
    return " " in code and any(re.search("[a-z]", word) and len(word.encode()) >= 3
                               for word in re.findall(r"(?:[A-Za-z]|[^\x00-\x7f])+", code))


def is_misspelt_code(word, codes):
    if re.fullmatch(r"([A-Za-z]|[^\x00-\x7f])+", word):
        return False
    return pattern(word) in {pattern(re.sub("[0-9]", "x", code)) for code in codes}


def words_among_codes(counts):
    codes = [v for v in counts if digits_of(v)]
    words = [v for v in counts if not digits_of(v)]
    if not 1 <= len(words) <= 2 or len(codes) < 15 or not follow_few_patterns(codes):
        return []
    if 2 * sum(map(is_numbered_name, codes)) >= len(codes):
        return []
    rows = sum(counts.values())
    return [w for w in words if counts[w] >= 2 and 200 * counts[w] >= rows and len(w.encode()) <= 24 and not is_misspelt_code(w, codes)
            and not (re.fullmatch("[A-Z]{1,4}", w) and 20 * counts[w] > rows)]


def is_placeholder(value):
    if value in {"01/01/1900", "1/1/1900", "12/31/9999", "31/12/9999", "1/1/0001", "01/01/0001"}:
        return True
    digits = digits_of(value)
    if re.search(r"[A-Za-z]|[^\x00-\x7f]", value) or len(digits) < 5:
        return False
    alike = len(set(digits)) == 1
    return alike and (digits[0] in "09" or len(digits) >= 7) or digits in {"123456789", "1234567890", "0123456789"}


def placeholders(counts):
    lengths = collections.Counter(len(digits_of(v)) for v in counts)
    if len(counts) < 15 or max(lengths.values()) * 10 < len(counts) * 8:
        return []
    usual = sorted(counts.values())[len(counts) // 2]
    return [v for v in counts if counts[v] >= 2 and is_placeholder(v) and (counts[v] >= 2 * usual or digits_of(v)[0] == "0")]


# ---- Numbers and dates: a list of (number, cells, texts), ascending, and the same seen from the other end

def quantile(others, share):
    rows = [number for number, count, _ in others for _ in range(count)]
    return rows[int(share * (len(rows) - 1))]


class Others:
    """How the other values lie, seen from one end."""

    def __init__(self, number, others, low):
        self.nearest = others[0][0] if low else others[-1][0]
        self.gap = abs(self.nearest - number)
        near = others[:20] if low else others[-20:]
        steps = sorted(b[0] - a[0] for a, b in zip(near, near[1:]))
        self.step = steps[len(steps) // 2]
        quarters = quantile(others, 0.25), quantile(others, 0.75)
        if quarters[0] == quarters[1]:
            quarters = others[len(others) // 4][0], others[len(others) * 3 // 4][0]
        self.quarter = quarters[0 if low else 1]
        self.spread = quarters[1] - quarters[0]
        self.median = quantile(others, 0.5)
        self.usual = sorted(count for _, count, _ in others)[len(others) // 2]
        self.rows = sum(count for _, count, _ in others)
        self.values = len(others)


def significant(text):
    return digits_of(text.rstrip("0") if "." in text else text)


def is_code(text):
    digits = significant(text)
    return digits in LIMITS or len(set(digits)) == 1 and digits[0] in "789" and (len(digits) > 1 or text[0] == "-")


def could_be_number(number, texts):
    return number in (0, -1) or is_code(texts[0])


def number_sentinel(number, count, texts, others, low, strays):
    if number == 0:
        if count < 2 or (others.nearest <= 0 if low else others.nearest >= 0) or others.gap < 5 * others.step:
            return 0
        if abs(others.quarter) > 1.5 * others.spread and others.gap >= others.spread / 2:
            return SURE
        many = count >= 0.05 * (others.rows + count) and count >= 10 * others.usual
        return LESS_SURE if many and not strays and abs(others.nearest) >= 0.08 * abs(others.median) else 0
    if count < 2 and len(significant(texts[0])) < 3:
        return 0
    if low and number < 0 <= others.nearest and (others.gap >= 5 * others.step or others.values >= 15) and (number == -1 or is_code(texts[0])):
        return SURE
    return SURE * (is_code(texts[0]) and abs(number - others.quarter) > 3 * others.spread and others.gap >= others.spread and
                   others.gap >= 5 * others.step)


def could_be_date(number, _):
    return datetime.date.fromordinal(int(number) // 86400) in FAMOUS_DAYS


def date_sentinel(number, count, _, others, low, strays):
    recent = 1805 < datetime.date.fromordinal(int(number) // 86400).year < 2243
    return SURE * ((count >= 2 or not recent) and others.gap >= 365 * 86400 and others.gap >= 5 * others.step)


def find_at_end(values, low, could_be, sureness):
    """The place of a sentinel among values, and how sure it is; at most two single values of one cell beyond or beside it."""
    seen = values if low else values[::-1]
    strays_most = min(2, sum(count for _, count, _ in values) // 50)
    for beyond in range(strays_most + 1):
        if beyond >= len(seen):
            break
        number, count, texts = seen[beyond]
        for near in range(strays_most + 1 - beyond) if could_be(number, texts) else ():
            skipped = beyond + 1 + near
            others = seen[skipped:] if low else seen[skipped:][::-1]
            if len(others) < 5 or sum(c for _, c, _ in others) < 10 or near and seen[skipped - 1][1] > 1:
                continue
            if sure := sureness(number, count, texts, Others(number, others, low), low, skipped > 1):
                return values.index(seen[beyond]), sure
        if count > 1:
            break
    return None


def sentinels(counts, types, number_of, could_be, sureness):
    """{value: confidence}"""
    fitting = {v: n for v, n in counts.items() if naive_clean.type_of(v) in types}
    if not fitting or sum(fitting.values()) * 20 < sum(counts.values()) * 19:
        return {}
    groups = collections.defaultdict(list)
    for value in fitting:
        groups[number_of(value)].append(value)
    values = [(number, sum(fitting[t] for t in texts), texts) for number, texts in sorted(groups.items())]
    found, without, low = {}, 0, True
    while without < 2:
        place, sure = find_at_end(values, low, could_be, sureness) or (None, 0)
        without = without + 1 if place is None else 0
        if place is not None:
            found.update(dict.fromkeys(values.pop(place)[2], sure))
        low = not low
    return found


def seconds_of(text):
    day, hour, minute = re.fullmatch(r"([0-9./-]{10})(?:[T ](\d\d):(\d\d))?", text).groups(default="0")
    day = "-".join(day.replace("/", "-").split(".")[::-1])
    return datetime.date.fromisoformat(day).toordinal() * 86400 + int(hour) * 3600 + int(minute) * 60


def disguises(cells):
    column = naive_clean.Column(cells, False)
    counts = collections.Counter(c.strip(naive_clean.SPACE) for c in cells if not column.is_missing(c))
    found = {}
    for kind, find in [("phrase", phrases), ("out_of_domain", words_among_codes), ("placeholder", placeholders),
                       ("sentinel", lambda c: sentinels(c, {"integer", "decimal"}, float, could_be_number, number_sentinel)),
                       ("sentinel", lambda c: sentinels(c, {"date"}, seconds_of, could_be_date, date_sentinel))]:
        values = find(counts)
        for value in values:
            if len(found) < MOST_FOUND:
                found[value] = kind, values[value] if kind == "sentinel" else SURE
                del counts[value]
    return found


# ---- What another column explains

def could_be_explained(value, kind):
    if kind != "sentinel":
        return False
    if naive_clean.type_of(value) == "date":
        return seconds_of(value) >= seconds_of("2099-12-31")
    return float(value) == 0


def is_blank(cell):
    return cell == "" or naive_clean.is_token(cell)


def is_missing_together(cells, strange):
    there = sum(is_blank(cell) for cell, is_strange in zip(cells, strange) if is_strange)
    rest = [is_blank(cell) for cell, is_strange in zip(cells, strange) if not is_strange]
    return 2 * there >= sum(strange) and 2 * sum(rest) * sum(strange) <= there * len(rest)


def explains(by, missing, cells, strange):
    """Whether the rows with a strange value are those of some values of `by`; `missing`: of its values the disguises."""
    groups = collections.defaultdict(lambda: [0, 0])
    for value, cell, is_strange in zip(by, cells, strange):
        if value and (is_strange or not is_blank(cell)):
            groups[value][not is_strange] += 1
    chosen = [value for value, (here, other) in groups.items() if here > other]
    if len(set(by) - {""}) > 32 or any(is_blank(value) or value in missing for value in chosen):
        return False
    explained = sum(groups[value][0] for value in chosen)
    deviating = sum(strange) - explained + sum(groups[value][1] for value in chosen)
    return explained >= 5 * len(chosen) and 50 * deviating <= sum(strange)


def is_explained(columns, found, place):
    doubtful = {value for value, (kind, _) in found[place].items() if could_be_explained(value, kind)}
    strange = [cell in doubtful for cell in columns[place]]
    others = [i for i in range(len(columns)) if i != place]
    return (sum(strange) >= 10 and not any(is_missing_together(columns[i], strange) for i in others)
            and any(explains(columns[i], found[i], columns[place], strange) for i in others))


def disguises_of_table(columns):
    columns = [[cell.strip(naive_clean.SPACE) for cell in cells] for cells in columns]
    found = [disguises(cells) for cells in columns]
    return [{value: (kind, sure) for value, (kind, sure) in of_one.items()
             if not (could_be_explained(value, kind) and is_explained(columns, found, place))}
            for place, of_one in enumerate(found)]
