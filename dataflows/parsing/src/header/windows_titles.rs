//! What Windows would have rendered as the first line of an event whose text was not shipped.
//!
//! With it the same event is the same template whether its text came along or not. Only the
//! events that matter to security are here; any other id is spelled, see [`spelled`]. Cost: a
//! binary search, only for events without text.

/// Providers that share a table.
const SECURITY: &str = "Microsoft-Windows-Security-Auditing";
const SYSMON: &str = "Microsoft-Windows-Sysmon";

/// The title of an event, when it is known.
pub(super) fn title(provider: &str, id: &str) -> Option<&'static str> {
    let id: u16 = id.parse().ok()?;
    let table = match provider {
        // Where no provider was shipped, the channel stands for it.
        SECURITY | "Security" | "security" => AUDIT,
        SYSMON | "Microsoft-Windows-Sysmon/Operational" => WATCH,
        _ => {
            let row = OTHER.iter().find(|(known, by, _)| *known == id && *by == provider);
            return row.map(|(.., title)| *title);
        }
    };
    let at = table.binary_search_by_key(&id, |(known, ..)| *known).ok()?;
    Some(table[at].2)
}

/// `EventID 7036 (seven-zero-three-six)`: digits in a message are taken for values, so without
/// words all ids of a provider would be one template.
pub(super) fn spelled(id: &str) -> String {
    const WORDS: [&str; 10] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    const DIGITS_MAX: usize = 10;
    let digits = id.bytes().take(DIGITS_MAX).filter(u8::is_ascii_digit);
    let words: Vec<&str> = digits.map(|d| WORDS[usize::from(d - b'0')]).collect();
    match words.is_empty() {
        true => "Windows event".to_owned(),
        false => {
            let shown: String = id.chars().take(DIGITS_MAX).filter(char::is_ascii_digit).collect();
            format!("EventID {shown} ({})", words.join("-"))
        }
    }
}

/// Id, provider where a table has several, title.
type Row = (u16, &'static str, &'static str);

#[rustfmt::skip]
const AUDIT: &[Row] = &[
    (4608, "", "Windows is starting up."),
    (4616, "", "The system time was changed."),
    (4624, "", "An account was successfully logged on."),
    (4625, "", "An account failed to log on."),
    (4627, "", "Group membership information."),
    (4634, "", "An account was logged off."),
    (4647, "", "User initiated logoff:"),
    (4648, "", "A logon was attempted using explicit credentials."),
    (4656, "", "A handle to an object was requested."),
    (4657, "", "A registry value was modified."),
    (4658, "", "The handle to an object was closed."),
    (4660, "", "An object was deleted."),
    (4661, "", "A handle to an object was requested."),
    (4662, "", "An operation was performed on an object."),
    (4663, "", "An attempt was made to access an object."),
    (4670, "", "Permissions on an object were changed."),
    (4672, "", "Special privileges assigned to new logon."),
    (4673, "", "A privileged service was called."),
    (4674, "", "An operation was attempted on a privileged object."),
    (4688, "", "A new process has been created."),
    (4689, "", "A process has exited."),
    (4690, "", "An attempt was made to duplicate a handle to an object."),
    (4697, "", "A service was installed in the system."),
    (4698, "", "A scheduled task was created."),
    (4699, "", "A scheduled task was deleted."),
    (4700, "", "A scheduled task was enabled."),
    (4701, "", "A scheduled task was disabled."),
    (4702, "", "A scheduled task was updated."),
    (4703, "", "A token right was adjusted."),
    (4704, "", "A user right was assigned."),
    (4719, "", "System audit policy was changed."),
    (4720, "", "A user account was created."),
    (4722, "", "A user account was enabled."),
    (4723, "", "An attempt was made to change an account's password."),
    (4724, "", "An attempt was made to reset an account's password."),
    (4725, "", "A user account was disabled."),
    (4726, "", "A user account was deleted."),
    (4727, "", "A security-enabled global group was created."),
    (4728, "", "A member was added to a security-enabled global group."),
    (4729, "", "A member was removed from a security-enabled global group."),
    (4730, "", "A security-enabled global group was deleted."),
    (4731, "", "A security-enabled local group was created."),
    (4732, "", "A member was added to a security-enabled local group."),
    (4733, "", "A member was removed from a security-enabled local group."),
    (4734, "", "A security-enabled local group was deleted."),
    (4735, "", "A security-enabled local group was changed."),
    (4737, "", "A security-enabled global group was changed."),
    (4738, "", "A user account was changed."),
    (4739, "", "Domain Policy was changed."),
    (4740, "", "A user account was locked out."),
    (4741, "", "A computer account was created."),
    (4742, "", "A computer account was changed."),
    (4743, "", "A computer account was deleted."),
    (4756, "", "A member was added to a security-enabled universal group."),
    (4757, "", "A member was removed from a security-enabled universal group."),
    (4765, "", "SID History was added to an account."),
    (4767, "", "A user account was unlocked."),
    (4768, "", "A Kerberos authentication ticket (TGT) was requested."),
    (4769, "", "A Kerberos service ticket was requested."),
    (4770, "", "A Kerberos service ticket was renewed."),
    (4771, "", "Kerberos pre-authentication failed."),
    (4776, "", "The computer attempted to validate the credentials for an account."),
    (4778, "", "A session was reconnected to a Window Station."),
    (4779, "", "A session was disconnected from a Window Station."),
    (4781, "", "The name of an account was changed:"),
    (4798, "", "A user's local group membership was enumerated."),
    (4799, "", "A security-enabled local group membership was enumerated."),
    (4800, "", "The workstation was locked."),
    (4801, "", "The workstation was unlocked."),
    (4964, "", "Special groups have been assigned to a new logon."),
    (4985, "", "The state of a transaction has changed."),
    (5136, "", "A directory service object was modified."),
    (5137, "", "A directory service object was created."),
    (5140, "", "A network share object was accessed."),
    (5142, "", "A network share object was added."),
    (5145, "", "A network share object was checked to see whether client can be granted desired access."),
    (5152, "", "The Windows Filtering Platform has blocked a packet."),
    (5154, "", "The Windows Filtering Platform has permitted an application or service to listen on a port for incoming connections."),
    (5156, "", "The Windows Filtering Platform has permitted a connection."),
    (5157, "", "The Windows Filtering Platform has blocked a connection."),
    (5158, "", "The Windows Filtering Platform has permitted a bind to a local port."),
    (5379, "", "Credential Manager credentials were read."),
];

#[rustfmt::skip]
const WATCH: &[Row] = &[
    (1, "", "Process Create:"),
    (2, "", "File creation time changed:"),
    (3, "", "Network connection detected:"),
    (4, "", "Sysmon service state changed:"),
    (5, "", "Process terminated:"),
    (6, "", "Driver loaded:"),
    (7, "", "Image loaded:"),
    (8, "", "CreateRemoteThread detected:"),
    (9, "", "RawAccessRead detected:"),
    (10, "", "Process accessed:"),
    (11, "", "File created:"),
    (12, "", "Registry object added or deleted:"),
    (13, "", "Registry value set:"),
    (14, "", "Registry object renamed:"),
    (15, "", "File stream created:"),
    (16, "", "Sysmon config state changed:"),
    (17, "", "Pipe Created:"),
    (18, "", "Pipe Connected:"),
    (19, "", "WmiEventFilter activity detected:"),
    (20, "", "WmiEventConsumer activity detected:"),
    (21, "", "WmiEventConsumerToFilter activity detected:"),
    (22, "", "Dns query:"),
    (23, "", "File Delete archived:"),
    (24, "", "Clipboard changed:"),
    (25, "", "Process Tampering:"),
    (26, "", "File Delete logged:"),
    (27, "", "File Block Executable:"),
    (28, "", "File Block Shredding:"),
    (29, "", "File Executable Detected:"),
    (255, "", "Error report:"),
];

#[rustfmt::skip]
const OTHER: &[Row] = &[
    (104, "Microsoft-Windows-Eventlog", "The log file was cleared."),
    (1100, "Microsoft-Windows-Eventlog", "The event logging service has shut down."),
    (1102, "Microsoft-Windows-Eventlog", "The audit log was cleared."),
    (7034, "Service Control Manager", "A service terminated unexpectedly."),
    (7036, "Service Control Manager", "A service entered another state."),
    (7040, "Service Control Manager", "The start type of a service was changed."),
    (7045, "Service Control Manager", "A service was installed in the system."),
    (4104, "Microsoft-Windows-PowerShell", "Creating Scriptblock text (1 of 1):"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_titles_hold_no_values() {
        for table in [AUDIT, WATCH] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
        for (id, _, title) in AUDIT.iter().chain(WATCH) {
            assert!(!title.bytes().any(|b| b.is_ascii_digit()), "{id}");
        }
    }

    #[test]
    fn known_and_unknown_ids() {
        for (provider, id, expected) in [
            (SECURITY, "4625", Some("An account failed to log on.")),
            (SYSMON, "22", Some("Dns query:")),
            ("Service Control Manager", "7045", Some("A service was installed in the system.")),
            ("Service Control Manager", "4625", None),
            (SECURITY, "9999", None),
            (SECURITY, "x", None),
        ] {
            assert_eq!(title(provider, id), expected, "{provider} {id}");
        }
        assert_eq!(spelled("7036"), "EventID 7036 (seven-zero-three-six)");
        assert_eq!(spelled("99999999999999"), spelled("9999999999"));
        assert_eq!(spelled("x"), "Windows event");
    }
}
