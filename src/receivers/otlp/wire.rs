//! The wire format of protocol buffers, read where it lies.
//!
//! A message is a sequence of (number, value); what is not known is passed over, as the format
//! wants it. Every length is checked against what is there.

use super::Trouble;

/// What stands behind a field's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A varint.
    Number(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32(u32),
    /// A string, bytes or a message.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The bytes; empty for a value of another kind.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Value::Bytes(bytes) => bytes,
            _ => b"",
        }
    }

    /// The number, whatever its width.
    pub fn number(self) -> u64 {
        match self {
            Value::Number(number) | Value::Fixed64(number) => number,
            Value::Fixed32(number) => number.into(),
            Value::Bytes(_) => 0,
        }
    }
}

/// A message under way.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    rest: &'a [u8],
}

const BROKEN: Trouble = Trouble::Malformed("the body is no message of protocol buffers");

impl<'a> Message<'a> {
    pub fn new(bytes: &'a [u8]) -> Message<'a> {
        Message { rest: bytes }
    }

    /// The next field; `None` at the end.
    #[inline]
    pub fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, Trouble> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| BROKEN)?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| BROKEN)?;
                Value::Bytes(self.take(len)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            // Groups were given up before OTLP began.
            _ => return Err(BROKEN),
        };
        if number == 0 {
            return Err(BROKEN);
        }
        Ok(Some((number, value)))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Trouble> {
        let mut value = 0u64;
        for (i, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        Err(BROKEN)
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], Trouble> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(BROKEN)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
}
