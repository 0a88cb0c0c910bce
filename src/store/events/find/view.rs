//! An event that was found as JSON: the keys of an event and what the store knows besides.

use super::{Aliases, Found, score};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seerflow_model::EventView;
use serde::Serialize;

/// The keys of an event (`docs/event-model.md`), then `template_id` (as text, of the template
/// that stands for its own by now), `template`, `score` (0 to 1, one minus the probability) and
/// `probability`; on request the record with its line end, as `raw`, or as `raw_base64` where it
/// is not valid UTF-8.
#[derive(Clone, Debug, Serialize)]
pub struct FoundView<'a> {
    #[serde(flatten)]
    event: EventView<'a>,
    template_id: String,
    template: String,
    score: f64,
    probability: f64,
    #[serde(flatten)]
    raw: Option<Raw>,
}

#[derive(Clone, Debug, Serialize)]
struct Raw {
    raw: Option<String>,
    raw_base64: Option<String>,
}

impl<'a> FoundView<'a> {
    /// Shows an event; `raw`: with its record.
    pub fn new(found: &'a Found, aliases: &dyn Aliases, raw: bool) -> FoundView<'a> {
        let id = aliases.stands_for(found.template);
        let event = &found.event;
        let bytes = || [event.raw(), event.end.bytes()].concat();
        FoundView {
            event: EventView(event),
            template_id: id.to_string(),
            template: aliases.text(id).unwrap_or_else(|| found.text.to_string()),
            score: score(found.probability),
            probability: found.probability,
            raw: raw.then(|| match String::from_utf8(bytes()) {
                Ok(text) => Raw { raw: Some(text), raw_base64: None },
                Err(error) => {
                    Raw { raw: None, raw_base64: Some(STANDARD.encode(error.as_bytes())) }
                }
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::support::{event, parser};
    use super::*;

    struct One;

    impl Aliases for One {
        fn all_of(&self, id: u64) -> Vec<u64> {
            vec![id, 9]
        }

        fn stands_for(&self, _id: u64) -> u64 {
            9
        }

        fn text(&self, id: u64) -> Option<String> {
            (id == 9).then(|| "the other".to_owned())
        }
    }

    #[test]
    fn has_the_keys_of_an_event_and_more() {
        for (line, raw, base64) in [
            ("plain text".as_bytes(), Some("plain text\n"), None),
            (b"a\xffb".as_slice(), None, Some("Yf9iCg==")),
        ] {
            let event = event(&mut parser(), 1, 2, 3, line);
            let bare = serde_json::to_value(EventView(&event)).unwrap();
            let text = "a template".into();
            let found = Found { event, template: 5, text, probability: 0.25 };
            let json = serde_json::to_value(FoundView::new(&found, &One, true)).unwrap();
            for (key, value) in bare.as_object().unwrap() {
                assert_eq!(&json[key], value, "{key}");
            }
            assert_eq!(json["template_id"], "9");
            assert_eq!(json["template"], "the other");
            assert_eq!(
                (json["score"].as_f64(), json["probability"].as_f64()),
                (Some(0.75), Some(0.25))
            );
            assert_eq!((json["raw"].as_str(), json["raw_base64"].as_str()), (raw, base64));
            let json =
                serde_json::to_value(FoundView::new(&found, &super::super::NoAliases, false));
            let json = json.unwrap();
            assert_eq!(
                (&json["template_id"], &json["template"]),
                (&"5".into(), &"a template".into())
            );
            assert!(json.get("raw").is_none() && json.get("raw_base64").is_none());
        }
    }
}
