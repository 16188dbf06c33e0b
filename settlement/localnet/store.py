"""The chain on disk: one SQLite file, one database transaction per block.

The open block's transactions are written as they land and committed when the slot ends. So a node
that is killed loses the open block, which nothing had confirmed, and never a closed one.

    meta                  key, value: genesis hash, the faucet's key, the format's version
    blocks                slot, height, hash, parent slot, time (recent ones only)
    accounts              address, the account in its bincode form (what transactions have changed)
    transactions          id in order of landing, signature, slot, time, err, bytes, packed meta
    address_transactions  address, transaction id: the history of an address
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import zstandard
from solders.account import Account
from solders.hash import Hash
from solders.pubkey import Pubkey
from solders.signature import Signature

from settlement.localnet.blocks import Block
from settlement.localnet.json_text import encode_json
from settlement.localnet.machine import TransactionError
from settlement.localnet.records import TransactionRecord
from settlement.localnet.wire import Version

FILE_NAME = "chain.sqlite3"
FORMAT_VERSION = b"2"

SCHEMA = """
create table if not exists meta (key text primary key, value blob not null) without rowid;
create table if not exists blocks (
    slot integer primary key, height integer not null, blockhash blob not null,
    parent_slot integer not null, unix_time_s integer not null
);
create table if not exists accounts (address blob primary key, account blob not null);
create table if not exists transactions (
    id integer primary key, signature blob not null unique, slot integer not null,
    unix_time_s integer not null, version text not null, err blob, wire blob not null,
    meta blob not null
);
create index if not exists transactions_by_slot on transactions (slot);
create table if not exists address_transactions (
    address blob not null, transaction_id integer not null,
    primary key (address, transaction_id)
) without rowid;
"""


class StoreRefused(RuntimeError):
    """The folder holds no usable chain, or another node has it open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """Where a transaction landed and how it ended."""

    signature: Signature
    slot: int
    unix_time_s: int
    err: TransactionError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRow:
    """A stored transaction; `meta` is JSON text."""

    status: StatusRow
    version: Version
    wire: bytes
    meta: bytes


class Store:
    """The database of one chain. One connection, used from one thread."""

    def __init__(self, data_dir: Path | None) -> None:
        """Open the chain in `data_dir`, or one in memory.

        Raises:
            StoreRefused: The folder is in use by another node or its format is not known.
        """
        if data_dir is not None:
            data_dir.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if data_dir is None else str(data_dir.joinpath(FILE_NAME))
        # Several threads never use it at once; the check would forbid a start-up thread.
        self._packer = zstandard.ZstdCompressor(level=1)
        self._unpacker = zstandard.ZstdDecompressor()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            self._open(path)
        except sqlite3.OperationalError as error:
            self._db.close()
            raise StoreRefused(f"{path}: {error}; is another localnet using it?") from error
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise StoreRefused(f"{path}: {error}") from error
        except StoreRefused:
            self._db.close()
            raise

    def _open(self, path: str) -> None:
        self._db.execute("pragma locking_mode = exclusive")
        self._db.execute("pragma journal_mode = wal")
        # A confirmed transaction survives a power cut, not only a killed process.
        self._db.execute("pragma synchronous = full")
        self._db.executescript(SCHEMA)
        version = self.meta("format_version")
        if version is None:
            self.set_meta("format_version", FORMAT_VERSION)
        elif version != FORMAT_VERSION:
            raise StoreRefused(f"{path}: format {version!r} is not {FORMAT_VERSION!r}")

    def begin(self) -> None:
        """Start what the next `commit` makes permanent in one step."""
        self._db.execute("begin immediate")

    def commit(self) -> None:
        """Make everything since `begin` permanent."""
        self._db.execute("commit")

    def close(self) -> None:
        """Close the file; what was not committed is gone."""
        self._db.close()

    def meta(self, key: str) -> bytes | None:
        """Read a value kept beside the chain."""
        row = self._db.execute("select value from meta where key = ?", (key,)).fetchone()
        return None if row is None else cast("bytes", row[0])

    def set_meta(self, key: str, value: bytes) -> None:
        """Write a value kept beside the chain."""
        self._db.execute("insert or replace into meta values (?, ?)", (key, value))

    def save_block(self, block: Block, *, oldest_kept_slot: int) -> None:
        """Write a closed block and forget those that nobody asks for any more."""
        self._db.execute(
            "insert into blocks values (?, ?, ?, ?, ?)",
            (
                block.slot,
                block.height,
                bytes(block.blockhash),
                block.parent_slot,
                block.unix_time_s,
            ),
        )
        self._db.execute("delete from blocks where slot < ?", (oldest_kept_slot,))

    def blocks(self) -> list[Block]:
        """Read the kept blocks, oldest first."""
        rows = self._db.execute("select * from blocks order by slot")
        return [
            Block(
                slot=slot,
                height=height,
                blockhash=Hash(blockhash),
                parent_slot=parent_slot,
                unix_time_s=unix_time_s,
            )
            for slot, height, blockhash, parent_slot, unix_time_s in rows
        ]

    def save_accounts(self, accounts: Iterable[tuple[Pubkey, Account | None]]) -> None:
        """Write accounts as they are now; None removes one."""
        for address, account in accounts:
            if account is None:
                self._db.execute("delete from accounts where address = ?", (bytes(address),))
            else:
                self._db.execute(
                    "insert or replace into accounts values (?, ?)",
                    (bytes(address), bytes(account)),
                )

    def accounts(self) -> Iterator[tuple[Pubkey, Account]]:
        """Read every account that was ever written."""
        for address, account in self._db.execute("select address, account from accounts"):
            yield Pubkey(address), Account.from_bytes(account)

    def save_transaction(self, record: TransactionRecord) -> None:
        """Write a transaction that landed in the open block."""
        row = self._db.execute(
            "insert into transactions (signature, slot, unix_time_s, version, err, wire, meta)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (
                bytes(record.signature),
                record.slot,
                record.unix_time_s,
                str(record.version),
                None if record.err is None else encode_json(record.err),
                record.wire,
                self._packer.compress(encode_json(record.meta)),
            ),
        )
        self._db.executemany(
            "insert into address_transactions values (?, ?)",
            [(bytes(key), row.lastrowid) for key in record.keys],
        )

    def status(self, signature: Signature) -> StatusRow | None:
        """Find where a signature landed."""
        query = "select signature, slot, unix_time_s, err from transactions where signature = ?"
        row = self._db.execute(query, (bytes(signature),)).fetchone()
        return None if row is None else _status(row)

    def transaction(self, signature: Signature) -> TransactionRow | None:
        """Read a transaction with its bytes and meta."""
        row = self._db.execute(
            "select signature, slot, unix_time_s, err, version, wire, meta"
            " from transactions where signature = ?",
            (bytes(signature),),
        ).fetchone()
        if row is None:
            return None
        version = cast("Version", row[4] if row[4] == "legacy" else int(row[4]))
        return TransactionRow(
            status=_status(row[:4]),
            version=version,
            wire=row[5],
            meta=self._unpacker.decompress(row[6]),
        )

    def transactions_of_address(
        self,
        address: Pubkey,
        *,
        slot_max: int,
        before: Signature | None,
        until: Signature | None,
        limit: int,
    ) -> list[StatusRow]:
        """List transactions naming `address` in slots up to `slot_max`, newest first.

        Those from `before` on and those up to `until` are left out. A signature that the chain
        does not know bounds nothing as `until`, and leaves nothing as `before`.
        """
        before_id = self._id(before) if before is not None else None
        if before is not None and before_id is None:
            return []
        until_id = self._id(until) if until is not None else None
        rows = self._db.execute(
            "select t.signature, t.slot, t.unix_time_s, t.err from address_transactions a"
            " join transactions t on t.id = a.transaction_id"
            " where a.address = ? and a.transaction_id < ? and a.transaction_id > ?"
            " and t.slot <= ? order by a.transaction_id desc limit ?",
            (
                bytes(address),
                before_id if before_id is not None else 2**62,
                until_id if until_id is not None else 0,
                slot_max,
                limit,
            ),
        )
        return [_status(row) for row in rows]

    def transaction_count(self, slot_max: int) -> int:
        """Count the transactions in slots up to `slot_max`."""
        # Ids have no gaps, so the newest id is the count, and no row has to be visited.
        query = "select id from transactions where slot <= ? order by slot desc, id desc limit 1"
        row = self._db.execute(query, (slot_max,)).fetchone()
        return 0 if row is None else cast("int", row[0])

    def cut_after(self, slot: int) -> list[Signature]:
        """Remove blocks and transactions later than `slot`; name the signatures removed."""
        rows = self._db.execute(
            "select id, signature from transactions where slot > ? order by id", (slot,)
        ).fetchall()
        if rows:
            # Ids follow the order of landing, so everything from the first one on goes.
            self._db.execute(
                "delete from address_transactions where transaction_id >= ?", (rows[0][0],)
            )
        self._db.execute("delete from transactions where slot > ?", (slot,))
        self._db.execute("delete from blocks where slot > ?", (slot,))
        return [Signature(signature) for _, signature in rows]

    def _id(self, signature: Signature) -> int | None:
        query = "select id from transactions where signature = ?"
        row = self._db.execute(query, (bytes(signature),)).fetchone()
        return None if row is None else cast("int", row[0])


def _status(row: tuple[bytes, int, int, bytes | None]) -> StatusRow:
    signature, slot, unix_time_s, err = row
    return StatusRow(
        signature=Signature(signature),
        slot=slot,
        unix_time_s=unix_time_s,
        err=None if err is None else msgspec.json.decode(err),
    )
