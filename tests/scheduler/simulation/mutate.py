"""Writes a mutant of one source file: mutate.py MUTANTS NAME ROOT OUT. Fails when the text to be changed is not there
exactly once, so that no mutant outlives the code it was made for."""

import json
import pathlib
import sys


def main():
    mutants, name, root, out = sys.argv[1:]
    mutant = next(m for m in json.loads(pathlib.Path(mutants).read_text(encoding="utf-8")) if m["name"] == name)
    source = (pathlib.Path(root) / mutant["file"]).read_text(encoding="utf-8")
    if source.count(mutant["before"]) != 1:
        sys.exit(f"mutant {name}: {mutant['file']} has its text {source.count(mutant['before'])} times, not once; "
                 "write the mutant anew")
    pathlib.Path(out).write_text(source.replace(mutant["before"], mutant["after"]), encoding="utf-8")


if __name__ == "__main__":
    main()
