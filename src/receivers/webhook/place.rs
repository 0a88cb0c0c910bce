//! Where a source of the webhooks comes in, as one text: `address/path source`.
//!
//! The name of an entrance is all that a source is told by (see [`super::super::push::Entrance`]),
//! so it holds the three parts: the address, the path, which has no blank in it, and the source that
//! a record names, if it names one.

/// The parts of the name of an entrance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The address that was bound.
    pub listener: &'a str,
    /// The path.
    pub path: &'a str,
    /// What a record says of its source; empty when it says nothing.
    pub source: &'a str,
}

impl<'a> Place<'a> {
    /// Reads a name.
    pub fn split(name: &'a str) -> Place<'a> {
        let slash = name.find('/').unwrap_or(name.len());
        let (listener, rest) = name.split_at(slash);
        let (path, source) = rest.split_once(' ').unwrap_or((rest, ""));
        Place { listener, path, source }
    }

    /// The name.
    pub fn join(self) -> String {
        let Place { listener, path, source } = self;
        if source.is_empty() {
            format!("{listener}{path}")
        } else {
            format!("{listener}{path} {source}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        for (listener, path, source) in [
            ("127.0.0.1:8081", "/ingest/webhook", ""),
            ("[::1]:8081", "/", "till 7 / north"),
            ("127.0.0.1:8081", "/a/b", "x → y"),
        ] {
            let place = Place { listener, path, source };
            assert_eq!(Place::split(&place.join()), place);
        }
        assert_eq!(Place::split(""), Place { listener: "", path: "", source: "" });
    }
}
