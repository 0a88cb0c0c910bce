//! Addresses and names of the network: IPv4, IPv6, MAC, bus addresses, domains, mail addresses.

use super::class::{self, ATOM, START, byte};
use seerflow_model::ParamKind;
use std::net::Ipv6Addr;

/// A dotted quad that begins at `at`: the end of the address.
pub fn ipv4(text: &[u8], at: usize) -> Option<usize> {
    let mut i = at;
    for part in 0..4 {
        if part > 0 {
            if byte(text, i) != b'.' {
                return None;
            }
            i += 1;
        }
        let end = class::digits(text, i);
        let number = text[i..end].iter().take(4).fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
        if !(1..=3).contains(&(end - i)) || number > 255 {
            return None;
        }
        i = end;
    }
    // `1.2.3.4.5` and `1.2.3.4-5` are versions, `5.36.59.76.dsl.example.net` is a name; a full
    // stop at the end of a sentence is neither.
    let next = class::at(text, i);
    let more = next & ATOM != 0 && (next & START != 0 || class::at(text, i + 1) & START != 0);
    (!more).then_some(i)
}

/// `:port` after an address or name: the end of the port. `10.0.0.1:80:` has one, too.
pub fn port(text: &[u8], at: usize) -> Option<usize> {
    if byte(text, at) != b':' {
        return None;
    }
    let end = class::digits(text, at + 1);
    let len = end - at - 1;
    ((1..=5).contains(&len) && class::at(text, end) & START == 0).then_some(end)
}

/// `/len` of a network after an address.
pub fn prefix_length(text: &[u8], at: usize) -> Option<usize> {
    if byte(text, at) != b'/' {
        return None;
    }
    let end = class::digits(text, at + 1);
    let ok = (1..=3).contains(&(end - at - 1));
    (ok && class::at(text, end) & START == 0 && byte(text, end) != b'/').then_some(end)
}

/// Groups of hexadecimal digits with colons, beginning at `at`: IPv6, MAC, bus address.
///
/// `12::34`, `d::` and `face::add` stay what they are: a short form must look like an address.
pub fn colons(text: &[u8], at: usize) -> Option<(ParamKind, usize)> {
    // Within a chain nothing begins: `00:00:1a:…`.
    if at >= 2 && text[at - 1] == b':' && (text[at - 2].is_ascii_hexdigit() || text[at - 2] == b'>')
    {
        return None;
    }
    if let Some(octets) = octets(text, at) {
        return Some(octets);
    }
    let mut end = at;
    while end - at < 46 && matches!(byte(text, end), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b':')
    {
        end += 1;
    }
    let mut quad = end;
    while quad > at && text[quad - 1] != b':' {
        quad -= 1;
    }
    if byte(text, end) == b'.'
        && let Some(mapped) = ipv4(text, quad)
    {
        end = mapped; // `::ffff:10.0.0.1`
    }
    while end > at && text[end - 1] == b':' && !text[at..end].ends_with(b"::") {
        end -= 1;
    }
    let run = std::str::from_utf8(&text[at..end]).ok()?;
    if let Some(bus) = bus(text, at, end) {
        return Some(bus);
    }
    let address = !run.ends_with("::") && run.len() >= 3 && run.parse::<Ipv6Addr>().is_ok();
    if !address || !looks_like_ipv6(run) {
        return None;
    }
    if byte(text, end) == b'%' {
        end += 1; // a zone: `fe80::1%eth0`
        while class::at(text, end) & (START | class::DOT) != 0 {
            end += 1;
        }
    }
    // `::a:<Number>`: what was longer before it was masked is no address now.
    let cut = byte(text, end) == b':' && byte(text, end + 1) == b'<';
    (class::at(text, end) & START == 0 && !cut).then_some((ParamKind::Ip, end))
}

fn looks_like_ipv6(run: &str) -> bool {
    let groups = run.split(':').filter(|g| !g.is_empty());
    let (mut count, mut long) = (0, false);
    for group in groups {
        count += 1;
        long |= group.len() == 4;
    }
    let digit = run.bytes().any(|b| b.is_ascii_digit());
    digit && (count >= 3 || long || run.starts_with("::"))
}

/// PCI's `0000:00:1f.0` and `00:1f.0`.
fn bus(text: &[u8], at: usize, end: usize) -> Option<(ParamKind, usize)> {
    let run = &text[at..end];
    let shape = match run.len() {
        5 => run[2] == b':',
        10 => run[4] == b':' && run[7] == b':',
        _ => false,
    };
    let function = byte(text, end) == b'.' && byte(text, end + 1).is_ascii_digit();
    (shape && function && class::at(text, end + 2) & START == 0).then_some((ParamKind::Id, end + 2))
}

/// `00:1a:2b:3c:4d:5e`; longer chains are fingerprints and headers of frames.
fn octets(text: &[u8], at: usize) -> Option<(ParamKind, usize)> {
    let pair =
        |i: usize| byte(text, i).is_ascii_hexdigit() && byte(text, i + 1).is_ascii_hexdigit();
    let (mut count, mut end) = (0, at);
    while count < 64 && pair(end) {
        count += 1;
        end += 2;
        if byte(text, end) != b':' || !pair(end + 1) {
            break;
        }
        end += 1;
    }
    let more = byte(text, end) == b':' && class::at(text, end + 1) & START != 0;
    let kind = if count == 6 { ParamKind::Mac } else { ParamKind::Hex };
    (count >= 6 && class::at(text, end) & START == 0 && !more).then_some((kind, end))
}

/// Country codes that are a file name's ending more often than a domain's.
const ENDINGS: [&[u8; 2]; 14] = [
    b"sh", b"py", b"pl", b"rs", b"md", b"cc", b"so", b"ps", b"pm", b"mk", b"ml", b"in", b"js",
    b"id",
];
/// Names at the beginning of a Java package, which reads like a domain backwards.
const PACKAGES: [&[u8]; 9] =
    [b"com", b"org", b"net", b"edu", b"gov", b"io", b"java", b"javax", b"sun"];
const GENERIC: [&[u8]; 13] = [
    b"com",
    b"net",
    b"org",
    b"edu",
    b"gov",
    b"mil",
    b"arpa",
    b"local",
    b"lan",
    b"internal",
    b"localdomain",
    b"onion",
    b"corp",
];
/// Endings that are also plain words: only with three labels.
const WORDS: [&[u8]; 15] = [
    b"info",
    b"biz",
    b"name",
    b"dev",
    b"app",
    b"cloud",
    b"online",
    b"site",
    b"xyz",
    b"test",
    b"example",
    b"home",
    b"intra",
    b"intranet",
    b"int",
];
/// ISO 3166 codes in use as top-level domains, one bit per second letter.
static COUNTRIES: [u32; 26] = countries(
    b"acadaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjbmbnbobrbsbtbwbybzcacccdcfcgchcickclcmcn\
cocrcucvcwcxcyczdedjdkdmdodzeceeegereseteufifjfkfmfofrgagdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhn\
hrhthuidieiliminiqirisitjejmjojpkekgkhkikmknkpkrkwkykzlalblclilklrlsltlulvlymamcmdmemgmhmkmlmmmn\
momqmrmsmtmumvmwmxmymznancnenfngninlnonpnrnunzompapepfpgphpkplpmpnprpsptpwpyqarerorsruzwsasbscsd\
sesgshsiskslsmsnsosrstsusvsxsysztctdtftgthtjtktltmtntotrtttvtwtzuaugukusuyuzvavcvevgvivnvuwfws\
yeytzazm",
);

const fn countries(codes: &[u8]) -> [u32; 26] {
    let mut table = [0u32; 26];
    let mut i = 0;
    while i + 1 < codes.len() {
        table[(codes[i] - b'a') as usize] |= 1 << (codes[i + 1] - b'a');
        i += 2;
    }
    table
}

/// Whether a dotted core is the name of a host or domain.
pub fn domain(core: &[u8]) -> bool {
    if core.len() > 253 {
        return false;
    }
    let (mut labels, mut first, mut last) = (0, core, core);
    for label in core.split(|b| *b == b'.') {
        let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if label.is_empty() || label.len() > 63 || !label.iter().all(inner) {
            return false;
        }
        if labels == 0 {
            first = label;
        }
        last = label;
        labels += 1;
    }
    if labels < 2 || PACKAGES.iter().any(|p| first.eq_ignore_ascii_case(p)) {
        return false;
    }
    let among = |list: &[&[u8]]| list.iter().any(|t| last.eq_ignore_ascii_case(t));
    if let [a, b] = last {
        let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
        let country = a.is_ascii_lowercase()
            && b.is_ascii_lowercase()
            && COUNTRIES[usize::from(a - b'a')] >> (b - b'a') & 1 == 1;
        return country
            && (labels >= 3 || first.len() >= 2 && !ENDINGS.iter().any(|e| e[..] == [a, b]));
    }
    among(&GENERIC) || labels >= 3 && among(&WORDS)
}

/// Whether a core is `somebody@somewhere`.
pub fn email(core: &[u8]) -> bool {
    let mut parts = core.splitn(3, |b| *b == b'@');
    let (Some(user), Some(host), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    // `Object@1f0b3a7c` is the identity of an object.
    let hash = host.len() >= 5
        && host.iter().all(u8::is_ascii_hexdigit)
        && host.iter().any(u8::is_ascii_digit);
    let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    !user.is_empty() && !host.is_empty() && host.iter().all(inner) && !hash
}
