"""Timelines: Perfetto's trace processor reads the Chrome and the Perfetto trace; Perfetto's published schema where it cannot be had."""

import collections
import csv
import glob
import json
import os
import socket

from kit import Skip, same


HOST = "commondatastorage.googleapis.com"


def events(kit, name):
    """The events as the table has them."""
    with open(kit.export(name, "csv"), newline="") as file:
        return list(csv.DictReader(file))


def truth(kit, name):
    """What a timeline has to show: the names of the tasks, how many values were sent, how often a task was switched to."""
    rows = events(kit, name)
    kinds = collections.Counter(row["kind"] for row in rows)
    tasks = {row["other_task_name"] for row in rows if row["kind"].startswith("task.spawn")}
    channels = {row["object_name"] for row in rows if row["kind"] == "chan.make"}
    return tasks, channels, kinds


def processor(kit, form):
    """The trace processor on a trace: a program of Google's, loaded from the net when it is first used."""
    kit.python("perfetto.trace_processor", "perfetto")
    from perfetto.trace_processor import TraceProcessor, TraceProcessorConfig

    # Where the package loads its program from: without the net it would try again and again.
    if not glob.glob(os.path.expanduser("~/.local/share/perfetto/prebuilts/trace_processor_shell-*")):
        try:
            socket.getaddrinfo(HOST, 443)
        except OSError as error:
            raise Skip(f"Perfetto's trace processor is a program at {HOST}, which cannot be reached: {error}")
    path = kit.export("pipeline", form)
    try:
        return TraceProcessor(trace=path, config=TraceProcessorConfig(load_timeout=20))
    except Exception as error:
        raise Skip(f"Perfetto's trace processor cannot be loaded: {str(error).splitlines()[0][:160]}")


def ask(kit, form):
    """The trace processor's view of a trace."""
    tasks, channels, kinds = truth(kit, "pipeline")
    with processor(kit, form) as trace:
        rows = lambda query: list(trace.query(query))
        tracks = "thread.name" if form == "chrome" else "track.name"
        join = "join thread_track t on s.track_id = t.id join thread using (utid)" if form == "chrome" else "join track on s.track_id = track.id"
        names = {row.name for row in rows(f"select distinct {tracks} as name from slice s {join}")}
        same("tasks", sorted(tasks), sorted(names))
        running = rows("select count(*) as n, sum(dur) as ns from slice where name = 'running'")[0]
        same("slices of running", kinds["task.switch"], running.n)
        flows = rows("select count(*) as n from flow")[0].n
        if flows < kinds["chan.send"] / 2:
            raise AssertionError(f"{flows} flows for {kinds['chan.send']} sends")
        counters = {row.name for row in rows("select distinct name from counter_track")}
        if not {f"length of {channel}" for channel in channels} <= counters:
            raise AssertionError(f"counters {counters} for channels {channels}")
        errors = rows("select name, value from stats where severity = 'error' and value > 0")
        same("errors", [], [(row.name, row.value) for row in errors])
    return f"trace processor: {len(names)} tasks, {running.n} slices of running, {flows} flows, no errors"


def chrome(kit):
    return ask(kit, "chrome")


def perfetto(kit):
    return ask(kit, "perfetto")


def chrome_shape(kit):
    tasks, channels, kinds = truth(kit, "pipeline")
    with open(kit.export("pipeline", "chrome")) as file:
        found = json.load(file)["traceEvents"]
    of = lambda phase: [event for event in found if event["ph"] == phase]
    names = {event["args"]["name"] for event in of("M") if event["name"] == "thread_name"}
    same("tasks", sorted(tasks), sorted(names))
    running = [event for event in of("X") if event["name"] == "running"]
    same("slices of running", kinds["task.switch"], len(running))
    # Nobody does two things at once, and a task's slices have no gaps.
    for task in {event["tid"] for event in of("X")}:
        ends = None
        for event in [event for event in of("X") if event["tid"] == task]:
            start, length = round(event["ts"] * 1000), round(event["dur"] * 1000)
            if ends is not None:
                same(f"where a slice of {task} begins", ends, start)
            ends = start + length
    begun, ended = {event["id"] for event in of("s")}, {event["id"] for event in of("f")}
    if not ended or not ended <= begun:
        raise AssertionError(f"flows that end without having begun: {sorted(ended - begun)[:5]}")
    lengths = {event["name"] for event in of("C")}
    if not {f"length of {channel}" for channel in channels} <= lengths:
        raise AssertionError(f"counters {lengths} for channels {channels}")
    return f"{len(of('X'))} slices side by side, {len(ended)} flows from cause to effect, {len(lengths)} counters"


def perfetto_schema(kit):
    kit.python("google.protobuf", "protobuf")
    kit.python("perfetto.trace_processor", "perfetto")
    from google.protobuf.unknown_fields import UnknownFieldSet
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as schema

    tasks, channels, kinds = truth(kit, "pipeline")
    trace = schema.Trace()
    with open(kit.export("pipeline", "perfetto"), "rb") as file:
        trace.ParseFromString(file.read())

    def known(message):
        if len(UnknownFieldSet(message)):
            raise AssertionError(f"fields that {message.DESCRIPTOR.name} does not have")
        for field, value in message.ListFields():
            if field.message_type is not None:
                for inner in value if not hasattr(value, "ListFields") else [value]:
                    known(inner)

    tracks, strings, open_slices, counts = {}, {}, collections.Counter(), collections.Counter()
    begun, ended = set(), set()
    for packet in trace.packet:
        known(packet)
        for new in packet.interned_data.event_names:
            strings[new.iid] = new.name
        if packet.HasField("track_descriptor"):
            tracks[packet.track_descriptor.uuid] = packet.track_descriptor
        if not packet.HasField("track_event"):
            continue
        event = packet.track_event
        begun.update(event.flow_ids)
        ended.update(event.terminating_flow_ids)
        if event.type == schema.TrackEvent.TYPE_SLICE_BEGIN:
            open_slices[event.track_uuid] += 1
            counts[strings[event.name_iid]] += 1
        elif event.type == schema.TrackEvent.TYPE_SLICE_END:
            open_slices[event.track_uuid] -= 1
        elif event.type == schema.TrackEvent.TYPE_INSTANT:
            counts[strings[event.name_iid].split(" ")[0]] += 1
        if open_slices[event.track_uuid] not in (0, 1):
            raise AssertionError(f"{open_slices[event.track_uuid]} slices open on one track")
    names = {track.name for uuid, track in tracks.items() if not track.HasField("counter") and track.parent_uuid}
    same("tasks", sorted(tasks), sorted(names))
    same("slices of running", kinds["task.switch"], counts["running"])
    same("spawns", kinds["task.spawn"] - 1, counts["task.spawn"])
    if not ended or not ended <= begun:
        raise AssertionError(f"flows that end without having begun: {sorted(ended - begun)[:5]}")
    return f"every field is in Perfetto's schema; {len(trace.packet)} packets, {len(names)} tasks, {len(ended)} flows"


CHECKS = [
    ("chrome, Perfetto's trace processor", chrome),
    ("chrome, by shape", chrome_shape),
    ("perfetto, Perfetto's trace processor", perfetto),
    ("perfetto, Perfetto's own protobuf schema", perfetto_schema),
]
