//! Expressions in a frame: not there yet, each request says so. The folder `evaluate/` takes this file's place.
use super::request::Refused;
use super::travel::Debugged;
use super::view::View;
use crate::value::Value;
use tracer::inspect::Variable;
use tracer::program::ProgramInfo;

fn no<T>() -> Result<T, Refused> {
    Err(Refused("expressions are not there yet".into()))
}
#[derive(Clone)]
pub struct Compiled;
impl Compiled {
    pub fn new(_: &str) -> Result<Self, Refused> {
        no()
    }
    pub fn holds(
        &self,
        _: &mut Debugged,
        _: &ProgramInfo,
        _: u32,
        _: usize,
        _: &[(&str, Value)],
    ) -> Result<bool, Refused> {
        no()
    }
}
#[derive(Clone)]
pub struct Template;
impl Template {
    pub fn new(_: &str) -> Result<Self, Refused> {
        no()
    }
    pub fn fill(&self, _: &mut Debugged, _: &ProgramInfo, _: u32, _: usize) -> Result<String, Refused> {
        no()
    }
}
#[derive(Clone)]
pub struct Place;
pub fn locate(_: &View<'_>, _: u32, _: usize, _: &str) -> Result<Place, Refused> {
    no()
}
pub fn read(_: &View<'_>, _: &Place) -> Option<Value> {
    None
}
pub fn same(_: &View<'_>, a: Value, b: Value) -> bool {
    a == b
}
pub fn set(_: &mut Debugged, _: &ProgramInfo, _: u32, _: usize, _: &str, _: &str) -> Result<Variable, Refused> {
    no()
}
pub fn evaluate(_: &mut Debugged, _: &ProgramInfo, _: u32, _: usize, _: &str, _: bool) -> Result<Variable, Refused> {
    no()
}
