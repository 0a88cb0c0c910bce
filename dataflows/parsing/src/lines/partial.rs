//! Container runtimes cut long lines: CRI marks the pieces `P`, Docker leaves out the final `\n`.
//!
//! The pieces of one stream are put together under the time of the first. A Docker piece is one
//! only when it is as long as Docker's buffer, so that a writer that never ends its strings with
//! `\n` loses nothing. Memory: two streams of at most the limit.

use super::array::Nesting;
use super::split::Line;
use seerflow_model::LineEnd;

/// Docker cuts after 16 KiB; its escaped form is never shorter.
const DOCKER_PIECE: usize = 16 * 1024;

/// A line after joining of pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Position of the first byte in the stream.
    pub start: u64,
    /// Position after the last line end.
    pub end: u64,
    /// Number (from 0) of its first line in the stream.
    pub line: u64,
    /// How many lines it was written as.
    pub lines: u32,
    /// How the last of them ended.
    pub line_end: LineEnd,
    /// Whether something beyond the limit was left out.
    pub cut: bool,
    /// Where its first byte stands in a file that is one array.
    pub nesting: Nesting,
}

/// Joins the pieces of CRI and Docker lines.
#[derive(Clone, Debug)]
pub struct Partials {
    limit: usize,
    line: u64,
    /// Standard output and standard error.
    held: [Option<Held>; 2],
    /// Bytes that did not fit.
    pub skipped: u64,
}

#[derive(Clone, Debug)]
struct Held {
    bytes: Vec<u8>,
    /// What follows the text in a Docker line.
    tail: Vec<u8>,
    start: u64,
    end: u64,
    line: u64,
    lines: u32,
    line_end: LineEnd,
    cut: bool,
    nesting: Nesting,
}

/// A line of a container runtime, taken apart.
struct Piece<'a> {
    stream: usize,
    head: &'a [u8],
    text: &'a [u8],
    tail: &'a [u8],
    whole: bool,
}

impl Partials {
    /// Joined lines are at most `limit` bytes long; `line` is the number of the next line.
    pub fn new(limit: usize, line: u64) -> Partials {
        Partials { limit, line, held: [None, None], skipped: 0 }
    }

    /// Takes one line.
    pub fn push(&mut self, line: Line<'_>, mut each: impl FnMut(Whole<'_>)) {
        let number = self.line;
        self.line += 1;
        let pass = Whole {
            bytes: line.bytes,
            start: line.start,
            end: line.end,
            line: number,
            lines: 1,
            line_end: line.line_end,
            cut: line.cut,
            nesting: line.nesting,
        };
        let Some(piece) = cri(line.bytes).or_else(|| docker(line.bytes)) else {
            return each(pass);
        };
        match &mut self.held[piece.stream] {
            None if piece.whole => each(pass),
            None => {
                let mut bytes = piece.head.to_vec();
                bytes.extend_from_slice(piece.text);
                self.held[piece.stream] = Some(Held {
                    bytes,
                    tail: piece.tail.to_vec(),
                    start: line.start,
                    end: line.end,
                    line: number,
                    lines: 1,
                    line_end: line.line_end,
                    cut: line.cut,
                    nesting: line.nesting,
                });
            }
            Some(held) => {
                let room = self.limit.saturating_sub(held.bytes.len()).min(piece.text.len());
                // A cut inside an escape or a character would spoil the whole: take all or none.
                let kept = if room < piece.text.len() { &[][..] } else { piece.text };
                held.bytes.extend_from_slice(kept);
                self.skipped += (piece.text.len() - kept.len()) as u64;
                held.cut |= kept.len() < piece.text.len() || line.cut;
                held.end = line.end;
                held.line_end = line.line_end;
                held.lines += 1;
                if piece.whole {
                    self.release(piece.stream, &mut each);
                }
            }
        }
    }

    /// Hands on what is held, the older first.
    pub fn finish(&mut self, mut each: impl FnMut(Whole<'_>)) {
        let line = |held: &Option<Held>| held.as_ref().map_or(u64::MAX, |h| h.line);
        let first = usize::from(line(&self.held[1]) < line(&self.held[0]));
        self.release(first, &mut each);
        self.release(1 - first, &mut each);
    }

    /// Whether a piece waits for the next.
    pub fn pending(&self) -> bool {
        self.held.iter().any(Option::is_some)
    }

    /// Number of the next line.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn release(&mut self, stream: usize, each: &mut impl FnMut(Whole<'_>)) {
        if let Some(mut held) = self.held[stream].take() {
            held.bytes.extend_from_slice(&held.tail);
            each(Whole {
                bytes: &held.bytes,
                start: held.start,
                end: held.end,
                line: held.line,
                lines: held.lines,
                line_end: held.line_end,
                cut: held.cut,
                nesting: held.nesting,
            });
        }
    }
}

/// `2016-10-06T00:17:09.669794202Z stdout P text`.
fn cri(line: &[u8]) -> Option<Piece<'_>> {
    let time = memchr::memchr(b' ', line.get(..40.min(line.len()))?)?;
    if time < 20 || line[10] != b'T' {
        return None;
    }
    let rest = &line[time + 1..];
    let stream = usize::from(rest.starts_with(b"stderr "));
    if stream == 0 && !rest.starts_with(b"stdout ") {
        return None;
    }
    let tag = time + 8;
    let whole = match line.get(tag)? {
        b'F' => true,
        b'P' => false,
        _ => return None,
    };
    let text = match line.get(tag + 1) {
        None => tag + 1,
        Some(b' ') => tag + 2,
        Some(_) => return None,
    };
    Some(Piece { stream, head: &line[..text], text: &line[text..], tail: &[], whole })
}

/// `{"log":"text\n","stream":"stdout","time":"…"}`.
fn docker(line: &[u8]) -> Option<Piece<'_>> {
    const HEAD: &[u8] = b"{\"log\":\"";
    const STREAM: &[u8] = b"\",\"stream\":\"std";
    if !line.starts_with(HEAD) {
        return None;
    }
    let mut end = HEAD.len();
    loop {
        end += memchr::memchr2(b'"', b'\\', line.get(end..)?)?;
        if line[end] == b'"' {
            break;
        }
        end += 2;
    }
    let (text, tail) = (&line[HEAD.len()..end], &line[end..]);
    let stream = match tail.strip_prefix(STREAM)?.get(..4)? {
        b"out\"" => 0,
        b"err\"" => 1,
        _ => return None,
    };
    let whole = text.ends_with(b"\\n") || text.len() < DOCKER_PIECE;
    Some(Piece { stream, head: HEAD, text, tail, whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(lines: &[&str]) -> Vec<(String, u32)> {
        let mut partials = Partials::new(1 << 20, 0);
        let mut out = Vec::new();
        let mut start = 0;
        for line in lines {
            let end = start + line.len() as u64 + 1;
            let line = Line {
                bytes: line.as_bytes(),
                start,
                end,
                line_end: LineEnd::Lf,
                cut: false,
                nesting: Nesting::None,
            };
            partials.push(line, |w| {
                out.push((String::from_utf8(w.bytes.to_vec()).unwrap(), w.lines));
            });
            start = end;
        }
        partials.finish(|w| out.push((String::from_utf8(w.bytes.to_vec()).unwrap(), w.lines)));
        out
    }

    #[test]
    fn cri_pieces_of_two_streams() {
        let out = join(&[
            "2016-10-06T00:17:09.669794202Z stdout P one ",
            "2016-10-06T00:17:09.669794203Z stderr F other",
            "2016-10-06T00:17:09.669794204Z stdout P two ",
            "plain",
            "2016-10-06T00:17:09.669794205Z stdout F three",
            "2016-10-06T00:17:09.669794206Z stderr P left",
        ]);
        let texts: Vec<&str> = out.iter().map(|o| o.0.as_str()).collect();
        assert_eq!(
            texts,
            [
                "2016-10-06T00:17:09.669794203Z stderr F other",
                "plain",
                "2016-10-06T00:17:09.669794202Z stdout P one two three",
                "2016-10-06T00:17:09.669794206Z stderr P left",
            ]
        );
        assert_eq!(out[2].1, 3);
    }

    #[test]
    fn docker_pieces_are_those_of_full_length() {
        let long = "x".repeat(DOCKER_PIECE);
        let line = |text: &str| format!(r#"{{"log":"{text}","stream":"stdout","time":"t"}}"#);
        let (a, b, c) = (line(&long), line("end\\n"), line("no end"));
        assert_eq!(join(&[&a, &b]), [(line(&format!("{long}end\\n")), 2)]);
        assert_eq!(join(&[&c, &b]), [(c.clone(), 1), (b.clone(), 1)]);
    }
}
