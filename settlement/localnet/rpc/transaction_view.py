"""Transactions in the encodings of the RPC."""

from __future__ import annotations

from typing import Any

import msgspec
from solders.message import MessageV0, MessageV1

from settlement.localnet import base58
from settlement.localnet.json_text import base64_text, decode_json
from settlement.localnet.rpc.errors import (
    UNSUPPORTED_TRANSACTION_VERSION,
    RpcError,
)
from settlement.localnet.rpc.parsed_instructions import parse_instruction
from settlement.localnet.store import TransactionRow
from settlement.localnet.wire import AnyMessage, SignedTransaction, read_transaction, writable_flags

ENCODINGS = ("json", "jsonParsed", "base64", "base58")


def transaction_json(
    row: TransactionRow, *, encoding: str, version_max: int | None
) -> dict[str, object]:
    """Write a stored transaction.

    Raises:
        RpcError: Its version is above what the caller says it can read.
    """
    if row.version != "legacy" and (version_max is None or row.version > version_max):
        raise RpcError(
            UNSUPPORTED_TRANSACTION_VERSION,
            f"Transaction version ({row.version}) is not supported by the requesting client. "
            f"Please try the request again with the following configuration parameter: "
            f'"maxSupportedTransactionVersion": {row.version}',
        )
    answer: dict[str, object] = {
        "slot": row.status.slot,
        "blockTime": row.status.unix_time_s,
    }
    if encoding == "jsonParsed":
        meta = decode_json(row.meta)
        answer["transaction"] = _parsed(read_transaction(row.wire), meta)
        answer["meta"] = _parsed_meta(read_transaction(row.wire), meta)
    else:
        answer["transaction"] = _encoded(row.wire, encoding)
        answer["meta"] = msgspec.Raw(row.meta)
    if version_max is not None:
        answer["version"] = row.version
    return answer


def _encoded(wire: bytes, encoding: str) -> object:
    if encoding == "base64":
        return [base64_text(wire), encoding]
    if encoding == "base58":
        return [base58.encode(wire), encoding]
    signed = read_transaction(wire)
    return {
        "signatures": [str(each) for each in signed.transaction.signatures],
        "message": _message(signed.message),
    }


def _message(message: AnyMessage) -> dict[str, object]:
    header = message.header
    written: dict[str, object] = {
        "header": {
            "numRequiredSignatures": header.num_required_signatures,
            "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
            "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
        },
        "accountKeys": [str(key) for key in message.account_keys],
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [
            {
                "programIdIndex": each.program_id_index,
                "accounts": list(each.accounts),
                "data": base58.encode(bytes(each.data)),
                "stackHeight": 1,
            }
            for each in message.instructions
        ],
    }
    if isinstance(message, MessageV0):
        written["addressTableLookups"] = _lookups(message)
    if isinstance(message, MessageV1):
        written["transactionConfig"] = decode_json(message.config.to_json())
    return written


def _lookups(message: MessageV0) -> list[object]:
    return [
        {
            "accountKey": str(table.account_key),
            "writableIndexes": list(table.writable_indexes),
            "readonlyIndexes": list(table.readonly_indexes),
        }
        for table in message.address_table_lookups
    ]


def _keys(signed: SignedTransaction, meta: dict[str, Any]) -> list[dict[str, object]]:
    message = signed.message
    flags = writable_flags(message)
    signers = message.header.num_required_signatures
    keys: list[dict[str, object]] = [
        {
            "pubkey": str(key),
            "signer": index < signers,
            "writable": flags[index],
            "source": "transaction",
        }
        for index, key in enumerate(message.account_keys)
    ]
    loaded = meta["loadedAddresses"]
    for kind in ("writable", "readonly"):
        keys += [
            {
                "pubkey": key,
                "signer": False,
                "writable": kind == "writable",
                "source": "lookupTable",
            }
            for key in loaded[kind]
        ]
    return keys


def _parsed(signed: SignedTransaction, meta: dict[str, Any]) -> dict[str, object]:
    message = signed.message
    keys = _keys(signed, meta)
    names = [str(key["pubkey"]) for key in keys]
    written: dict[str, object] = {
        "accountKeys": keys,
        "recentBlockhash": str(message.recent_blockhash),
        "instructions": [
            parse_instruction(
                names[each.program_id_index],
                [names[index] for index in each.accounts],
                bytes(each.data),
                stack_height=1,
            )
            for each in message.instructions
        ],
    }
    if isinstance(message, MessageV0):
        written["addressTableLookups"] = _lookups(message)
    return {
        "signatures": [str(each) for each in signed.transaction.signatures],
        "message": written,
    }


def _parsed_meta(signed: SignedTransaction, meta: dict[str, Any]) -> dict[str, Any]:
    names = [str(key["pubkey"]) for key in _keys(signed, meta)]
    parsed = {key: value for key, value in meta.items() if key != "loadedAddresses"}
    parsed["innerInstructions"] = [
        {
            "index": group["index"],
            "instructions": [
                parse_instruction(
                    names[call["programIdIndex"]],
                    [names[index] for index in call["accounts"]],
                    base58.decode(call["data"]),
                    stack_height=call["stackHeight"],
                )
                for call in group["instructions"]
            ],
        }
        for group in meta["innerInstructions"]
    ]
    return parsed
