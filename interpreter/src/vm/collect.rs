//! stub
use super::fault::Fault;
use super::machine::Machine;
use tracer::record::Tracer;
impl<T: Tracer> Machine<T> {
    pub(super) fn collect_garbage(&mut self) -> Result<(), Fault> {
        Ok(())
    }
    pub(super) fn scan(&mut self) {}
    pub(super) fn final_scan(&mut self) {}
}
