//! The grammars of RFC 5424 and RFC 3164, checked the stupid way: which rule a line breaks first.

/// Length of structured data that conforms.
pub(super) fn data_length(tail: &str) -> Option<usize> {
    let name = |text: &str| {
        text.bytes()
            .take(32)
            .take_while(|c| c.is_ascii_graphic() && !matches!(c, b'=' | b']' | b'"'))
            .count()
    };
    if tail.starts_with('-') {
        return Some(1);
    }
    let mut at = 0;
    while tail[at..].starts_with('[') {
        at += 1;
        let id = name(&tail[at..]);
        at += id;
        if id == 0 {
            return None;
        }
        while tail[at..].starts_with(' ') {
            let length = name(&tail[at + 1..]);
            at += 1 + length;
            if length == 0 || !tail[at..].starts_with("=\"") {
                return None;
            }
            at += 2;
            loop {
                match *tail.as_bytes().get(at)? {
                    b'"' => break,
                    b']' => return None,
                    b'\\' if matches!(tail.as_bytes().get(at + 1), Some(b'"' | b'\\' | b']')) => {
                        at += 2
                    }
                    _ => at += 1,
                }
            }
            at += 1;
        }
        if !tail[at..].starts_with(']') {
            return None;
        }
        at += 1;
    }
    (at > 0).then_some(at)
}

/// `<0>` … `<191>`; what follows.
fn after_priority(line: &str) -> Option<&str> {
    let (digits, rest) = line.strip_prefix('<')?.split_once('>')?;
    let sound = digits.len() <= 3 && digits.bytes().all(|c| c.is_ascii_digit());
    let value: u32 = digits.parse().ok()?;
    (sound && value <= 191 && digits == value.to_string()).then_some(rest)
}

/// RFC 3339 as RFC 5424 narrows it.
fn is_timestamp(text: &str) -> bool {
    let b = text.as_bytes();
    let shape = b"0000-00-00T00:00:00";
    let head = b.len() > shape.len()
        && shape.iter().zip(b).all(|(s, c)| if *s == b'0' { c.is_ascii_digit() } else { s == c });
    let rest = if head { &text[shape.len()..] } else { return text == "-" };
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if !(1..=6).contains(&digits) {
                return false;
            }
            &fraction[digits..]
        }
        None => rest,
    };
    let zone = rest == "Z" || rest.len() == 6 && rest.as_bytes()[3] == b':' && text.is_ascii();
    let year = (1970..=2261).contains(&text[..4].parse().unwrap_or(0));
    // A leap second cannot be told from a second that does not exist.
    zone && year && &text[17..19] < "60" && text.parse::<jiff::Timestamp>().is_ok()
}

/// The first rule of RFC 5424 that a line breaks.
pub(super) fn rule_5424(line: &str) -> Option<&'static str> {
    let Some(rest) = after_priority(line) else { return Some("PRI") };
    let Some(rest) = rest.strip_prefix("1 ") else {
        let version = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        return Some(if rest.starts_with('1') && !version.starts_with(' ') {
            "SP"
        } else {
            "VERSION"
        });
    };
    let mut rest = rest;
    for (name, most) in
        [("TIMESTAMP", 64), ("HOSTNAME", 255), ("APP-NAME", 48), ("PROCID", 128), ("MSGID", 32)]
    {
        let Some((part, after)) = rest.split_once(' ') else { return Some("SP") };
        if part.is_empty() {
            return Some("SP");
        }
        let graphic = part.bytes().all(|c| c.is_ascii_graphic()) && part.len() <= most;
        if !graphic || name == "TIMESTAMP" && !is_timestamp(part) {
            return Some(name);
        }
        rest = after;
    }
    let Some(length) = data_length(rest) else { return Some("STRUCTURED-DATA") };
    (length < rest.len() && !rest[length..].starts_with(' ')).then_some("MSG")
}

/// The first rule of RFC 3164 that a line breaks.
pub(super) fn rule_3164(line: &str) -> Option<&'static str> {
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
    let Some(rest) = after_priority(line) else { return Some("PRI") };
    let b = rest.as_bytes();
    let shape = b"Mmm dd 00:00:00 ";
    let digits = |at: usize| b[at].is_ascii_digit() && b[at + 1].is_ascii_digit();
    let fits = b.len() > shape.len()
        && rest.is_char_boundary(4)
        && MONTHS.find(&rest[..4]).is_some_and(|at| at % 4 == 0)
        && (digits(4) && b[4] != b'0' || b[4] == b' ' && b[5].is_ascii_digit())
        && [6, 15].iter().all(|at| b[*at] == b' ')
        && [7, 10, 13].iter().all(|at| digits(*at))
        && b[9] == b':'
        && b[12] == b':'
        && &rest[7..9] < "24"
        && b[10] < b'6'
        && b[13] < b'6';
    let day = |text: &str| {
        let month = MONTHS.find(&text[..4]).unwrap_or(0) / 4 + 1;
        let day: i8 = text[4..6].trim().parse().unwrap_or(0);
        jiff::civil::Date::new(2026, month as i8, day).is_ok()
    };
    if !fits || !day(rest) {
        return Some("TIMESTAMP");
    }
    let Some((host, message)) = rest[16..].split_once(' ') else { return Some("HOSTNAME") };
    let named = |c: u8| c.is_ascii_alphanumeric() || b".:-".contains(&c);
    if host.is_empty() {
        return Some("SP");
    }
    if !host.bytes().all(named) || !host.bytes().any(|c| c.is_ascii_alphanumeric()) {
        return Some("HOSTNAME");
    }
    if message.starts_with(' ') {
        return Some("SP");
    }
    let tag = message.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let visible = message.bytes().all(|c| c == b' ' || c.is_ascii_graphic());
    (tag == 0 || tag > 32 || !visible).then_some("TAG")
}
