//! Query strings, read strictly against one table per route.
//!
//! A route's parameters are written once, as rows of [`Param`]: the document is made from them, and
//! what a request brings is checked against them before the handler runs. An unknown or repeated
//! parameter, or a value that is not allowed, is a 422 that says so.

use super::answer::{Refusal, shown};
use crate::cli::time_arg::{self, TimeArg};
use crate::config::problem::nearest;
use axum::extract::{FromRequestParts, Query as Pairs};
use axum::http::StatusCode;
use axum::http::request::Parts;
use seerflow_model::time::{self, Ns};
use seerflow_model::{Severity, entity};
use std::marker::PhantomData;
use std::time::SystemTime;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required};
use uuid::Uuid;

/// Most items on a page.
pub const LIMIT_MAX: u64 = 1_000;
/// Items on a page when nothing is said.
const LIMIT_DEFAULT: u64 = 50;
/// Longest cursor, in bytes.
const CURSOR_MAX: usize = 512;

/// One parameter of a query string.
#[derive(Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What is allowed.
    pub kind: Kind,
    /// What it does.
    pub doc: &'static str,
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text of so many bytes at most.
    Text(usize),
    /// A whole number from the first to the second; the third is meant when nothing is said.
    Int(u64, u64, Option<u64>),
    /// A number from the first to the second.
    Float(f64, f64),
    /// `true` or `false`.
    Flag,
    /// A moment.
    Time,
    /// A span of time: `30s`, `5m`, `2h`, `7d`.
    Span,
    /// A severity by number or name.
    Severity,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Some of these words, separated by commas.
    Words(&'static [&'static str]),
    /// Types of entities, separated by commas.
    EntityTypes,
    /// A UUID.
    Uuid,
}

/// `since` and `until`.
pub const RANGE: &[Param] = &[
    Param {
        name: "since",
        kind: Kind::Time,
        doc: "Not before this moment: RFC 3339, `2026-03-15`, `2026-03-15 03:14`, or so long ago: `30m`, `7d`. Without a zone UTC is meant.",
    },
    Param { name: "until", kind: Kind::Time, doc: "Before this moment; written like `since`." },
];

/// `page` and `limit`.
pub const PAGES: &[Param] = &[
    Param { name: "page", kind: Kind::Int(1, 1_000_000_000, Some(1)), doc: "Number of the page." },
    Param {
        name: "limit",
        kind: Kind::Int(1, LIMIT_MAX, Some(LIMIT_DEFAULT)),
        doc: "Most items on a page.",
    },
];

/// `cursor`, for lists that also have [`PAGES`].
pub const CURSOR: &[Param] = &[Param {
    name: "cursor",
    kind: Kind::Text(CURSOR_MAX),
    doc: "`next_cursor` of the page before, with the same other parameters; instead of `page`. Nothing is shown twice or left out while new data comes in.",
}];

/// `severity`.
pub const SEVERITY: &[Param] = &[Param {
    name: "severity",
    kind: Kind::Severity,
    doc: "At least this severity: 0 to 6, or trace, informational, notice, warning, error, critical, fatal.",
}];

/// The parameters of one route.
pub trait Query: Send + 'static {
    /// The rows, in groups.
    const PARAMS: &'static [&'static [Param]];
}

/// A route's parameters from groups of rows.
macro_rules! query {
    ($(#[doc = $doc:literal])+ $name:ident: $($group:expr),* $(,)?) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        impl $crate::api::query::Query for $name {
            const PARAMS: &'static [&'static [$crate::api::query::Param]] = &[$($group),*];
        }

        impl utoipa::IntoParams for $name {
            fn into_params(
                _in: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                $crate::api::query::document::<$name>()
            }
        }
    };
}
pub(super) use query;

query! {
    /// No parameters.
    Nothing:
}

fn rows<Q: Query>() -> impl Iterator<Item = &'static Param> {
    Q::PARAMS.iter().copied().flatten()
}

/// The parameters as the document shows them.
pub fn document<Q: Query>() -> Vec<Parameter> {
    let parameter = |param: &Param| {
        let list = matches!(param.kind, Kind::Words(_) | Kind::EntityTypes);
        ParameterBuilder::new()
            .name(param.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(param.doc))
            .schema(Some(RefOr::T(param.kind.schema())))
            .style(list.then_some(ParameterStyle::Form))
            .explode(list.then_some(false))
            .build()
    };
    rows::<Q>().map(parameter).collect()
}

impl Kind {
    fn schema(self) -> Schema {
        let of = |kind: Type| ObjectBuilder::new().schema_type(kind);
        let words = |words: Vec<&str>| of(Type::String).enum_values(Some(words));
        match self {
            Kind::Text(max) => of(Type::String).max_length(Some(max)).into(),
            Kind::Int(min, max, default) => of(Type::Integer)
                .minimum(Some(min as usize))
                .maximum(Some(max as usize))
                .default(default.map(Into::into))
                .into(),
            Kind::Float(min, max) => of(Type::Number).minimum(Some(min)).maximum(Some(max)).into(),
            Kind::Flag => of(Type::Boolean).into(),
            Kind::Time | Kind::Severity | Kind::Span => of(Type::String).into(),
            Kind::Choice(allowed) => words(allowed.to_vec()).into(),
            Kind::Words(allowed) => ArrayBuilder::new().items(words(allowed.to_vec())).into(),
            Kind::EntityTypes => {
                let names = entity::EntityType::ALL.map(entity::EntityType::name).to_vec();
                ArrayBuilder::new().items(words(names)).into()
            }
            Kind::Uuid => {
                of(Type::String).format(Some(SchemaFormat::Custom("uuid".to_owned()))).into()
            }
        }
    }

    /// Whether a value is allowed; else what is.
    fn check(self, value: &str) -> Result<(), String> {
        let one_of = |allowed: &[&str], words: &str, separator: char| match words
            .split(separator)
            .all(|word| allowed.contains(&word))
        {
            true => Ok(()),
            false => Err(allowed.join(", ")),
        };
        let (fits, allowed): (bool, String) = match self {
            Kind::Text(max) => {
                (value.len() <= max && !value.contains('\0'), format!("text of {max} bytes"))
            }
            Kind::Int(min, max, _) => (
                value.parse().is_ok_and(|n: u64| (min..=max).contains(&n)),
                format!("a whole number from {min} to {max}"),
            ),
            Kind::Float(min, max) => (
                value.parse().is_ok_and(|n: f64| (min..=max).contains(&n)),
                format!("a number from {min} to {max}"),
            ),
            Kind::Flag => (matches!(value, "true" | "false"), "true, false".into()),
            Kind::Time => (time(value).is_some(), time_arg::ALLOWED.into()),
            Kind::Span => (span(value).is_some(), "a span of time: 30s, 5m, 2h, 7d, 4w".into()),
            Kind::Severity => (severity(value).is_some(), "0 to 6 or a severity's name".into()),
            Kind::Choice(words) => return one_of(words, value, '\0'),
            Kind::Words(words) => return one_of(words, value, ','),
            Kind::EntityTypes => {
                let names = entity::EntityType::ALL.map(entity::EntityType::name);
                return one_of(&names, value, ',');
            }
            Kind::Uuid => (Uuid::try_parse(value).is_ok(), "a UUID".into()),
        };
        if fits { Ok(()) } else { Err(allowed) }
    }
}

fn severity(text: &str) -> Option<Severity> {
    let id = text.parse::<u8>().ok().filter(|id| *id <= 6).map(Severity::from_id);
    id.or_else(|| Severity::from_word(text.as_bytes()))
}

fn time(text: &str) -> Option<TimeArg> {
    // In a query string a bare `+` means a space, which breaks `+02:00`.
    time_arg::parse(text).or_else(|_| time_arg::parse(&text.replace(' ', "+"))).ok()
}

/// A span of time, in ns; never 0.
pub fn span(text: &str) -> Option<Ns> {
    match time_arg::parse(text) {
        Ok(TimeArg::Back(span)) if span > 0 => Some(span),
        _ => None,
    }
}

/// The clock, as ns since 1970.
pub fn now() -> Ns {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(time::MAX_NS).min(time::MAX_NS)
}

/// What a request asked for, checked against the table of its route.
#[derive(Debug)]
pub struct Asked<Q> {
    pairs: Vec<(String, String)>,
    now: Ns,
    of: PhantomData<fn() -> Q>,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// By its number, from 1.
    Page(u64),
    /// After what the cursor names.
    Cursor(String),
}

impl<S: Sync, Q: Query> FromRequestParts<S> for Asked<Q> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Asked<Q>, Refusal> {
        let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the query string is malformed"))?;
        Asked::of(pairs.0, now())
    }
}

impl<Q: Query> Asked<Q> {
    /// Checks the pairs of a query string.
    pub fn of(pairs: Vec<(String, String)>, now: Ns) -> Result<Asked<Q>, Refusal> {
        for (index, (name, value)) in pairs.iter().enumerate() {
            let Some(param) = rows::<Q>().find(|param| param.name == name) else {
                return Err(unknown::<Q>(name));
            };
            if pairs[..index].iter().any(|(other, _)| other == name) {
                let detail =
                    format!("parameter {name} is given twice; separate values with commas");
                return Err(Refusal::unprocessable(detail));
            }
            param.kind.check(value).map_err(|allowed| Refusal::value(name, value, &allowed))?;
        }
        Ok(Asked { pairs, now, of: PhantomData })
    }

    /// A value as it was given.
    pub fn text(&self, name: &str) -> Option<&str> {
        debug_assert!(rows::<Q>().any(|param| param.name == name), "{name} is not in the table");
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A value as it was given; nothing when it is empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A value that its row has checked, in its type.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// The parts of a list.
    pub fn words(&self, name: &str) -> Vec<String> {
        self.text(name).into_iter().flat_map(|text| text.split(',')).map(str::to_owned).collect()
    }

    /// Whether a flag is set.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text == "true")
    }

    /// A severity.
    pub fn severity(&self, name: &str) -> Option<Severity> {
        severity(self.text(name)?)
    }

    /// A UUID.
    pub fn uuid(&self, name: &str) -> Option<Uuid> {
        Uuid::try_parse(self.text(name)?).ok()
    }

    /// A moment.
    pub fn time(&self, name: &str) -> Option<Ns> {
        Some(time(self.text(name)?)?.resolve(self.now))
    }

    /// `since` and `until`.
    pub fn range(&self) -> Result<(Option<Ns>, Option<Ns>), Refusal> {
        let (since, until) = (self.time("since"), self.time("until"));
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "since must be before until"));
        }
        Ok((since, until))
    }

    /// `page` and `limit`.
    pub fn page(&self) -> (u64, u64) {
        (self.parsed("page").unwrap_or(1), self.limit())
    }

    /// `limit`.
    pub fn limit(&self) -> u64 {
        self.parsed("limit").unwrap_or(LIMIT_DEFAULT)
    }

    /// `page` or `cursor`, and `limit`.
    pub fn place(&self) -> Result<(At, u64), Refusal> {
        let at = match (self.filled("cursor"), self.text("page")) {
            (Some(_), Some(_)) => {
                return Err(Refusal::unprocessable("page and cursor are both given; allowed: one"));
            }
            (Some(cursor), None) => At::Cursor(cursor.to_owned()),
            (None, _) => At::Page(self.parsed("page").unwrap_or(1)),
        };
        Ok((at, self.limit()))
    }

    /// The clock when the request was read.
    pub fn now(&self) -> Ns {
        self.now
    }
}

fn unknown<Q: Query>(name: &str) -> Refusal {
    let names: Vec<&str> = rows::<Q>().map(|param| param.name).collect();
    let near = nearest(name, names.iter().copied());
    let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    let list = if names.is_empty() { "none".into() } else { names.join(", ") };
    let detail = format!("unknown parameter \"{}\"; allowed: {list}{near}", shown(name));
    Refusal::unprocessable(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    query! {
        /// For tests.
        All: RANGE, PAGES, CURSOR, SEVERITY, &[
            Param { name: "id", kind: Kind::Uuid, doc: "." },
            Param { name: "raw", kind: Kind::Flag, doc: "." },
            Param { name: "order", kind: Kind::Choice(&["newest", "oldest"]), doc: "." },
            Param { name: "type", kind: Kind::Words(&["ml", "ioc"]), doc: "." },
            Param { name: "score", kind: Kind::Float(0.0, 1.0), doc: "." },
            Param { name: "q", kind: Kind::Text(4), doc: "." },
            Param { name: "types", kind: Kind::EntityTypes, doc: "." },
            Param { name: "width", kind: Kind::Span, doc: "." },
        ]
    }

    fn asked(query: &[(&str, &str)]) -> Result<Asked<All>, Refusal> {
        let pairs = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Asked::of(pairs, 10 * time::SECOND)
    }

    #[test]
    fn values_come_in_their_types() {
        let all = asked(&[
            ("since", "5s"),
            ("severity", "error"),
            ("raw", "true"),
            ("type", "ml,ioc"),
            ("score", "0.25"),
            ("q", "a"),
            ("cursor", "c"),
            ("limit", "7"),
        ])
        .unwrap();
        assert_eq!(all.range(), Ok((Some(5 * time::SECOND), None)));
        assert_eq!(all.severity("severity"), Some(Severity::Error));
        assert_eq!((all.flag("raw"), all.parsed("score")), (Some(true), Some(0.25)));
        assert_eq!(all.words("type"), ["ml", "ioc"]);
        assert_eq!(all.place(), Ok((At::Cursor("c".into()), 7)));
        let none = asked(&[]).unwrap();
        assert_eq!(none.place(), Ok((At::Page(1), LIMIT_DEFAULT)));
        assert_eq!(none.page(), (1, LIMIT_DEFAULT));
        assert!(none.words("type").is_empty() && none.uuid("id").is_none());
    }

    #[test]
    fn what_is_not_allowed_is_told() {
        for (name, value, detail) in [
            ("limit", "1001", "limit is \"1001\"; allowed: a whole number from 1 to 1000"),
            ("page", "0", "page is \"0\"; allowed: a whole number from 1 to 1000000000"),
            ("id", "x", "id is \"x\"; allowed: a UUID"),
            ("raw", "yes", "raw is \"yes\"; allowed: true, false"),
            ("order", "best", "order is \"best\"; allowed: newest, oldest"),
            ("type", "ml,", "type is \"ml,\"; allowed: ml, ioc"),
            ("score", "NaN", "score is \"NaN\"; allowed: a number from 0 to 1"),
            ("q", "12345", "q is \"12345\"; allowed: text of 4 bytes"),
            ("q", "\0", "q is \"\\u{0}\"; allowed: text of 4 bytes"),
            ("width", "0s", "width is \"0s\"; allowed: a span of time: 30s, 5m, 2h, 7d, 4w"),
            ("severity", "7", "severity is \"7\"; allowed: 0 to 6 or a severity's name"),
        ] {
            let refusal = asked(&[(name, value)]).unwrap_err();
            assert_eq!((refusal.status.as_u16(), refusal.detail()), (422, detail));
        }
        let refusal = asked(&[("types", "ip,cat")]).unwrap_err();
        assert!(refusal.detail().contains("allowed: user, ip"), "{}", refusal.detail());
        let refusal = asked(&[("limt", "1")]).unwrap_err();
        assert!(refusal.detail().ends_with("; did you mean limit?"), "{}", refusal.detail());
        assert!(asked(&[("limit", "1"), ("limit", "1")]).is_err());
        let both = asked(&[("page", "1"), ("cursor", "c")]).unwrap();
        assert_eq!(both.place().unwrap_err().status.as_u16(), 422);
        let range = asked(&[("since", "1s"), ("until", "2s")]).unwrap();
        assert_eq!(range.range().unwrap_err().status.as_u16(), 400);
    }

    #[test]
    fn every_row_is_in_the_document() {
        let document = document::<All>();
        assert_eq!(document.len(), rows::<All>().count());
        assert!(document.iter().all(|p| p.description.is_some() && p.schema.is_some()));
        assert!(self::document::<Nothing>().is_empty());
    }
}
