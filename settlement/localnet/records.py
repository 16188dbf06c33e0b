"""What is kept of a transaction that landed, in the shape in which a node reports it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey
from solders.signature import Signature

from settlement.localnet import base58
from settlement.localnet.json_text import base64_text
from settlement.localnet.machine import Outcome, TransactionError
from settlement.localnet.tokens import read_mint, read_token_account, ui_amount
from settlement.localnet.wire import Version

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRecord:
    """A transaction in a block.

    Attributes:
        signature: Its name.
        slot: The slot it landed in.
        unix_time_s: The time of its block.
        version: Of the transaction format.
        wire: The bytes that were sent.
        err: None if it succeeded.
        meta: The `meta` object of `getTransaction`, in the `json` form.
        keys: Every key, those from lookup tables last, in the order that indexes mean.
        changed: The keys whose account it changed.
    """

    signature: Signature
    slot: int
    unix_time_s: int
    version: Version
    wire: bytes
    err: TransactionError | None
    meta: JsonObject
    keys: tuple[Pubkey, ...]
    changed: tuple[Pubkey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedAddresses:
    """The keys that lookup tables added."""

    writable: tuple[Pubkey, ...] = ()
    readonly: tuple[Pubkey, ...] = ()


def build_meta(
    outcome: Outcome,
    *,
    keys: Sequence[Pubkey],
    before: Sequence[Account | None],
    after: Sequence[Account | None],
    loaded: LoadedAddresses,
    read_account: Callable[[Pubkey], Account | None],
) -> JsonObject:
    """Write the `meta` object of a transaction that landed."""
    meta: JsonObject = {
        "err": outcome.err,
        "status": {"Ok": None} if outcome.err is None else {"Err": outcome.err},
        "fee": outcome.fee_lamports,
        "preBalances": [account.lamports if account else 0 for account in before],
        "postBalances": [account.lamports if account else 0 for account in after],
        "innerInstructions": inner_instructions(outcome),
        "logMessages": outcome.logs,
        "preTokenBalances": token_balances(keys, before, read_account),
        "postTokenBalances": token_balances(keys, after, read_account),
        "rewards": [],
        "loadedAddresses": {
            "writable": [str(key) for key in loaded.writable],
            "readonly": [str(key) for key in loaded.readonly],
        },
        "computeUnitsConsumed": outcome.compute_units,
    }
    returned = return_data(outcome)
    if returned is not None:
        meta["returnData"] = returned
    return meta


def inner_instructions(outcome: Outcome) -> list[JsonObject]:
    """Write the calls that each top-level instruction made; those without calls are left out."""
    return [
        {
            "index": index,
            "instructions": [
                {
                    "programIdIndex": inner.instruction().program_id_index,
                    "accounts": list(inner.instruction().accounts),
                    "data": base58.encode(bytes(inner.instruction().data)),
                    "stackHeight": inner.stack_height(),
                }
                for inner in calls
            ],
        }
        for index, calls in enumerate(outcome.inner_instructions)
        if calls
    ]


def return_data(outcome: Outcome) -> JsonObject | None:
    """Write what the last program returned; None if nothing."""
    if outcome.return_data is None:
        return None
    program, data = outcome.return_data
    return {"programId": str(program), "data": [base64_text(data), "base64"]}


def token_balances(
    keys: Sequence[Pubkey],
    accounts: Sequence[Account | None],
    read_account: Callable[[Pubkey], Account | None],
) -> list[JsonObject]:
    """Write the balance of each token account among `accounts`."""
    in_transaction = dict(zip(keys, accounts, strict=True))
    decimals: dict[Pubkey, int] = {}
    balances: list[JsonObject] = []
    for index, account in enumerate(accounts):
        token = read_token_account(account) if account is not None else None
        if account is None or token is None:
            continue
        if token.mint not in decimals:
            mint = in_transaction.get(token.mint) or read_account(token.mint)
            decimals[token.mint] = _decimals(mint)
        balances.append(
            {
                "accountIndex": index,
                "mint": str(token.mint),
                "owner": str(token.owner),
                "programId": str(account.owner),
                "uiTokenAmount": ui_amount(token.amount_atoms, decimals[token.mint]),
            }
        )
    return balances


def _decimals(account: Account | None) -> int:
    mint = read_mint(account) if account is not None else None
    # A mint of Token-2022 may be closed; its accounts are then empty, and the scale is lost.
    return mint.decimals if mint is not None else 0
