//! The types that the generated interfaces name. Only their names matter.

#![allow(dead_code, non_camel_case_types)]

pub use fidius::{PluginError, Stream};
pub use std::borrow::Cow;
pub use std::collections::{BTreeMap, HashMap};

pub struct AddInput;
pub struct AddOutput;
pub struct MulInput;
pub struct MulOutput;
pub struct Row;
pub struct r#type;
pub struct Größe;
pub type string = String;

pub struct Counted<const N: i64>;
pub struct Lent<'a, T: 'a, const N: usize>(&'a [T; N]);
pub struct Pair<'a, 'b, A, B>(&'a A, &'b B);
