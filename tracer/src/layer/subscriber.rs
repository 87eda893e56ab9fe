//! The layer itself: from what `tracing` calls to what the recording makes of it.
//!
//! Each thread remembers which spans it has entered and of which sort they are. So most of what Tokio says (every poll of an
//! operation enters and leaves three spans) touches nothing that threads share; only what makes or may make a record takes the
//! lock. Nothing here is held while a program's own code runs (its values are formatted before the lock is taken).

use super::Shared;
use super::fields::{Class, Fields, How, Says, Text, WakerOp, class_of, says};
use super::places::Here;
use super::state::{Key, State};
use crate::program::Place;
use std::cell::RefCell;
use std::sync::{Arc, Weak};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Records a program's spans and events; made by [`super::Recording::layer`].
pub struct RecordingLayer {
    pub(super) shared: Arc<Shared>,
}

/// What a thread knows of itself.
#[derive(Default)]
struct Thread {
    /// The recording that the rest belongs to.
    shared: Weak<Shared>,
    worker: Option<u32>,
    /// The spans that it has entered, innermost last.
    entered: Vec<(Key, Class)>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let (Some(worker), Some(shared)) = (self.worker, self.shared.upgrade())
            && let Some(mut state) = shared.open()
        {
            state.end_worker(worker);
        }
    }
}

thread_local! {
    static THREAD: RefCell<Thread> = RefCell::default();
}

impl Thread {
    /// The innermost entered span of a sort within the task that runs.
    fn innermost(&self, class: Class) -> Option<Key> {
        let within = self.entered.iter().rev().take_while(|entered| entered.1 != Class::Task);
        within.clone().find(|entered| entered.1 == class).map(|entered| entered.0)
    }

    /// The task that runs.
    fn task(&self) -> Option<Key> {
        self.entered.iter().rev().find(|entered| entered.1 == Class::Task).map(|entered| entered.0)
    }

    /// The outermost operation within the task that runs.
    fn outermost_operation(&self) -> Option<Key> {
        let within = self.entered.iter().rev().take_while(|entered| entered.1 != Class::Task);
        within.filter(|entered| entered.1 == Class::Operation).last().map(|entered| entered.0)
    }

    /// Whether an operation's own task polls it, and not another one has entered it to tell of it.
    fn polls(&self, operation: Key) -> bool {
        match self.entered.split_last() {
            Some((&(key, Class::Operation), before)) if key == operation => {
                before.iter().any(|&(key, _)| key == operation)
            }
            _ => true,
        }
    }
}

impl RecordingLayer {
    /// Does something with what this thread knows of itself; not where it is at it already (a value that is formatted may
    /// well log).
    fn thread<T>(&self, f: impl FnOnce(&mut Thread) -> T) -> Option<T> {
        let here = |thread: &RefCell<Thread>| {
            let mut thread = thread.try_borrow_mut().ok()?;
            if !std::ptr::eq(thread.shared.as_ptr(), Arc::as_ptr(&self.shared)) {
                // What another recording knew; its own end has dealt with the rest.
                thread.shared = Arc::downgrade(&self.shared);
                thread.worker = None;
                thread.entered.clear();
            }
            Some(f(&mut thread))
        };
        THREAD.try_with(here).ok()?
    }

    /// Does something with the state, in the name of this thread.
    fn record(&self, f: impl FnOnce(&mut State, u32, &Thread)) {
        self.record_at(Here::Nowhere, false, f);
    }

    /// The same where it is known where; `object` says that something is made there.
    fn record_at(&self, here: Here, object: bool, f: impl FnOnce(&mut State, u32, &Thread)) {
        self.thread(|thread| {
            let Some(mut state) = self.shared.open() else { return };
            let worker = *thread.worker.get_or_insert_with(|| {
                let current = std::thread::current();
                state.new_worker(current.name().unwrap_or(""))
            });
            state.here = state.table.here(here, object);
            f(&mut state, worker, thread);
            state.here = 0;
        });
    }

    /// Where this thread is, if `wanted`.
    fn here(&self, wanted: bool) -> Here {
        if wanted { self.shared.here() } else { Here::Nowhere }
    }

    /// Whether a span or event of the program's own is wanted.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.shared.level
    }
}

/// Where the code of a span or event stands.
fn place(state: &mut State, metadata: &Metadata<'_>) -> Place {
    match (metadata.file(), metadata.line()) {
        (Some(file), Some(line)) => state.table.place(file, line, 1),
        _ => Place::default(),
    }
}

/// Tokio makes some resources for itself.
fn is_tokios_own(fields: &Fields) -> bool {
    fields.function.starts_with("tokio::runtime::")
        || (fields.file.contains("/tokio-") && fields.file.contains("/src/runtime/"))
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for RecordingLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _context: Context<'_, S>) {
        let (metadata, key) = (attributes.metadata(), id.into_u64());
        let class = class_of(metadata);
        if class == Class::Ordinary {
            if self.wants(metadata) {
                let mut text = Text::default();
                attributes.record(&mut text);
                let fields = text.finish();
                self.record(|state, _, _| {
                    let place = place(state, metadata);
                    state.new_span(key, metadata.name(), fields, place);
                });
            }
            return;
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let parent = attributes.parent().map(Id::into_u64);
        match class {
            Class::Task if is_tokios_own(&fields) => {}
            Class::Task => self.record(|state, worker, _| {
                let place = state.table.place(&fields.file, fields.line, fields.column);
                let site = state.table.site(place);
                let name = match (fields.name.as_str(), fields.kind.as_str()) {
                    ("", "block_on") => "main",
                    (name, _) => name,
                };
                let function = state.table.function(name, place);
                state.new_task(worker, key, function, site);
            }),
            Class::Resource if is_tokios_own(&fields) => {}
            Class::Resource => self.record_at(self.here(fields.file.is_empty()), true, |state, worker, thread| {
                let around = thread.entered.last().filter(|entered| entered.1 == Class::Resource);
                state.new_resource(worker, key, &fields, around.map(|around| around.0));
            }),
            Class::Operation => self.record(|state, worker, thread| {
                let resource = parent.or_else(|| thread.innermost(Class::Resource)).unwrap_or(0);
                state.new_operation(worker, key, resource, thread.outermost_operation(), &fields.source);
            }),
            Class::Poll | Class::Ordinary => {}
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(metadata) = context.metadata(id) else { return };
        if class_of(metadata) == Class::Ordinary && self.wants(metadata) {
            let mut text = Text::default();
            values.record(&mut text);
            let fields = text.finish();
            self.record(|state, _, _| state.add_fields(id.into_u64(), &fields));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(metadata) = context.metadata(id) else { return };
        let (class, key) = (class_of(metadata), id.into_u64());
        self.thread(|thread| thread.entered.push((key, class)));
        match class {
            Class::Task => self.record(|state, worker, _| {
                state.hosts(worker);
                state.enter(worker, key);
            }),
            Class::Ordinary if self.wants(metadata) => self.record(|state, worker, _| state.enter_span(worker, key)),
            _ => {}
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let Some(metadata) = context.metadata(id) else { return };
        let (class, key) = (class_of(metadata), id.into_u64());
        self.thread(|thread| {
            if let Some(place) = thread.entered.iter().rposition(|entered| entered.0 == key) {
                thread.entered.remove(place);
            }
        });
        let panicking = std::thread::panicking();
        match class {
            Class::Task => self.record(|state, worker, _| state.exit(worker, key, panicking)),
            Class::Ordinary if self.wants(metadata) => {
                self.record(|state, worker, _| state.exit_span(worker, key, panicking));
            }
            _ => {}
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(metadata) = context.metadata(&id) else { return };
        let key = id.into_u64();
        match class_of(metadata) {
            Class::Task => self.record(|state, worker, _| state.end_task(worker, key)),
            Class::Resource => self.record(|state, _, _| state.end_resource(key)),
            Class::Operation => self.record(|state, _, _| state.end_operation(key)),
            Class::Ordinary if self.wants(metadata) => self.record(|state, worker, _| state.end_span(worker, key)),
            Class::Poll | Class::Ordinary => {}
        }
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let says = says(metadata);
        if says == Says::Ordinary {
            if self.wants(metadata) {
                let mut text = Text::default();
                event.record(&mut text);
                let text = format!("{} {}: {}", metadata.level(), metadata.target(), text.finish().trim_start());
                self.record(|state, worker, _| {
                    let place = place(state, metadata);
                    state.event(worker, place, &text);
                });
            }
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        match says {
            Says::Waker if fields.waker == WakerOp::None => {}
            Says::Waker if fields.waker == WakerOp::Clone => {
                // Somebody means to wake the task that runs: it may be about to wait for something that says nothing itself.
                let own = self.thread(|thread| thread.task() == Some(fields.task));
                let here = self.here(own == Some(true));
                self.record_at(here, false, |state, worker, _| state.waker_cloned(worker, fields.task));
            }
            Says::Waker => self.record(|state, worker, _| state.wake(worker, fields.task)),
            Says::Polled => self.record_at(self.here(!fields.ready), false, |state, worker, thread| {
                let operation = thread.innermost(Class::Operation);
                if let Some(operation) = operation.filter(|_| operation == thread.outermost_operation()) {
                    state.polled(worker, operation, fields.ready);
                }
            }),
            Says::Operation => self.record_at(self.here(fields.how == How::Add), false, |state, worker, thread| {
                if let Some(operation) = thread.innermost(Class::Operation) {
                    state.operation_update(worker, operation, &fields, thread.polls(operation));
                }
            }),
            Says::Resource => self.record_at(self.here(fields.is_done()), false, |state, worker, thread| {
                if let Some(resource) = thread.innermost(Class::Resource) {
                    state.resource_update(worker, resource, &fields);
                }
            }),
            Says::Ordinary => {}
        }
    }
}
