"""Accounts in the encodings of the RPC."""

from __future__ import annotations

from collections.abc import Callable

import zstandard
from solders.account import Account
from solders.pubkey import Pubkey

from settlement.localnet import base58
from settlement.localnet.blocks import Block
from settlement.localnet.chain import Chain
from settlement.localnet.json_text import base64_text
from settlement.localnet.rpc.errors import invalid_params
from settlement.localnet.rpc.params import Config, as_u64
from settlement.localnet.rpc.token_view import parsed_account

ENCODINGS = ("base64", "base58", "base64+zstd", "jsonParsed", "binary")
BASE58_DATA_BYTES_MAX = 128
Slice = tuple[int, int]


def account_json(
    chain: Chain,
    bank: Block,
    account: Account,
    *,
    encoding: str,
    data_slice: Slice | None = None,
) -> dict[str, object]:
    """Write an account; `jsonParsed` falls back to base 64 when no parser knows the account."""
    return {
        "lamports": account.lamports,
        "data": _data_json(chain, bank, account, encoding, data_slice),
        "owner": str(account.owner),
        "executable": account.executable,
        "rentEpoch": account.rent_epoch,
        "space": len(account.data),
    }


def _data_json(
    chain: Chain, bank: Block, account: Account, encoding: str, data_slice: Slice | None
) -> object:
    if encoding == "jsonParsed":
        parsed = parsed_account(account, reader_of(chain, bank))
        if parsed is not None:
            return parsed
    data = bytes(account.data)
    if data_slice is not None:
        offset, length = data_slice
        data = data[offset : offset + length]
    if encoding in ("base58", "binary"):
        return _base58_json(data, encoding)
    if encoding == "base64+zstd":
        return [base64_text(zstandard.compress(data)), encoding]
    return [base64_text(data), "base64"]


def _base58_json(data: bytes, encoding: str) -> object:
    if len(data) > BASE58_DATA_BYTES_MAX:
        raise invalid_params(
            "Encoded binary (base 58) data should be less than 128 bytes, please use Base64"
        )
    text = base58.encode(data)
    return text if encoding == "binary" else [text, encoding]


def reader_of(chain: Chain, bank: Block) -> Callable[[Pubkey], Account | None]:
    """Make a reader of accounts as of `bank`."""
    return lambda address: chain.account(address, bank)


def data_slice_of(options: Config) -> Slice | None:
    """Read the `dataSlice` option as offset and length."""
    value = options.get("dataSlice")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid_params("dataSlice: must be an object with offset and length")
    return (
        as_u64(value.get("offset"), "dataSlice.offset"),
        as_u64(value.get("length"), "dataSlice.length"),
    )
