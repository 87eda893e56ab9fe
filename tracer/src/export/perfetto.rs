//! Perfetto's own trace: protocol buffers, a track for each task below its process, counters beside them.
//!
//! Field numbers are those of `protos/perfetto/trace/` of github.com/google/perfetto (`trace_packet.proto`, `track_event/*.proto`,
//! `interned_data/interned_data.proto`). Every operation of a task is an instant in its slice; flows lead from a send to its receive and from whoever woke
//! a task to it. Names and places are interned: written once, in the packet that uses them first; where there are too many of them to
//! remember, the tables are begun anew, as the format allows.

use super::timeline::{self, Counter, Instant, Slice, Viewer};
use super::{Error, Input};
use crate::event::{Field, Site, TaskId};
use crate::program::ProgramInfo;
use crate::trace::Trace;
use prost::Message;
use rustc_hash::{FxHashMap, FxHashSet};
use std::io::{self, Write};

#[derive(Clone, PartialEq, Message)]
struct Packet {
    #[prost(uint64, optional, tag = "8")]
    timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "10")]
    trusted_packet_sequence_id: Option<u32>,
    #[prost(message, optional, tag = "11")]
    track_event: Option<TrackEvent>,
    #[prost(message, optional, tag = "12")]
    interned_data: Option<InternedData>,
    #[prost(uint32, optional, tag = "13")]
    sequence_flags: Option<u32>,
    #[prost(message, optional, tag = "60")]
    track_descriptor: Option<TrackDescriptor>,
}

#[derive(Clone, PartialEq, Message)]
struct TrackEvent {
    #[prost(uint64, repeated, packed = "false", tag = "3")]
    category_iids: Vec<u64>,
    #[prost(message, repeated, tag = "4")]
    debug_annotations: Vec<DebugAnnotation>,
    #[prost(int32, optional, tag = "9")]
    kind: Option<i32>,
    #[prost(uint64, optional, tag = "10")]
    name_iid: Option<u64>,
    #[prost(uint64, optional, tag = "11")]
    track_uuid: Option<u64>,
    #[prost(int64, optional, tag = "30")]
    counter_value: Option<i64>,
    #[prost(uint64, optional, tag = "34")]
    source_location_iid: Option<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "47")]
    flow_ids: Vec<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "48")]
    terminating_flow_ids: Vec<u64>,
}

/// `TrackEvent.Type`.
const SLICE_BEGIN: i32 = 1;
const SLICE_END: i32 = 2;
const INSTANT: i32 = 3;
const COUNTER: i32 = 4;

#[derive(Clone, PartialEq, Message)]
struct DebugAnnotation {
    #[prost(uint64, optional, tag = "1")]
    name_iid: Option<u64>,
    #[prost(uint64, optional, tag = "3")]
    uint_value: Option<u64>,
    #[prost(string, optional, tag = "6")]
    string_value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct InternedData {
    #[prost(message, repeated, tag = "1")]
    event_categories: Vec<Interned>,
    #[prost(message, repeated, tag = "2")]
    event_names: Vec<Interned>,
    #[prost(message, repeated, tag = "3")]
    debug_annotation_names: Vec<Interned>,
    #[prost(message, repeated, tag = "4")]
    source_locations: Vec<SourceLocation>,
}

/// `EventName`, `EventCategory` and `DebugAnnotationName`: all alike.
#[derive(Clone, PartialEq, Message)]
struct Interned {
    #[prost(uint64, optional, tag = "1")]
    iid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct SourceLocation {
    #[prost(uint64, optional, tag = "1")]
    iid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    file_name: Option<String>,
    #[prost(uint32, optional, tag = "4")]
    line_number: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct TrackDescriptor {
    #[prost(uint64, optional, tag = "1")]
    uuid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
    #[prost(message, optional, tag = "3")]
    process: Option<ProcessDescriptor>,
    #[prost(uint64, optional, tag = "5")]
    parent_uuid: Option<u64>,
    #[prost(message, optional, tag = "8")]
    counter: Option<CounterDescriptor>,
    #[prost(int32, optional, tag = "11")]
    child_ordering: Option<i32>,
    #[prost(int32, optional, tag = "12")]
    sibling_order_rank: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct ProcessDescriptor {
    #[prost(int32, optional, tag = "1")]
    pid: Option<i32>,
    #[prost(string, optional, tag = "6")]
    process_name: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct CounterDescriptor {
    #[prost(int32, optional, tag = "3")]
    unit: Option<i32>,
}

/// `CounterDescriptor.Unit`.
const UNIT_COUNT: i32 = 2;

/// `TrackDescriptor.ChildTracksOrdering`: by the ranks that the children have.
const EXPLICIT: i32 = 3;

/// `TracePacket.SequenceFlags`: tables of interned names begin anew; this packet needs them.
const STATE_CLEARED: u32 = 1;
const NEEDS_STATE: u32 = 2;

/// The one sequence of packets.
const SEQUENCE: u32 = 1;

/// Tracks by number: the process, the number of running tasks, then tasks and channels, each in a range of their own.
const PROCESS: u64 = 1;
const RUNNING: u64 = 2;
const TASKS: u64 = 1 << 32;
const CHANNELS: u64 = 2 << 32;

/// Interned names that are remembered at most.
const REMEMBERED: usize = 1 << 16;

/// Names of annotations.
const ANNOTATIONS: [&str; 2] = ["event", "text"];

pub(super) fn write(trace: &dyn Trace, input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    let mut perfetto = Perfetto {
        out,
        program: trace.program(),
        bytes: Vec::new(),
        interned: Tables::default(),
        channels: FxHashSet::default(),
    };
    let process = ProcessDescriptor { pid: Some(1), process_name: Some(format!("vex: {}", trace.about().title)) };
    perfetto.track(TrackDescriptor {
        uuid: Some(PROCESS),
        process: Some(process),
        child_ordering: Some(EXPLICIT),
        ..TrackDescriptor::default()
    })?;
    perfetto.counter_track(RUNNING, "running tasks")?;
    timeline::show(trace, &input.range, &mut perfetto)?;
    Ok(())
}

/// What has been interned since the tables were begun.
#[derive(Default)]
struct Tables {
    begun: bool,
    names: FxHashMap<String, u64>,
    categories: FxHashMap<&'static str, u64>,
    places: FxHashMap<Site, u64>,
    /// What the next packet has to define.
    new: InternedData,
}

impl Tables {
    fn name(&mut self, name: &str) -> u64 {
        if let Some(&iid) = self.names.get(name) {
            return iid;
        }
        let iid = self.names.len() as u64 + 1;
        self.names.insert(name.to_string(), iid);
        self.new.event_names.push(Interned { iid: Some(iid), name: Some(name.to_string()) });
        iid
    }

    fn category(&mut self, name: &'static str) -> u64 {
        let next = self.categories.len() as u64 + 1;
        let iid = *self.categories.entry(name).or_insert(next);
        if iid == next {
            self.new.event_categories.push(Interned { iid: Some(iid), name: Some(name.to_string()) });
        }
        iid
    }

    fn place(&mut self, program: &ProgramInfo, site: Site) -> Option<u64> {
        let place = program.place(site)?;
        let next = self.places.len() as u64 + 1;
        let iid = *self.places.entry(site).or_insert(next);
        if iid == next {
            self.new.source_locations.push(SourceLocation {
                iid: Some(iid),
                file_name: program.files.get(place.file as usize).map(|file| file.path.clone()),
                line_number: Some(place.line),
            });
        }
        Some(iid)
    }

    /// Forgets everything where it is too much, and gives the flags of the packet that is built next.
    fn begin_packet(&mut self) -> u32 {
        if self.names.len() >= REMEMBERED {
            *self = Self::default();
        }
        if std::mem::replace(&mut self.begun, true) {
            return NEEDS_STATE;
        }
        let names = (1..).zip(ANNOTATIONS).map(|(iid, name)| Interned { iid: Some(iid), name: Some(name.to_string()) });
        self.new.debug_annotation_names = names.collect();
        STATE_CLEARED | NEEDS_STATE
    }
}

struct Perfetto<'a> {
    out: &'a mut dyn Write,
    program: &'a ProgramInfo,
    bytes: Vec<u8>,
    interned: Tables,
    /// Channels that have a track.
    channels: FxHashSet<u32>,
}

impl Perfetto<'_> {
    fn packet(&mut self, packet: &Packet) -> io::Result<()> {
        self.bytes.clear();
        // `Trace.packet`
        prost::encoding::message::encode(1, packet, &mut self.bytes);
        self.out.write_all(&self.bytes)
    }

    fn track(&mut self, track: TrackDescriptor) -> io::Result<()> {
        self.packet(&Packet {
            trusted_packet_sequence_id: Some(SEQUENCE),
            track_descriptor: Some(track),
            ..Packet::default()
        })
    }

    fn counter_track(&mut self, uuid: u64, name: &str) -> io::Result<()> {
        self.track(TrackDescriptor {
            uuid: Some(uuid),
            name: Some(name.to_string()),
            parent_uuid: Some(PROCESS),
            counter: Some(CounterDescriptor { unit: Some(UNIT_COUNT) }),
            ..TrackDescriptor::default()
        })
    }

    /// Writes an event that `make` builds with the tables of interned names.
    fn event(&mut self, time: u64, make: impl FnOnce(&mut Tables, &ProgramInfo) -> TrackEvent) -> io::Result<()> {
        let flags = self.interned.begin_packet();
        let event = make(&mut self.interned, self.program);
        let new = std::mem::take(&mut self.interned.new);
        self.packet(&Packet {
            timestamp: Some(time),
            trusted_packet_sequence_id: Some(SEQUENCE),
            track_event: Some(event),
            interned_data: Some(new).filter(|new| *new != InternedData::default()),
            sequence_flags: Some(flags),
            track_descriptor: None,
        })
    }
}

fn task_track(task: TaskId) -> Option<u64> {
    Some(TASKS + u64::from(task.0))
}

/// A flow of an event: ids begin at 1.
fn flow(event: u64) -> u64 {
    event.saturating_add(1)
}

/// The number of an event, to find it again in vex.
fn ordinal(event: u64) -> DebugAnnotation {
    DebugAnnotation { name_iid: Some(1), uint_value: Some(event), string_value: None }
}

impl Viewer for Perfetto<'_> {
    fn task(&mut self, task: TaskId, name: &str, _time: u64) -> io::Result<()> {
        self.track(TrackDescriptor {
            uuid: task_track(task),
            name: Some(name.to_string()),
            parent_uuid: Some(PROCESS),
            sibling_order_rank: Some(i32::try_from(task.0).unwrap_or(i32::MAX)),
            ..TrackDescriptor::default()
        })
    }

    fn begin(&mut self, task: TaskId, slice: &Slice, from: Option<u64>, to: Option<u64>) -> io::Result<()> {
        self.event(slice.start, |tables, program| TrackEvent {
            category_iids: vec![tables.category(slice.state.name())],
            debug_annotations: vec![ordinal(slice.event)],
            kind: Some(SLICE_BEGIN),
            name_iid: Some(tables.name(&slice.label)),
            track_uuid: task_track(task),
            source_location_iid: tables.place(program, slice.site),
            flow_ids: to.map(flow).into_iter().collect(),
            terminating_flow_ids: from.map(flow).into_iter().collect(),
            ..TrackEvent::default()
        })
    }

    fn end(&mut self, task: TaskId, _slice: &Slice, time: u64) -> io::Result<()> {
        self.event(time, |_, _| TrackEvent {
            kind: Some(SLICE_END),
            track_uuid: task_track(task),
            ..TrackEvent::default()
        })
    }

    fn instant(&mut self, task: TaskId, at: &Instant, from: &[u64], to: Option<u64>) -> io::Result<()> {
        let event = at.event;
        let is_text = event.kind.object_field() == Field::TextAt;
        self.event(at.time, |tables, program| {
            let mut annotations = vec![ordinal(event.ordinal)];
            let name = if is_text || at.about.is_empty() {
                tables.name(event.kind.name())
            } else {
                tables.name(&format!("{} {}", event.kind.name(), at.about))
            };
            if is_text {
                let text = Some(at.about.to_string());
                annotations.push(DebugAnnotation { name_iid: Some(2), uint_value: None, string_value: text });
            }
            TrackEvent {
                category_iids: vec![tables.category("operation")],
                debug_annotations: annotations,
                kind: Some(INSTANT),
                name_iid: Some(name),
                track_uuid: task_track(task),
                source_location_iid: tables.place(program, event.site),
                flow_ids: to.map(flow).into_iter().collect(),
                terminating_flow_ids: from.iter().copied().map(flow).collect(),
                ..TrackEvent::default()
            }
        })
    }

    fn counter(&mut self, counter: &Counter, time: u64, value: u64) -> io::Result<()> {
        let track = match counter {
            Counter::Running => RUNNING,
            Counter::Length(channel, name) => {
                let track = CHANNELS + u64::from(channel.0);
                if self.channels.insert(channel.0) {
                    self.counter_track(track, &format!("length of {name}"))?;
                }
                track
            }
        };
        self.event(time, |_, _| TrackEvent {
            kind: Some(COUNTER),
            track_uuid: Some(track),
            counter_value: Some(super::stacks::signed(value)),
            ..TrackEvent::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::{bytes, profile, trace};
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[derive(Clone, PartialEq, Message)]
    struct Trace {
        #[prost(message, repeated, tag = "1")]
        packet: Vec<Packet>,
    }

    #[test]
    fn slices_close_flows_meet_and_names_are_known() {
        let trace = Trace::decode(&bytes(Format::Perfetto, Some(&trace()), &profile())[..]).unwrap();
        let (mut names, mut tracks) = (BTreeMap::new(), BTreeMap::new());
        let mut open: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        let (mut begun, mut ended, mut instants, mut lengths) = (BTreeSet::new(), BTreeSet::new(), vec![], vec![]);
        let mut last = 0;
        for packet in trace.packet {
            for name in packet.interned_data.into_iter().flat_map(|new| new.event_names) {
                names.insert(name.iid.unwrap(), name.name.unwrap());
            }
            if let Some(track) = packet.track_descriptor {
                assert!(track.uuid == Some(PROCESS) || track.parent_uuid == Some(PROCESS));
                tracks.insert(track.uuid.unwrap(), track.name.unwrap_or_default());
            }
            let Some(event) = packet.track_event else { continue };
            assert!(packet.timestamp.unwrap() >= last);
            last = packet.timestamp.unwrap();
            let track = event.track_uuid.unwrap();
            assert!(tracks.contains_key(&track));
            begun.extend(event.flow_ids);
            ended.extend(event.terminating_flow_ids);
            let name = event.name_iid.map(|iid| names[&iid].clone()).unwrap_or_default();
            match event.kind.unwrap() {
                SLICE_BEGIN => open.entry(track).or_default().push(name),
                SLICE_END => drop(open.get_mut(&track).unwrap().pop().unwrap()),
                INSTANT => {
                    assert_eq!(open[&track].len(), 1);
                    instants.push(format!("{}: {name}", tracks[&track]));
                }
                _ => lengths.push((tracks[&track].clone(), event.counter_value.unwrap())),
            }
        }
        assert!(open.values().all(Vec::is_empty));
        assert!(ended.is_subset(&begun) && ended.len() >= 5, "{ended:?} {begun:?}");
        assert_eq!(
            instants[..4],
            ["main: chan.make jobs", "main: mutex.make counter", "main: task.spawn worker#1", "main: chan.send jobs"]
        );
        assert!(instants.contains(&"worker#1: output".to_string()));
        let lengths: Vec<i64> =
            lengths.into_iter().filter(|(name, _)| name == "length of jobs").map(|(_, n)| n).collect();
        assert_eq!(lengths, [0, 1, 0]);
    }
}
