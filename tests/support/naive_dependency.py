"""Fills missing cells by dependencies between columns by the rules of worker/README.md, the simplest way.

It shares nothing with the engine. A table is a list of rows of texts; None is a missing cell.
"""

import collections
import itertools
import math

DETERMINANTS_MAX, PAIRS_MAX, DEPENDENCIES_MAX = 64, 100, 4
GOOD = 0.97


def distinct(rows):
    """The rows without their copies: a record that is there twice is evidence once."""
    return [list(row) for row in dict.fromkeys(map(tuple, rows))]


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
        self.better = self.worse = 0
        usual = usual_of(occurrences)
        typos = typos_of(occurrences)
        for votes, _ in groups.values():
            for value, count in votes.items():
                others = collections.Counter(votes)
                others[value] -= 1
                ranked = [item for item in others.most_common(2) if item[1]]
                if not ranked or len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
                    continue
                predicted, first = ranked[0]
                kind = kind_of(first, others.total())
                if kind:
                    self.better += count if predicted == value != usual else 0
                    self.worse += count if predicted != value == usual else 0
                for outcomes in (self.all, self.kinds[kind]) if kind else ():
                    outcomes.tested += count
                    outcomes.hits += count if predicted == value else 0
                    outcomes.typos += count if predicted != value and value in typos else 0

    def is_dependency(self, occurrences):
        rows = occurrences.total()
        if not self.all.tested or not rows:
            return False
        usual = 1 - max(occurrences.values()) / rows
        misses = self.all.judged() - self.all.hits
        return 1 - self.all.share() <= usual / 2 and usual * self.all.tested >= 8 + 2 * misses

    def is_predictor(self):
        return self.better >= 8 + 2 * self.worse and self.better >= 4 * self.worse

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


def usual_of(occurrences):
    """The most frequent value; among equals the first by its bytes."""
    return min(occurrences, key=lambda v: (-occurrences[v], v.encode()), default=None)


def typos_of(occurrences):
    """The values that may be typos: those that occur once, where they are few."""
    once = {value for value, count in occurrences.items() if count == 1}
    return once if 4 * len(once) <= occurrences.total() else set()


def is_able(occurrences):
    return len(occurrences) > 1 and 20 * len(occurrences) < 19 * occurrences.total()


def are_alike(a, b, columns):
    return all(a[c] is None or b[c] is None or a[c] == b[c] for c in columns)


def columns_to_be_alike_in(rows, by, target):
    """Where the rows of a group are mostly alike: what is known is known of rows that are like one that votes."""
    columns = [c for c in range(len(rows[0])) if c != target and c not in by
               and is_able(collections.Counter(row[c] for row in rows if row[c] is not None))]
    groups = collections.defaultdict(list)
    for row in rows:
        if row[target] is not None and all(row[c] is not None for c in by):
            groups[tuple(row[c] for c in by)].append(row)
    alike = [are_alike(a, b, columns) for group in groups.values() for a, b in list(zip(group, group[1:]))[:4]]
    return columns if 2 * sum(alike) > len(alike) else []


KNOWN = {}


def calibrate(rows, by, target, occurrences, contents):
    """The calibration; remembered for columns that are as they were in an earlier round."""
    if contents not in KNOWN:
        KNOWN[contents] = Calibration(votes_by_group(rows, by, target), occurrences)
    return KNOWN[contents]


def find_dependencies(rows, targets):
    """{target: [(determinant columns, calibration, whether it only predicts), the most accurate first]}."""
    width = len(rows[0]) if rows else 0
    occurrences = [collections.Counter(row[c] for row in rows if row[c] is not None) for c in range(width)]
    able = sorted((c for c in range(width) if is_able(occurrences[c])), key=lambda c: len(occurrences[c]))[:DETERMINANTS_MAX]
    pairs = [(able[a], able[b]) for b in range(1, len(able)) for a in range(b)][:PAIRS_MAX]
    found = {target: [] for target in targets}
    predictors = {}
    contents = [hash(tuple(column)) for column in zip(*rows)]
    for by in itertools.chain(((c,) for c in able), pairs):
        for target in targets:
            if target in by or not occurrences[target]:
                continue
            best = max((calibration.all.share() for _, calibration in found[target]), default=0)
            if len(by) == 2 and best >= GOOD:
                continue
            calibration = calibrate(rows, by, target, occurrences[target], tuple(contents[c] for c in (*by, target)))
            if not calibration.is_dependency(occurrences[target]):
                gain = calibration.better - calibration.worse
                if len(by) == 1 and calibration.is_predictor() and gain > predictors.get(target, (0,))[0]:
                    predictors[target] = (gain, by, calibration)
                continue
            if len(by) == 2 and 1 - calibration.all.share() > (1 - best) / 2:
                continue
            found[target].append((by, calibration))
    chosen = {}
    for target, rules in found.items():
        chosen[target] = [(*rule, False) for rule in sorted(rules, key=lambda rule: -rule[1].all.share())[:DEPENDENCIES_MAX]]
        if not rules and target in predictors:
            chosen[target] = [(*predictors[target][1:], True)]
    return chosen


def tested(rule, target, rows, least):
    """What of the answers stays when they are tested on the rows that hold a value."""
    typos = typos_of(collections.Counter(row[target] for row in rows if row[target] is not None))
    outcomes = Outcomes()
    for row in rows:
        answer = rule.answer(row)
        if answer and row[target] is not None:
            outcomes.tested += 1
            outcomes.hits += answer[0] == row[target]
            outcomes.typos += answer[0] != row[target] and row[target] in typos
    sures = {key: min(sure, (outcomes.hits + 4 * sure) / (outcomes.judged() + 4)) for key, (_, sure, _) in rule.answers.items()}
    rule.answers = {key: (value, sures[key], voter) for key, (value, _, voter) in rule.answers.items() if sures[key] >= least}


class Rule:
    """What one dependency answers: {values of the determinant: (value, how sure, a row that votes for it)}."""

    def __init__(self, by, alike, answers):
        self.by, self.alike, self.answers = by, alike, answers

    def answer(self, row):
        value, sure, voter = self.answers.get(tuple(row[c] for c in self.by), (None, 0, None))
        return (value, sure) if voter and are_alike(row, voter, self.alike) else None


def odds(sure):
    sure = min(sure, 0.999)
    return math.log(sure / (1 - sure))


class Dependencies:
    """What the rows, and those of the reference, say about missing cells of `targets`; `accepts(target, value)` says what
    may be filled. Neither has copies."""

    def __init__(self, rows, reference, targets, accepts, least=0.9):
        self.least = least
        self.rules = collections.defaultdict(list)
        for source in (rows, reference):
            for target, found in find_dependencies(source, targets).items():
                places = {row[target]: -i for i, row in reversed(list(enumerate(source)))}
                for by, calibration, conditional in found:
                    if conditional and source is reference:
                        continue
                    needed = max(least, 0.95 if conditional else 0)
                    rule = Rule(by, [] if source is reference else columns_to_be_alike_in(source, by, target), {})
                    for key, (votes, missing) in votes_by_group(source, by, target).items():
                        sure = calibration.confidence(votes, missing)
                        value = max(votes, key=lambda v: (votes[v], places[v]), default=None)
                        if sure >= needed and accepts(target, value):
                            voter = next(row for row in source if row[target] == value and tuple(row[c] for c in by) == key)
                            rule.answers[key] = (value, sure, voter)
                    if source is reference:
                        tested(rule, target, rows, needed)
                    if rule.answers:
                        self.rules[target].append(rule)

    def find(self, row, target):
        """The value for the missing cell `target` of `row` and how sure it is; 0: there is none."""
        verdicts = [rule.answer(row) for rule in self.rules[target]]
        verdicts = sorted((v for v in verdicts if v), key=lambda verdict: -verdict[1])
        if not verdicts:
            return None, 0
        value, sure = verdicts[0]
        against = max((s for v, s in verdicts if v != value), default=0)
        if against:
            sure = 1 / (1 + math.exp(odds(against) - odds(sure)))
        return (value, sure) if sure >= self.least else (None, 0)
