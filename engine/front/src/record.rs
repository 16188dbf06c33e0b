//! Messages to command records of 128 bytes, as `engine/rpc/records.py` makes them: 16 words.

use crate::wire::{Fields, Odd, Value, only_message};

pub const WORDS: usize = 16;
pub type Record = [u64; WORDS];

pub const ID_LOW: usize = 2;
pub const ID_HIGH: usize = 3;
pub const SENT: usize = 4;
pub const ACCOUNT: usize = 5; // and the market above it
pub const KINDS: usize = 6; // kind, side, order type, time in force, self-trade mode, flags, tag
pub const ORDER_ID: usize = 7;

const PRICE: usize = 8;
const QUANTITY: usize = 9;
const AMOUNT: usize = 10;
const AGE: usize = 11; // and the trail in ppm above it
const TRIGGER: usize = 12; // of a place; else the lower half of the target's client id
const TRAIL: usize = 13; // of a place; else the upper half
const DISPLAY: usize = 14; // of a place; the new trigger of a replace
const EXPIRY: usize = 15;

pub const PLACE: u64 = 1;
pub const CANCEL: u64 = 2;
pub const REPLACE: u64 = 3;
pub const CANCEL_ALL: u64 = 4;

const POST_ONLY: u64 = 1;
const SLIDE: u64 = 2;
const HIDDEN: u64 = 4;
const MINIMUM: u64 = 8;
const BEST_QUOTE: u64 = 16;
const REFERENCE: u64 = 32;
const BEFORE_ARRIVAL: u64 = 64;
const ON_DISCONNECT: u64 = 128;
const CANCEL_TAKER: u64 = 2;

const SIDE_MAX: u64 = 2;
const ORDER_TYPE_MAX: u64 = 6;
const TIME_IN_FORCE_MAX: u64 = 7;
const SELF_TRADE_MAX: u64 = 5;
const TRIGGER_SOURCE_MAX: u64 = 2;
pub const TAG_MAX: u64 = 0xffff;
const UINT32_MAX: u64 = 0xffff_ffff;
pub const INT64_MAX: u64 = i64::MAX as u64;

/// What one message of a Trade stream is.
pub enum Request<'a> {
    Command(Record),
    Batch(&'a [u8]),
    /// What to run when the stream is lost, if anything.
    Session(Option<Record>),
}

/// Read a TradeRequest.
pub fn trade_request(message: &[u8], account_id: u32) -> Result<Request<'_>, Odd> {
    let mut fields = Fields::of(message);
    let (number, value) = fields.next()?.ok_or(Odd)?;
    if fields.next()?.is_some() {
        return Err(Odd);
    }
    let inner = value.bytes()?;
    Ok(match number {
        1 => Request::Command(place(inner, account_id)?),
        2 => Request::Command(cancel(inner, account_id)?),
        3 => Request::Command(replace(inner, account_id)?),
        4 => Request::Command(cancel_all(inner, account_id)?),
        5 => Request::Batch(inner),
        6 => Request::Session(session(inner, account_id)?),
        _ => return Err(Odd),
    })
}

/// Read the request of a unary call, whose one field is the command.
pub fn unary_request(kind: u64, message: &[u8], account_id: u32) -> Result<Record, Odd> {
    let inner = only_message(message, 1)?;
    match kind {
        PLACE => place(inner, account_id),
        CANCEL => cancel(inner, account_id),
        REPLACE => replace(inner, account_id),
        CANCEL_ALL => cancel_all(inner, account_id),
        _ => Err(Odd),
    }
}

fn place(message: &[u8], account_id: u32) -> Result<Record, Odd> {
    let mut record = begun(PLACE, account_id);
    let (mut mode, mut minimum, mut display) = (0, 0, None);
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => set_id(&mut record, value)?,
            2 => record[SENT] = value.fixed64()?,
            3 => record[ACCOUNT] |= value.varint(UINT32_MAX)? << 32,
            4 => record[KINDS] |= value.varint(SIDE_MAX)? << 8,
            5 => record[KINDS] |= value.varint(ORDER_TYPE_MAX)? << 16,
            6 => record[KINDS] |= value.varint(TIME_IN_FORCE_MAX)? << 24,
            7 => record[PRICE] = value.fixed64()?,
            8 => record[QUANTITY] = value.fixed64()?,
            9 => set_flag(&mut record, POST_ONLY * value.varint(1)?),
            10 => mode = value.varint(SELF_TRADE_MAX)?,
            11 => set_flag(&mut record, SLIDE * value.varint(1)?),
            12 => set_flag(&mut record, HIDDEN * value.varint(1)?),
            13 => minimum = value.fixed64()?,
            14 => set_flag(&mut record, source_flag(value.varint(TRIGGER_SOURCE_MAX)?)),
            15 => display = Some(value.fixed64()?),
            16 => record[EXPIRY] = value.fixed64()?,
            17 => record[KINDS] |= value.varint(TAG_MAX)? << 48,
            18 => record[AGE] |= value.varint(UINT32_MAX)?,
            19 => record[TRIGGER] = value.fixed64()?,
            20 => record[TRAIL] = value.fixed64()?,
            21 => record[AGE] |= value.varint(UINT32_MAX)? << 32,
            22 => record[AMOUNT] = value.fixed64()?,
            _ => return Err(Odd),
        }
    }
    record[KINDS] |= if mode == 0 { CANCEL_TAKER } else { mode } << 32;
    record[DISPLAY] = quantity_shown(&mut record, minimum, display)?;
    if !has_id(&record) {
        return Err(Odd);
    }
    timed(record)
}

/// The word that is an iceberg's display quantity, or the minimum quantity with its flag.
fn quantity_shown(record: &mut Record, minimum: u64, display: Option<u64>) -> Result<u64, Odd> {
    match display {
        None if minimum == 0 => Ok(0),
        None => {
            set_flag(record, MINIMUM);
            Ok(minimum)
        }
        Some(lots) if minimum == 0 && (1..=INT64_MAX).contains(&lots) => Ok(lots),
        Some(_) => Err(Odd),
    }
}

fn source_flag(source: u64) -> u64 {
    match source {
        1 => BEST_QUOTE,
        2 => REFERENCE,
        _ => 0,
    }
}

fn cancel(message: &[u8], account_id: u32) -> Result<Record, Odd> {
    let mut record = begun(CANCEL, account_id);
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => set_id(&mut record, value)?,
            2 => record[SENT] = value.fixed64()?,
            3 => record[ORDER_ID] = value.fixed64()?,
            4 => set_target(&mut record, value)?,
            5 => set_flag(&mut record, BEFORE_ARRIVAL * value.varint(1)?),
            _ => return Err(Odd),
        }
    }
    timed(targeted(record)?)
}

fn replace(message: &[u8], account_id: u32) -> Result<Record, Odd> {
    let mut record = begun(REPLACE, account_id);
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => set_id(&mut record, value)?,
            2 => record[SENT] = value.fixed64()?,
            3 => record[ORDER_ID] = value.fixed64()?,
            4 => set_target(&mut record, value)?,
            5 => record[PRICE] = value.fixed64()?,
            6 => record[QUANTITY] = value.fixed64()?,
            7 => record[DISPLAY] = value.fixed64()?,
            8 => record[AGE] = value.varint(UINT32_MAX)?,
            _ => return Err(Odd),
        }
    }
    timed(targeted(record)?)
}

fn cancel_all(message: &[u8], account_id: u32) -> Result<Record, Odd> {
    let mut record = begun(CANCEL_ALL, account_id);
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => set_id(&mut record, value)?,
            2 => record[SENT] = value.fixed64()?,
            3 => record[ACCOUNT] |= value.varint(UINT32_MAX)? << 32,
            4 => record[KINDS] |= value.varint(SIDE_MAX)? << 8,
            5 => record[KINDS] |= value.varint(TAG_MAX)? << 48,
            _ => return Err(Odd),
        }
    }
    timed(record)
}

fn session(message: &[u8], account_id: u32) -> Result<Option<Record>, Odd> {
    let mut record = begun(CANCEL_ALL, account_id);
    set_flag(&mut record, ON_DISCONNECT);
    let mut cancels = false;
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => cancels = value.varint(1)? == 1,
            2 => record[KINDS] |= value.varint(TAG_MAX)? << 48,
            _ => return Err(Odd),
        }
    }
    Ok(cancels.then_some(record))
}

fn begun(kind: u64, account_id: u32) -> Record {
    let mut record = [0; WORDS];
    record[ACCOUNT] = u64::from(account_id);
    record[KINDS] = kind;
    record
}

fn set_flag(record: &mut Record, flag: u64) {
    record[KINDS] |= flag << 40;
}

fn set_id(record: &mut Record, value: Value<'_>) -> Result<(), Odd> {
    (record[ID_LOW], record[ID_HIGH]) = client_id(value)?;
    Ok(())
}

fn set_target(record: &mut Record, value: Value<'_>) -> Result<(), Odd> {
    (record[TRIGGER], record[TRAIL]) = client_id(value)?;
    Ok(())
}

fn client_id(value: Value<'_>) -> Result<(u64, u64), Odd> {
    let (mut low, mut high) = (0, 0);
    let mut fields = Fields::of(value.bytes()?);
    while let Some((number, half)) = fields.next()? {
        match number {
            1 => low = half.fixed64()?,
            2 => high = half.fixed64()?,
            _ => return Err(Odd),
        }
    }
    Ok((low, high))
}

fn has_id(record: &Record) -> bool {
    (record[ID_LOW], record[ID_HIGH]) != (0, 0)
}

/// A sent time goes with a client id, and only with one.
fn timed(record: Record) -> Result<Record, Odd> {
    let is_good = record[SENT] <= INT64_MAX && has_id(&record) == (record[SENT] != 0);
    if is_good { Ok(record) } else { Err(Odd) }
}

/// Exactly one of the two ids names the order.
fn targeted(record: Record) -> Result<Record, Odd> {
    let has_target = (record[TRIGGER], record[TRAIL]) != (0, 0);
    if has_target == (record[ORDER_ID] != 0) { Err(Odd) } else { Ok(record) }
}
