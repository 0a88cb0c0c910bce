//! JSON as it stands in a body: where its values begin and end, strictly by RFC 8259.
//!
//! A body is looked through once, without building anything: a record is the bytes that were sent,
//! not what a reader made of them, so numbers keep their digits and doubled keys stay. What counts
//! of a doubled key is the first, here as in the parser. Bounds: depth [`DEPTH_MAX`]; time and
//! memory by the length. Cost: a nanosecond a byte or two.

/// Deepest nesting of a body.
pub const DEPTH_MAX: u32 = 64;

/// Where and why a text is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Byte in the body.
    pub at: usize,
    /// What is wrong.
    pub what: &'static str,
}

type End = Result<usize, Broken>;

fn broken<T>(at: usize, what: &'static str) -> Result<T, Broken> {
    Err(Broken { at, what })
}

/// The first byte from `i` on that is no white space.
pub fn blanks(b: &[u8], mut i: usize) -> usize {
    while matches!(b.get(i), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        i += 1;
    }
    i
}

/// The end of the value that begins at `i`.
pub fn value(b: &[u8], mut i: usize) -> End {
    // One bit a level: whether it is an object.
    let (mut objects, mut depth) = (0u64, 0u32);
    loop {
        i = blanks(b, i);
        match b.get(i) {
            Some(open @ (b'{' | b'[')) => {
                if depth == DEPTH_MAX {
                    return broken(i, "is nested too deeply");
                }
                let object = *open == b'{';
                (objects, depth) = (objects << 1 | u64::from(object), depth + 1);
                i = blanks(b, i + 1);
                if b.get(i) != Some(&(open + 2)) {
                    if object {
                        i = key(b, i)?;
                    }
                    continue;
                }
            }
            Some(_) => i = scalar(b, i)?,
            None => return broken(i, "ends in the middle"),
        }
        // A value has ended, or the bracket of an empty one stands here.
        loop {
            if depth == 0 {
                return Ok(i);
            }
            i = blanks(b, i);
            let object = objects & 1 == 1;
            match b.get(i) {
                Some(b'}') if object => {}
                Some(b']') if !object => {}
                Some(b',') if object => {
                    i = key(b, blanks(b, i + 1))?;
                    break;
                }
                Some(b',') => {
                    i += 1;
                    break;
                }
                Some(_) => return broken(i, "lacks a comma or a bracket"),
                None => return broken(i, "ends in the middle"),
            }
            (objects, depth, i) = (objects >> 1, depth - 1, i + 1);
        }
    }
}

/// A key and its colon.
fn key(b: &[u8], i: usize) -> End {
    if b.get(i) != Some(&b'"') {
        return broken(i, "lacks a key in quotes");
    }
    let i = blanks(b, string(b, i)?);
    if b.get(i) == Some(&b':') { Ok(i + 1) } else { broken(i, "lacks a colon") }
}

fn scalar(b: &[u8], i: usize) -> End {
    match b[i] {
        b'"' => string(b, i),
        b'-' | b'0'..=b'9' => number(b, i),
        _ => {
            let words = [&b"true"[..], b"false", b"null"];
            match words.into_iter().find(|word| b[i..].starts_with(word)) {
                Some(word) => Ok(i + word.len()),
                None => broken(i, "is no value"),
            }
        }
    }
}

fn string(b: &[u8], start: usize) -> End {
    let mut i = start + 1;
    loop {
        match b.get(i) {
            Some(b'"') => return Ok(i + 1),
            Some(b'\\') => {
                i += match b.get(i + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                    Some(b'u') if hex(b.get(i + 2..i + 6)) => 6,
                    _ => return broken(i, "has an escape that is none"),
                }
            }
            Some(0..0x20) => return broken(i, "has a control character in a string"),
            Some(_) => i += 1,
            None => return broken(start, "has a string without an end"),
        }
    }
}

fn hex(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

fn number(b: &[u8], start: usize) -> End {
    let digits = |i: usize| b[i.min(b.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut i = start + usize::from(b[start] == b'-');
    let whole = digits(i);
    if whole == 0 || (whole > 1 && b[i] == b'0') {
        return broken(start, "has a number that is none");
    }
    i += whole;
    if b.get(i) == Some(&b'.') {
        let part = digits(i + 1);
        if part == 0 {
            return broken(start, "has a number that is none");
        }
        i += 1 + part;
    }
    if matches!(b.get(i), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(b.get(i + 1), Some(b'+' | b'-')));
        let part = digits(i + 1 + sign);
        if part == 0 {
            return broken(start, "has a number that is none");
        }
        i += 1 + sign + part;
    }
    Ok(i)
}

/// Where the elements of the array at `i` begin and end. The text must be valid.
pub fn elements(b: &[u8], i: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut next = (b.get(i) == Some(&b'[')).then(|| blanks(b, i + 1));
    std::iter::from_fn(move || {
        let start = next.filter(|i| b.get(*i) != Some(&b']'))?;
        let end = value(b, start).ok()?;
        let comma = blanks(b, end);
        next = (b.get(comma) == Some(&b',')).then(|| blanks(b, comma + 1));
        Some((start, end))
    })
}

/// Where the field of this name begins in the object at `i`; `a.b` is the field `b` of the object
/// `a`. The text must be valid.
pub fn field(b: &[u8], i: usize, name: &str) -> Option<usize> {
    if b.get(i) != Some(&b'{') {
        return None;
    }
    let mut i = blanks(b, i + 1);
    while b.get(i) == Some(&b'"') {
        let end = string(b, i).ok()?;
        let key = &b[i + 1..end - 1];
        let start = blanks(b, blanks(b, end) + 1);
        if key.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(start);
        }
        if let Some((first, rest)) = name.split_at_checked(key.len())
            && let Some(rest) = rest.strip_prefix('.').filter(|rest| !rest.is_empty())
            && first.as_bytes().eq_ignore_ascii_case(key)
            && b.get(start) == Some(&b'{')
        {
            return field(b, start, rest);
        }
        let comma = blanks(b, value(b, start).ok()?);
        if b.get(comma) != Some(&b',') {
            return None;
        }
        i = blanks(b, comma + 1);
    }
    None
}

/// A value on one line: as it stands when it is, else without the white space between its parts.
pub fn one_line(value: &[u8], out: &mut Vec<u8>) {
    if memchr::memchr2(b'\n', b'\r', value).is_none() {
        return out.extend_from_slice(value);
    }
    let mut i = 0;
    while i < value.len() {
        i = blanks(value, i);
        let end = match value.get(i) {
            Some(b'"') => string(value, i).unwrap_or(value.len()),
            _ => {
                let more = value[i..]
                    .iter()
                    .take_while(|c| !matches!(**c, b' ' | b'\t' | b'\n' | b'\r' | b'"'));
                i + more.count()
            }
        };
        out.extend_from_slice(&value[i..end]);
        i = end;
    }
}
