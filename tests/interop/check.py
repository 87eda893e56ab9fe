"""Runs every check. See `run`."""

import sys

import profiles
import reports
import tables
import timelines
from kit import Kit


def main(vex, home):
    kit = Kit(vex, home)
    # A program with a pipeline of channels that ends well, and one that deadlocks over locks.
    kit.record("pipeline", 0)
    kit.record("philosophers", 102)
    for module in (profiles, timelines, tables, reports):
        for name, function in module.CHECKS:
            kit.check(name, function)
    counts = kit.counts
    print(f"{counts['PASS']} passed, {counts['SKIP']} skipped, {counts['FAIL']} failed")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
