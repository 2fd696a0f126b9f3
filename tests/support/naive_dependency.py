"""Fills missing cells by dependencies between columns by the rules of worker/README.md, the simplest way.

It shares nothing with the engine. A table is a list of rows of texts; None is a missing cell.
"""

import collections
import itertools
import math

DETERMINANTS_MAX, PAIRS_MAX, DEPENDENCIES_MAX = 64, 100, 4
GOOD = 0.97


def votes_by_group(rows, by, target):
    """{values of the determinant: [votes, the most frequent first, and the number of missing cells]}."""
    groups = collections.defaultdict(lambda: [collections.Counter(), 0])
    for row in rows:
        key = tuple(row[c] for c in by)
        if None in key:
            continue
        if row[target] is None:
            groups[key][1] += 1
        else:
            groups[key][0][row[target]] += 1
    return groups


class Outcomes:
    def __init__(self):
        self.tested = self.hits = self.typos = 0

    def judged(self):
        return self.tested - (self.typos if self.typos <= self.tested / 4 else 0)

    def share(self):
        return (self.hits + 1) / (self.judged() + 2)


def kind_of(first, total):
    """The kind of a prediction; None when it is none."""
    if 10 * first < 6 * total:
        return None
    size = 0 if total == 1 else 1 if total < 4 else 2 if total < 8 else 3
    return size, 0 if first == total else 1 if 10 * first >= 8 * total else 2


class Calibration:
    """What became of every vote held out and predicted by the others of its group."""

    def __init__(self, groups, occurrences):
        self.all, self.kinds = Outcomes(), collections.defaultdict(Outcomes)
        for votes, _ in groups.values():
            for value, count in votes.items():
                others = votes - collections.Counter([value])
                ranked = others.most_common()
                if not ranked or len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
                    continue
                predicted, first = ranked[0]
                kind = kind_of(first, others.total())
                for outcomes in (self.all, self.kinds[kind]) if kind else ():
                    outcomes.tested += count
                    outcomes.hits += count if predicted == value else 0
                    outcomes.typos += count if predicted != value and occurrences[value] == 1 else 0

    def is_dependency(self, occurrences):
        rows = occurrences.total()
        if not self.all.tested or not rows:
            return False
        usual = 1 - max(occurrences.values()) / rows
        misses = self.all.judged() - self.all.hits
        return 1 - self.all.share() <= usual / 2 and usual * self.all.tested >= 8 + 2 * misses

    def confidence(self, votes, missing):
        total = votes.total()
        if not total or missing > 4 * total:
            return 0
        first = max(votes.values())
        kind = kind_of(first, total)
        if kind is None:
            return 0
        outcomes = self.kinds[kind]
        return (outcomes.hits + 4 * (self.all.share() * (first / total))) / (outcomes.judged() + 4)


def find_dependencies(rows, targets):
    """{target: [(determinant columns, calibration), the most accurate first]}."""
    width = len(rows[0]) if rows else 0
    occurrences = [collections.Counter(row[c] for row in rows if row[c] is not None) for c in range(width)]
    able = [c for c in range(width) if len(occurrences[c]) > 1 and 20 * len(occurrences[c]) < 19 * occurrences[c].total()]
    able = sorted(able, key=lambda c: len(occurrences[c]))[:DETERMINANTS_MAX]
    pairs = [(able[a], able[b]) for b in range(1, len(able)) for a in range(b)][:PAIRS_MAX]
    found = {target: [] for target in targets}
    for by in itertools.chain(((c,) for c in able), pairs):
        for target in targets:
            if target in by or not occurrences[target]:
                continue
            best = max((calibration.all.share() for _, calibration in found[target]), default=0)
            if len(by) == 2 and best >= GOOD:
                continue
            calibration = Calibration(votes_by_group(rows, by, target), occurrences[target])
            if not calibration.is_dependency(occurrences[target]):
                continue
            if len(by) == 2 and 1 - calibration.all.share() > (1 - best) / 2:
                continue
            found[target].append((by, calibration))
    return {target: sorted(rules, key=lambda rule: -rule[1].all.share())[:DEPENDENCIES_MAX]
            for target, rules in found.items()}


def odds(sure):
    sure = min(sure, 0.999)
    return math.log(sure / (1 - sure))


class Dependencies:
    """What the rows say about missing cells of `targets`; `accepts(target, value)` says what may be filled."""

    def __init__(self, rows, targets, accepts, least=0.9):
        self.least = least
        self.rules = collections.defaultdict(list)
        for target, found in find_dependencies(rows, targets).items():
            places = {row[target]: -i for i, row in reversed(list(enumerate(rows)))}
            for by, calibration in found:
                answers = {}
                for key, (votes, missing) in votes_by_group(rows, by, target).items():
                    sure = calibration.confidence(votes, missing)
                    value = max(votes, key=lambda v: (votes[v], places[v]), default=None)
                    if sure >= least and accepts(target, value):
                        answers[key] = (value, sure)
                if answers:
                    self.rules[target].append((by, answers))

    def find(self, row, target):
        """The value for the missing cell `target` of `row`; None when there is none."""
        verdicts = [answers.get(tuple(row[c] for c in by)) for by, answers in self.rules[target]]
        verdicts = sorted((v for v in verdicts if v), key=lambda verdict: -verdict[1])
        if not verdicts:
            return None
        value, sure = verdicts[0]
        against = max((s for v, s in verdicts if v != value), default=0)
        if against:
            sure = 1 / (1 + math.exp(odds(against) - odds(sure)))
        return value if sure >= self.least else None
