"""The quality score before and after a chain of complete and dedupe, by the rules of worker/README.md, as plainly as it can be said."""

import naive_clean

WEIGHTS = {"completeness": 0.40, "validity": 0.30, "uniqueness": 0.20, "schema": 0.10}


def percent(part, whole):
    return 100 * part / whole if whole else 100


def completeness(rows, columns):
    missing = sum(column.is_missing(cell) for row in rows for column, cell in zip(columns, row))
    return percent(len(rows) * len(columns) - missing, len(rows) * len(columns))


def validity(rows, columns):
    held = [(column, cell.strip(naive_clean.SPACE)) for row in rows for column, cell in zip(columns, row) if not column.is_missing(cell)]
    return percent(sum(naive_clean.conforms(naive_clean.type_of(value), column.judged) for column, value in held), len(held))


def schema(header, columns, reference):
    others = naive_clean.reference_columns(header, reference)
    equal = sum(name in others and naive_clean.conforms(column.type, others[name].type) for name, column in zip(header, columns))
    return percent(equal, len(set(header) | set(reference[0])))


def scores(header, before, filled, cleaned, reference, rejected):
    """(before, after) of the rows as read, as filled, and as left by dedupe; so many rows could not be read.
    Nothing without rows."""
    if not before and not rejected:
        return (None, None)
    read = percent(len(before), len(before) + rejected) / 100
    others = naive_clean.reference_columns(header, reference)
    columns = [naive_clean.file_column([row[i] for row in before], False, others.get(name)) for i, name in enumerate(header)]
    found = {"completeness": (completeness(before, columns), completeness(cleaned, columns)),
             "validity": (read * validity(before, columns), read * validity(cleaned, columns)),
             "uniqueness": (percent(len(cleaned), len(filled)), 100)}
    if reference:
        found["schema"] = (schema(header, columns, reference),) * 2
    whole = sum(WEIGHTS[name] for name in found)
    return tuple(sum(WEIGHTS[name] * both[i] for name, both in found.items()) / whole for i in (0, 1))
