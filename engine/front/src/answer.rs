//! Answering events to answers, as `engine/rpc/answers.py` and `columns.py` make them.
//!
//! A TradeResponse and the responses of the unary calls hold an Answer in field 1: the same bytes.

use crate::record::{ID_HIGH, ID_LOW, Record};
use crate::wire::{Writer, varint_length};

pub const EVENT_WORDS: usize = 20;
pub type Event = [u64; EVENT_WORDS];

const ANSWER_FLAG: u64 = 1;
const ACCEPTED: u64 = 1;
const CANCELLED: u64 = 3;
const REPLACED: u64 = 4;
const CANCELLED_ALL: u64 = 6;
const REJECTED: u64 = 7;
const DUPLICATE: u64 = 8;

const STATUS_ACCEPTED: u64 = 1;
const STATUS_REJECTED: u64 = 2;
const STATUS_DUPLICATE: u64 = 3;

/// The words of each reject code, by number.
pub type Details = Vec<String>;

/// Tell whether an event answers its command.
pub fn is_answer(event: &Event) -> bool {
    event[2] >> 48 & ANSWER_FLAG != 0
}

/// The fields of an answer that depend on what the event is.
struct Outcome {
    status: u64,
    reject_code: u64,
    order_id: u64,
    filled_lots: u64,
    leaves_lots: u64,
    first_sequence: u64,
    cancelled_count: u64,
}

fn outcome(event: &Event) -> Outcome {
    let kind = event[2] & 0xff;
    let is_order = matches!(kind, ACCEPTED | CANCELLED | REPLACED);
    let when = |is_so: bool, value: u64| if is_so { value } else { 0 };
    Outcome {
        status: match kind {
            REJECTED => STATUS_REJECTED,
            DUPLICATE => STATUS_DUPLICATE,
            _ => STATUS_ACCEPTED,
        },
        reject_code: when(kind == REJECTED, event[2] >> 32 & 0xffff),
        order_id: when(kind != REJECTED, event[4]),
        filled_lots: when(is_order, event[9]),
        leaves_lots: when(is_order, event[10]),
        first_sequence: when(kind == DUPLICATE, event[12]),
        cancelled_count: when(kind == CANCELLED_ALL, event[8] & 0xffff_ffff),
    }
}

/// Append a gRPC message with the answer to one command.
pub fn put_single(event: &Event, command: &Record, details: &Details, out: &mut Vec<u8>) {
    let mut body = Vec::with_capacity(128);
    let outcome = outcome(event);
    let mut writer = Writer(&mut body);
    writer.fixed64_field(1, event[0]);
    writer.fixed64_field(2, event[1]);
    let mut id = Vec::with_capacity(18);
    let mut id_writer = Writer(&mut id);
    id_writer.fixed64_field(1, command[ID_LOW]);
    id_writer.fixed64_field(2, command[ID_HIGH]);
    writer.0.push(3 << 3 | 2); // present also when it is empty
    writer.varint(id.len() as u64);
    writer.0.extend_from_slice(&id);
    writer.varint_field(4, outcome.status);
    writer.varint_field(5, outcome.reject_code);
    writer.fixed64_field(6, outcome.order_id);
    writer.fixed64_field(7, outcome.filled_lots);
    writer.fixed64_field(8, outcome.leaves_lots);
    writer.fixed64_field(9, outcome.first_sequence);
    writer.varint_field(10, outcome.cancelled_count);
    let detail = details.get(outcome.reject_code as usize).map_or("", String::as_str);
    writer.bytes_field(11, detail.as_bytes());
    put_message(1, &body, out);
}

/// Append a gRPC message with the answers to a batch.
pub fn put_batch(events: &[&Event], out: &mut Vec<u8>) {
    let outcomes: Vec<Outcome> = events.iter().map(|event| outcome(event)).collect();
    let mut body = Vec::with_capacity(events.len() * 51 + 64);
    let mut writer = Writer(&mut body);
    writer.varint_field(1, events.len() as u64);
    put_column(&mut writer, 2, events, |event| event[0].to_le_bytes());
    put_column(&mut writer, 3, &outcomes, |each| [each.status as u8]);
    put_column(&mut writer, 4, &outcomes, |each| (each.reject_code as u16).to_le_bytes());
    put_column(&mut writer, 5, &outcomes, |each| each.order_id.to_le_bytes());
    put_column(&mut writer, 6, &outcomes, |each| each.filled_lots.to_le_bytes());
    put_column(&mut writer, 7, &outcomes, |each| each.leaves_lots.to_le_bytes());
    put_column(&mut writer, 8, &outcomes, |each| each.first_sequence.to_le_bytes());
    put_column(&mut writer, 9, &outcomes, |each| (each.cancelled_count as u32).to_le_bytes());
    put_message(2, &body, out);
}

fn put_column<T, const N: usize>(
    writer: &mut Writer<'_>,
    number: u8,
    rows: &[T],
    value: impl Fn(&T) -> [u8; N],
) {
    writer.0.push(number << 3 | 2);
    writer.varint((rows.len() * N) as u64);
    for row in rows {
        writer.0.extend_from_slice(&value(row));
    }
}

/// Append a gRPC message whose one field is a message.
fn put_message(field: u8, body: &[u8], out: &mut Vec<u8>) {
    let length = 1 + varint_length(body.len() as u64) + body.len();
    out.push(0); // not compressed
    out.extend_from_slice(&(length as u32).to_be_bytes());
    let mut writer = Writer(out);
    writer.0.push(field << 3 | 2);
    writer.varint(body.len() as u64);
    writer.0.extend_from_slice(body);
}
