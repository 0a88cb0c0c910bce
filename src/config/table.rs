//! The one table of options.
//!
//! A section is written once: the macro makes of it the struct that the program uses, the rows
//! that check a file, the reference page and the example file. So none can differ from another.

use super::option::{Row, Value};
use super::pending::PENDING;
use super::secret::Secret;
use super::{mappings, sections, sources, webhooks};
use seerflow_model::Severity;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// A named group of options, in the order of the reference page.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Name with a dot at the end; empty at the top.
    pub prefix: &'static str,
    /// What it is about.
    pub about: &'static str,
}

/// The sections in the order of the example file.
pub const SECTIONS: &[Section] = &[
    Section { prefix: "", about: "The program itself and its HTTP face." },
    Section { prefix: "storage.", about: "Where data is kept." },
    Section { prefix: "retention.", about: "How long events are kept." },
    Section { prefix: "receivers.", about: "How logs come in." },
    Section { prefix: "engine.", about: "How the dataflow runs." },
    Section { prefix: "detection.", about: "What counts as unusual." },
    Section { prefix: "sigma.", about: "Which Sigma rules are in force." },
    Section { prefix: "correlation.", about: "Rules over several events." },
    Section { prefix: "alerting.", about: "Where alerts go." },
    Section { prefix: "ueba.", about: "Behaviour of users and entities." },
    Section { prefix: "threat_intel.", about: "Indicators from outside." },
    Section { prefix: "llm.", about: "Explanations by a language model." },
];

/// Every option, active or not, in the order of the example file.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().flat_map(|section| {
        let active = sections::ACTIVE.iter().flat_map(|rows| rows.iter());
        active.chain(PENDING).filter(move |row| section_of(row.path) == section.prefix)
    })
}

/// The section of an option: all up to its first dot.
pub fn section_of(path: &str) -> &str {
    path.find('.').map_or("", |dot| &path[..=dot])
}

/// The row of a path.
pub fn row(path: &str) -> Option<&'static Row> {
    rows().find(|row| row.path == path)
}

/// All values, by path: what the file says, else the default.
#[derive(Clone, Default)]
pub struct Values {
    /// By path.
    pub values: BTreeMap<&'static str, Value>,
    /// The entries of `sources`, compiled.
    pub sources: Vec<sources::SourceEntry>,
    /// The entries of `detection.attack_mappings`, compiled.
    pub mappings: Vec<mappings::AttackMapping>,
    /// The entries of `receivers.webhooks`, compiled.
    pub webhooks: Vec<webhooks::WebhookEntry>,
}

/// Names only: some of the values are secrets, and some are text that may hold them.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values.keys()).finish()
    }
}

/// A value that cannot be held by the field of its option: the table itself is wrong.
#[derive(Debug, thiserror::Error)]
#[error("the table of options gives {0} a value that its type cannot hold")]
pub struct TableError(pub &'static str);

impl Values {
    /// The value of an option in the type of its field.
    pub fn get<T: FromValue>(&self, path: &'static str) -> Result<T, TableError> {
        self.values.get(path).and_then(T::from_value).ok_or(TableError(path))
    }
}

/// Types that fields of the configuration have.
pub trait FromValue: Sized {
    /// From a value that was checked against its kind; `None` when the kind does not fit the type.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_int {
    ($($type:ty),*) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Int(n) => <$type>::try_from(*n).ok(),
                    _ => None,
                }
            }
        }
    )*};
}

from_int!(u16, u32, u64, usize);

macro_rules! from_variant {
    ($($type:ty: $pattern:pat => $made:expr;)*) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                match value { $pattern => $made, _ => None }
            }
        }
    )*};
}

from_variant! {
    bool: Value::Bool(b) => Some(*b);
    f64: Value::Float(n) => Some(*n);
    String: Value::Text(text) => Some(text.clone());
    PathBuf: Value::Text(text) => Some(text.into());
    IpAddr: Value::Text(text) => text.parse().ok();
    Secret: Value::Secret(text) => Some(Secret::new(text.clone()));
    seerflow_sigma::Status: Value::Text(text) => text.parse().ok();
    seerflow_sigma::Level: Value::Text(text) => text.parse().ok();
    Severity: Value::Int(id) => u8::try_from(*id).ok().map(Severity::from_id);
    Vec<String>: Value::Texts(texts) => Some(texts.clone());
    Vec<PathBuf>: Value::Texts(texts) => Some(texts.iter().map(PathBuf::from).collect());
    BTreeMap<String, Vec<String>>: Value::Lists(lists) => Some(lists.clone());
    BTreeMap<String, u64>: Value::Table(table) => {
        table.iter().map(|(k, v)| Some((k.clone(), u64::try_from(*v).ok()?))).collect()
    };
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            Value::Text(text) if text.is_empty() => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// Words of a choice as an enum; the words are those of the option's kind.
macro_rules! choice {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[doc = $doc])+ $variant,)+ }

        impl $name {
            /// The words, in order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];
        }

        impl $crate::config::table::FromValue for $name {
            fn from_value(value: &$crate::config::option::Value) -> Option<Self> {
                match value {
                    $crate::config::option::Value::Text(text) => match text.as_str() {
                        $($word => Some($name::$variant),)+
                        _ => None,
                    },
                    _ => None,
                }
            }
        }
    };
}

/// A section: struct, rows and reader from one text. See the module head.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        $name:ident at $prefix:literal {
            $( group $(#[doc = $group_doc:literal])+ $group:ident : $group_type:ident; )*
            $( $(#[doc = $doc:literal])+ $field:ident : $type:ty = $default:literal, $kind:expr; )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $( $(#[doc = $group_doc])+ pub $group: $group_type, )*
            $( $(#[doc = $doc])+ pub $field: $type, )*
        }

        impl $name {
            /// Its rows of the table of options.
            pub(crate) const ROWS: &'static [$crate::config::option::Row] = &[
                $( $crate::config::option::Row {
                    path: concat!($prefix, stringify!($field)),
                    kind: $kind,
                    default: $default,
                    doc: concat!($($doc),+),
                    status: $crate::config::option::Status::Active,
                }, )*
            ];

            /// From checked values.
            pub(crate) fn read(
                values: &$crate::config::table::Values,
            ) -> Result<$name, $crate::config::table::TableError> {
                Ok($name {
                    $( $group: $group_type::read(values)?, )*
                    $( $field: values.get(concat!($prefix, stringify!($field)))?, )*
                })
            }
        }
    };
}

pub(crate) use {choice, section};
