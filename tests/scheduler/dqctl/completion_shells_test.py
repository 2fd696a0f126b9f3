"""Asks real shells what they offer for half-written command lines of dqctl.

  completion_shells_test.py DQCTL
"""

import pathlib
import subprocess
import sys
import unittest

DQCTL = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else None


def run(shell, *arguments):
    """Runs a shell without anybody's settings, with dqctl in its PATH."""
    done = subprocess.run([shell, *arguments], env={"PATH": f"{DQCTL.parent}:/usr/bin:/bin", "HOME": "/nonexistent"},
                          capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{shell} ended with {done.returncode}: {done.stderr}")
    return done.stdout.splitlines()


def bash(*words):
    script = ('source <(dqctl completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '_dqctl dqctl; printf "%s\\n" "${COMPREPLY[@]}"')
    return [line for line in run("bash", "-c", script, "bash", *words) if line]


def zsh(*words):
    # What compinit gives: here it tells what it is told to offer.
    script = ('compdef() { }; _describe() { print -l -- ${(P)2} }; _files() { print FILES }; '
              'source <(dqctl completion zsh); words=("$@"); CURRENT=$#; _dqctl')
    return [line.split(":")[0] for line in run("zsh", "-f", "-c", script, "zsh", *words)]


def fish(*words):
    line = " ".join(words)
    script = f"dqctl completion fish | source; complete -C '{line}'"
    return [offer.split("\t")[0] for offer in run("fish", "--no-config", "-c", script)]


class Shells(unittest.TestCase):
    def test_commands_are_offered(self):
        for shell in (bash, zsh, fish):
            with self.subTest(shell=shell.__name__):
                self.assertEqual(shell("dqctl", "job", "re"), ["resume", "retry"])
                self.assertIn("clean", shell("dqctl", ""))

    def test_values_are_offered(self):
        for shell in (bash, zsh, fish):
            with self.subTest(shell=shell.__name__):
                self.assertEqual(sorted(shell("dqctl", "clean", "--match", "")), ["exact", "fuzzy", "normalised"])
        self.assertEqual(bash("dqctl", "clean", "--match", "=", "f"), ["fuzzy"])
        self.assertEqual(zsh("dqctl", "clean", "--match=f"), ["--match=fuzzy"])
        self.assertEqual(fish("dqctl", "clean", "--match=f"), ["--match=fuzzy"])

    def test_files_are_offered_where_a_file_stands(self):
        self.assertEqual(bash("dqctl", "clean", ""), [])  # Then bash offers files, as it is told to.
        self.assertEqual(zsh("dqctl", "clean", ""), ["FILES"])
        self.assertIn("/usr/", fish("dqctl", "clean", "/us"))


if __name__ == "__main__":
    unittest.main()
