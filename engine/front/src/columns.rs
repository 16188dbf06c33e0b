//! A CommandBatch to records, as `engine/rpc/columns.py` makes them: a pass over each column.

use crate::record::{
    ACCOUNT, CANCEL_ALL, ID_HIGH, ID_LOW, INT64_MAX, KINDS, ORDER_ID, PLACE, REPLACE, Record, SENT,
    TAG_MAX, WORDS,
};
use crate::wire::{Fields, Odd};

const ROWS_MAX: usize = 4_096;
const FIELDS: usize = 24;
const CANCEL_TAKER: u64 = 2;

/// Columns of one byte: field, and the bit where it goes in the word of the kinds.
const BYTES: [(usize, u32); 5] = [(6, 8), (7, 16), (8, 24), (9, 32), (10, 40)];
/// Columns of eight bytes: field and word. Where words are shared, later ones are set by kind.
const LONGS: [(usize, usize); 9] = [
    (2, ID_LOW),
    (3, ID_HIGH),
    (4, SENT),
    (11, 8),
    (12, 9),
    (13, ORDER_ID),
    (18, 15),
    (19, 14),
    (23, 10),
];
const TARGET_LOW: usize = 14;
const TARGET_HIGH: usize = 15;
const TRIGGER: usize = 20;
const TRAIL: usize = 21;

/// Read a batch; what is wrong in it, Python says.
pub fn batch(message: &[u8], account_id: u32, out: &mut Vec<Record>) -> Result<usize, Odd> {
    let columns = columns(message)?;
    let kinds = columns[1];
    let rows = kinds.len();
    if !(1..=ROWS_MAX).contains(&rows) {
        return Err(Odd);
    }
    let start = out.len();
    out.resize(start + rows, [0; WORDS]);
    let filled = fill(&mut out[start..], &columns, account_id);
    if filled.is_err() {
        out.truncate(start);
    }
    filled.map(|()| rows)
}

fn columns(message: &[u8]) -> Result<[&[u8]; FIELDS], Odd> {
    let mut columns: [&[u8]; FIELDS] = [&[]; FIELDS];
    let mut fields = Fields::of(message);
    while let Some((number, value)) = fields.next()? {
        *columns.get_mut(number as usize).ok_or(Odd)? = value.bytes()?;
    }
    Ok(columns)
}

fn fill(records: &mut [Record], columns: &[&[u8]; FIELDS], account_id: u32) -> Result<(), Odd> {
    for (record, &kind) in records.iter_mut().zip(columns[1]) {
        if !(PLACE..=CANCEL_ALL).contains(&u64::from(kind)) {
            return Err(Odd);
        }
        record[KINDS] = u64::from(kind);
        record[ACCOUNT] = u64::from(account_id);
    }
    for (field, shift) in BYTES {
        each_byte(records, columns[field], |record, value| record[KINDS] |= value << shift)?;
    }
    for (field, word) in LONGS {
        each_long(records, columns[field], |record, value| record[word] = value)?;
    }
    each_int(records, columns[5], |record, value| record[ACCOUNT] |= value << 32)?;
    each_int(records, columns[17], |record, value| record[11] |= value)?;
    each_int(records, columns[22], |record, value| record[11] |= value << 32)?;
    let mut is_good = true;
    each_int(records, columns[16], |record, value| {
        is_good &= value <= TAG_MAX;
        record[KINDS] |= (value & TAG_MAX) << 48;
    })?;
    for (field, word) in [(TARGET_LOW, 12), (TARGET_HIGH, 13)] {
        each_long(records, columns[field], |record, value| {
            is_good &= kind(record) != PLACE || value == 0;
            record[word] |= value;
        })?;
    }
    each_long(records, columns[TRIGGER], |record, value| match kind(record) {
        PLACE => record[12] = value,
        REPLACE => record[14] = value,
        _ => is_good &= value == 0,
    })?;
    each_long(records, columns[TRAIL], |record, value| match kind(record) {
        PLACE => record[13] = value,
        _ => is_good &= value == 0,
    })?;
    for record in records {
        is_good &= record[SENT] <= INT64_MAX;
        if kind(record) == PLACE && record[KINDS] >> 32 & 0xff == 0 {
            record[KINDS] |= CANCEL_TAKER << 32;
        }
    }
    if is_good { Ok(()) } else { Err(Odd) }
}

fn kind(record: &Record) -> u64 {
    record[KINDS] & 0xff
}

fn each_byte(
    records: &mut [Record],
    column: &[u8],
    mut set: impl FnMut(&mut Record, u64),
) -> Result<(), Odd> {
    if !column.is_empty() && column.len() != records.len() {
        return Err(Odd);
    }
    for (record, &value) in records.iter_mut().zip(column) {
        set(record, u64::from(value));
    }
    Ok(())
}

fn each_int(
    records: &mut [Record],
    column: &[u8],
    mut set: impl FnMut(&mut Record, u64),
) -> Result<(), Odd> {
    let (values, rest) = column.as_chunks::<4>();
    if !rest.is_empty() || !column.is_empty() && values.len() != records.len() {
        return Err(Odd);
    }
    for (record, value) in records.iter_mut().zip(values) {
        set(record, u64::from(u32::from_le_bytes(*value)));
    }
    Ok(())
}

fn each_long(
    records: &mut [Record],
    column: &[u8],
    mut set: impl FnMut(&mut Record, u64),
) -> Result<(), Odd> {
    let (values, rest) = column.as_chunks::<8>();
    if !rest.is_empty() || !column.is_empty() && values.len() != records.len() {
        return Err(Odd);
    }
    for (record, value) in records.iter_mut().zip(values) {
        set(record, u64::from_le_bytes(*value));
    }
    Ok(())
}
