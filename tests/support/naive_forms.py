"""How cells are compared after folding: texts by what they say, codes by their signs; and keys."""

import re
import unicodedata

SPACE = " \t\n\v\f\r\u00a0"
NO_VALUES = {"null", "\\n", "na", "n/a", "#n/a", "nan", "nil", "none", "-", "--", "?", "??", ".", "..", "unknown", "unk",
             "missing", "tbd", "void", "#null!", "(blank)", "empty"}


def fold_key(value):
    """Case and the forms of the same letter folded, runs of white space one blank; accents stay."""
    for _ in range(3):
        value = unicodedata.normalize("NFKD", value.casefold())
    return " ".join(re.split(r"[ \t\n\v\f\r]+", value)).strip(" ")


def is_code(value):
    if not re.fullmatch(r"[A-Za-z0-9_./+=#:~-]{1,64}", value) or "://" in value:
        return False
    if not re.search("[A-Za-z]", value) or not (re.search("[0-9]", value) or inner_capital(value)):
        return False
    return not re.match(r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}T", value)


def inner_capital(value):
    return re.search("[a-z][A-Z]", value) is not None


def form_of(cells):
    """"folded", "key" or "trimmed"."""
    values = [v for v in (cell.strip(SPACE) for cell in cells) if v and v.lower() not in NO_VALUES]
    codes = [v for v in values if is_code(v)]
    if len(values) < 5 or len(set(codes)) < 3 or len(codes) * 10 < len(values) * 9:
        return "folded"
    return "trimmed" if sum(map(inner_capital, codes)) * 2 >= len(codes) else "key"


def compared(cell, form, fold):
    return fold_key(cell) if form == "key" else cell.strip(SPACE) if form == "trimmed" else fold(cell)


def url_form(text):
    """Scheme and host in lower case; None for what is no web address."""
    scheme = re.match(r"(?i)(https?|ftp)://", text)
    begin = scheme.end() if scheme else 0
    if re.search(r"[ \t]", text) or len(text.encode()) < max(8, begin + 1):
        return None
    if not scheme:
        host = re.split(r"[/?#:]", text[4:], maxsplit=1)[0]
        if text[:4].lower() != "www." or not re.fullmatch(r"[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,}", host):
            return None
    end = next((i for i in range(begin, len(text)) if text[i] in "/?#"), len(text))
    host = max(text.rfind("@", 0, end) + 1, begin)
    return text[:begin].lower() + text[begin:host] + text[host:end].lower() + text[end:]
