"""The keys of a transaction, those that address lookup tables add included."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from solders.account import Account
from solders.message import MessageV0
from solders.pubkey import Pubkey

from settlement.localnet.records import LoadedAddresses
from settlement.localnet.wire import AnyMessage

TABLE_PROGRAM_ID = Pubkey.from_string("AddressLookupTab1e1111111111111111111111111")
TABLE_META_BYTES = 56
"""A lookup table's addresses begin after this header."""


def all_keys(
    message: AnyMessage, read_account: Callable[[Pubkey], Account | None]
) -> tuple[list[Pubkey], LoadedAddresses]:
    """List a message's keys in the order its indexes mean: static, loaded writable, read-only.

    Tables that do not exist add nothing: the machine then refuses the transaction by itself.
    """
    keys = list(message.account_keys)
    if not isinstance(message, MessageV0):
        return keys, LoadedAddresses()
    writable: list[Pubkey] = []
    readonly: list[Pubkey] = []
    for table in message.address_table_lookups:
        addresses = table_addresses(read_account(table.account_key))
        writable += [addresses[i] for i in bytes(table.writable_indexes) if i < len(addresses)]
        readonly += [addresses[i] for i in bytes(table.readonly_indexes) if i < len(addresses)]
    loaded = LoadedAddresses(writable=tuple(writable), readonly=tuple(readonly))
    return keys + writable + readonly, loaded


def table_addresses(account: Account | None) -> list[Pubkey]:
    """Read the addresses of a lookup table; none if this is no table."""
    if account is None or account.owner != TABLE_PROGRAM_ID:
        return []
    data = account.data[TABLE_META_BYTES:]
    return [Pubkey(data[start : start + 32]) for start in range(0, len(data) - 31, 32)]


def programs_last(
    accounts: Iterable[tuple[Pubkey, Account]],
) -> list[tuple[Pubkey, Account]]:
    """Order accounts so that a program comes after the account that holds its code."""
    return sorted(accounts, key=lambda entry: entry[1].executable)
