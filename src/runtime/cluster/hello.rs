//! What a process shows first: a few numbers, always the same length, so that nothing has to be
//! believed of it before it is read.

/// Begins a hello; the digit is the version of its form.
const MAGIC: [u8; 16] = *b"seerflow-peer-2\n";
/// Numbers in it.
const NUMBERS: usize = 8;
/// Its length.
pub const LENGTH: usize = MAGIC.len() + NUMBERS * 8;

/// What must be equal in all processes, and the index of the one that says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Index of the process.
    pub process: u64,
    /// Number of processes.
    pub processes: u64,
    /// Workers of each.
    pub workers: u64,
    /// Digest of the program.
    pub build: u64,
    /// Digest of what detectors go by.
    pub detection: u64,
    /// Digest of `sources`.
    pub sources: u64,
    /// Digest of how logs are read.
    pub reading: u64,
    /// Digest of the key of what is redacted.
    pub redact: u64,
}

impl Hello {
    fn numbers(&self) -> [u64; NUMBERS] {
        let Hello { process, processes, workers, build, detection, sources, reading, redact } =
            *self;
        [process, processes, workers, build, detection, sources, reading, redact]
    }

    /// Its bytes.
    pub fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..MAGIC.len()].copy_from_slice(&MAGIC);
        for (place, number) in bytes[MAGIC.len()..].chunks_exact_mut(8).zip(self.numbers()) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// From bytes; `None` when they are something else.
    pub fn decode(bytes: &[u8; LENGTH]) -> Option<Hello> {
        let numbers = bytes.strip_prefix(&MAGIC)?;
        let mut numbers = numbers
            .chunks_exact(8)
            .map(|number| number.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)));
        let mut next = || numbers.next();
        Some(Hello {
            process: next()?,
            processes: next()?,
            workers: next()?,
            build: next()?,
            detection: next()?,
            sources: next()?,
            reading: next()?,
            redact: next()?,
        })
    }

    /// What differs from another process, in words.
    pub fn differences(&self, other: &Hello) -> Vec<String> {
        let counted = |what: &str, here: u64, there: u64| {
            (here != there).then(|| format!("{what}: {here} here, {there} there"))
        };
        let differs = |what: &str, here: u64, there: u64| {
            (here != there).then(|| format!("{what}: not the same"))
        };
        [
            counted("processes in the hostfile", self.processes, other.processes),
            counted("workers (--workers)", self.workers, other.workers),
            differs("the program (its build)", self.build, other.build),
            differs("settings under detection and alerting", self.detection, other.detection),
            differs("settings under sources", self.sources, other.sources),
            differs("the command and how logs are read", self.reading, other.reading),
            differs("the key of what is redacted (engine.redact_key)", self.redact, other.redact),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HELLO: Hello = Hello {
        process: 1,
        processes: 3,
        workers: 2,
        build: u64::MAX,
        detection: 5,
        sources: 6,
        reading: 7,
        redact: 8,
    };

    proptest! {
        #[test]
        fn reads_what_it_writes(numbers: [u64; NUMBERS]) {
            let [process, processes, workers, build, detection, sources, reading, redact] =
                numbers;
            let hello = Hello {
                process, processes, workers, build, detection, sources, reading, redact,
            };
            prop_assert_eq!(Hello::decode(&hello.encode()), Some(hello));
        }

        #[test]
        fn a_stranger_is_known_by_its_first_bytes(at in 0..MAGIC.len(), bit in 0u8..8) {
            let mut bytes = HELLO.encode();
            bytes[at] ^= 1u8 << bit;
            prop_assert_eq!(Hello::decode(&bytes), None);
        }
    }

    #[test]
    fn says_what_differs() {
        assert_eq!(HELLO.differences(&Hello { process: 2, ..HELLO }), Vec::<String>::new());
        let other = Hello { workers: 4, sources: 0, ..HELLO };
        let said = ["workers (--workers): 2 here, 4 there", "settings under sources: not the same"];
        assert_eq!(HELLO.differences(&other), said);
        let other = Hello { redact: 0, ..HELLO };
        let said = ["the key of what is redacted (engine.redact_key): not the same"];
        assert_eq!(HELLO.differences(&other), said);
        let all = Hello {
            process: 0,
            processes: 0,
            workers: 0,
            build: 0,
            detection: 0,
            sources: 0,
            reading: 0,
            redact: 0,
        };
        assert_eq!(HELLO.differences(&all).len(), NUMBERS - 1);
    }
}
