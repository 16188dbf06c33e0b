//! Reads and writes protobuf, of the plainest kind only.
//!
//! What is unusual (a field that is not known here, a field twice, another wire type, bytes that
//! end early) is `Odd`: such a message is given to Python, whose reading of it is the contract's.
//! So nothing here can differ from it: it can only decline.

/// The message is for Python to read.
#[derive(Debug, PartialEq, Eq)]
pub struct Odd;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub fn fixed64(self) -> Result<u64, Odd> {
        match self {
            Value::Fixed64(value) => Ok(value),
            _ => Err(Odd),
        }
    }

    pub fn bytes(self) -> Result<&'a [u8], Odd> {
        match self {
            Value::Bytes(value) => Ok(value),
            _ => Err(Odd),
        }
    }

    /// A varint of at most `max`.
    pub fn varint(self, max: u64) -> Result<u64, Odd> {
        match self {
            Value::Varint(value) if value <= max => Ok(value),
            _ => Err(Odd),
        }
    }
}

/// The fields of a message in their order, each at most once.
pub struct Fields<'a> {
    rest: &'a [u8],
    seen: u64,
}

impl<'a> Fields<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        Fields { rest: message, seen: 0 }
    }

    /// The next field's number and value, or nothing at the end.
    pub fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Odd> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = tag >> 3;
        if !(1..64).contains(&number) || self.seen & (1 << number) != 0 {
            return Err(Odd);
        }
        self.seen |= 1 << number;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().map_err(|_| Odd)?)),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(usize::try_from(length).map_err(|_| Odd)?)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| Odd)?)),
            _ => return Err(Odd),
        };
        Ok(Some((number, value)))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Odd> {
        if count > self.rest.len() {
            return Err(Odd);
        }
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, Odd> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(Odd)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Odd) // negative numbers have ten bytes: none of ours may be negative
    }
}

/// The one field of a message, which holds another message.
pub fn only_message(message: &[u8], field: u64) -> Result<&[u8], Odd> {
    let mut fields = Fields::of(message);
    match fields.next()? {
        Some((number, value)) if number == field && fields.next()?.is_none() => value.bytes(),
        _ => Err(Odd),
    }
}

/// Writes fields as every protobuf library does: in the order of their numbers, zeros left out.
pub struct Writer<'a>(pub &'a mut Vec<u8>);

impl Writer<'_> {
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub fn fixed64_field(&mut self, number: u8, value: u64) {
        if value != 0 {
            self.0.push(number << 3 | 1);
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    pub fn varint_field(&mut self, number: u8, value: u64) {
        if value != 0 {
            self.0.push(number << 3);
            self.varint(value);
        }
    }

    pub fn bytes_field(&mut self, number: u8, value: &[u8]) {
        if !value.is_empty() {
            self.0.push(number << 3 | 2);
            self.varint(value.len() as u64);
            self.0.extend_from_slice(value);
        }
    }
}

/// How many bytes a varint takes.
pub fn varint_length(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}
