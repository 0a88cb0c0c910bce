//! What the fields of a Windows event are called in the shapes of its shippers, and what they are
//! called here.
//!
//! Data keep their own names and only lose what stands before them; the system part has the names
//! that rules in Sigma's language use.

/// What a field is called whatever the shape.
pub(super) enum Name {
    /// Its own name without so many bytes at the front.
    From(usize),
    /// A name of ours.
    To(&'static str),
    /// It says nothing.
    Drop,
}

/// What a field of that name is called.
pub(super) fn name(name: &str) -> Name {
    if let Some(rest) = name.strip_prefix("winlog.") {
        let data = [("event_data.", 11), ("user_data.", 10)];
        return match data.into_iter().find(|(prefix, _)| longer(rest, prefix)) {
            Some((_, skip)) => Name::From(7 + skip),
            None => system(rest, 7),
        };
    }
    if let Some(rest) = name.strip_prefix("Event.") {
        return nested(rest, 6);
    }
    match name {
        "Hostname" | "HostName" | "MachineName" | "computer_name" => Name::To("Computer"),
        "SourceName" | "ProviderName" | "EventSourceName" | "source_name" => {
            Name::To("Provider_Name")
        }
        "ProviderGuid" => Name::To("Provider_Guid"),
        "RecordNumber" | "record_number" => Name::To("EventRecordID"),
        "ExecutionProcessID" => Name::To("Execution_ProcessID"),
        "ThreadID" | "ExecutionThreadID" => Name::To("Execution_ThreadID"),
        "ActivityID" | "EventID" | "Channel" | "Computer" => Name::From(0),
        "event_id" => Name::To("EventID"),
        "log_name" => Name::To("Channel"),
        _ if longer(name, "event_data.") => Name::From(11),
        _ if name.starts_with("System.") || name.starts_with("EventData.") => nested(name, 0),
        _ => Name::From(0),
    }
}

/// Whether a name goes on after a prefix.
fn longer(name: &str, prefix: &str) -> bool {
    name.len() > prefix.len() && name.starts_with(prefix)
}

/// A name as in the XML of an event, that begins after so many bytes.
fn nested(rest: &str, skip: usize) -> Name {
    if let Some(data) = rest.strip_prefix("EventData.").filter(|data| !data.is_empty()) {
        return match data {
            "Data.#text" => Name::To("Data"),
            "#attributes.Name" => Name::To("EventData_Name"),
            _ => Name::From(skip + 10),
        };
    }
    if let Some(data) = rest.strip_prefix("UserData.") {
        // The data lies in an element whose name says what it is.
        return match data.split_once('.') {
            Some((element, inner)) if !element.is_empty() && !inner.is_empty() => {
                Name::From(skip + 9 + element.len() + 1)
            }
            _ => Name::From(if data.is_empty() { skip } else { skip + 9 }),
        };
    }
    if let Some(part) = rest.strip_prefix("System.") {
        return system(part, skip + 7);
    }
    if rest.starts_with("#attributes") || rest.starts_with("_attributes") {
        return Name::Drop;
    }
    Name::From(skip)
}

/// A name of the system part, that begins after so many bytes. Converters write an attribute of
/// an element as `#attributes.Name`, as `@Name` or beside it as `Provider_attributes`.
fn system(part: &str, skip: usize) -> Name {
    let (element, attribute) = part.rsplit_once('.').unwrap_or((part, ""));
    let bare = element.strip_suffix(".#attributes").or(element.strip_suffix("_attributes"));
    let attribute = attribute.strip_prefix('@').unwrap_or(attribute);
    Name::To(match (bare.unwrap_or(element), attribute) {
        ("event_id", "") | ("EventID", "#text") => "EventID",
        ("channel", "") => "Channel",
        ("provider_name", "") | ("Provider", "Name") => "Provider_Name",
        ("provider_guid", "") | ("Provider", "Guid") => "Provider_Guid",
        ("computer_name", "") => "Computer",
        ("record_id", "") => "EventRecordID",
        ("task", "") => "Task",
        ("opcode", "") => "Opcode",
        ("keywords", "") => "Keywords",
        ("version", "") => "Version",
        ("level", "") => "Level",
        ("process", "pid") | ("Execution", "ProcessID") => "Execution_ProcessID",
        ("process.thread", "id") | ("Execution", "ThreadID") => "Execution_ThreadID",
        ("user", "identifier") | ("Security", "UserID") => "Security_UserID",
        ("activity_id", "") | ("Correlation", "ActivityID") => "ActivityID",
        ("TimeCreated", "SystemTime") => "TimeCreated",
        ("EventID", "Qualifiers") => "Qualifiers",
        _ => return Name::From(skip),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(full: &str) -> &str {
        match name(full) {
            Name::From(skip) => &full[skip..],
            Name::To(other) => other,
            Name::Drop => "(dropped)",
        }
    }

    #[test]
    fn names_in_every_shape() {
        for (full, expected) in [
            ("winlog.event_data.Image", "Image"),
            ("winlog.event_data.a.b", "a.b"),
            ("winlog.event_data.", "event_data."),
            ("winlog.user_data.SubjectUserName", "SubjectUserName"),
            ("winlog.record_id", "EventRecordID"),
            ("winlog.logon.id", "logon.id"),
            ("winlog.", ""),
            ("event_data.Image", "Image"),
            ("Event.EventData.Image", "Image"),
            ("Event.EventData.Data.#text", "Data"),
            ("Event.EventData.", "EventData."),
            ("Event.UserData.LogFileCleared.SubjectUserName", "SubjectUserName"),
            ("Event.UserData.X", "X"),
            ("Event.UserData.", "UserData."),
            ("Event.System.EventID", "EventID"),
            ("Event.System.EventID.#text", "EventID"),
            ("Event.System.Provider_attributes.Name", "Provider_Name"),
            ("Event.System.Provider.#attributes.Name", "Provider_Name"),
            ("Event.System.Provider.@Name", "Provider_Name"),
            ("Event.System.Execution.#attributes.ProcessID", "Execution_ProcessID"),
            ("winlog.process.thread.id", "Execution_ThreadID"),
            ("Event.System.", ""),
            ("Event.#attributes.xmlns", "(dropped)"),
            ("Event.RenderingInfo.Message", "RenderingInfo.Message"),
            ("Event.", ""),
            ("System.Computer", "Computer"),
            ("EventData.Image", "Image"),
            ("Hostname", "Computer"),
            ("SourceName", "Provider_Name"),
            ("Image", "Image"),
            ("", ""),
        ] {
            assert_eq!(called(full), expected, "{full}");
        }
    }
}
