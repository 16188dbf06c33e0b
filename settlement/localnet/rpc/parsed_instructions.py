"""Instructions in the `jsonParsed` form, for the programs whose shape is common knowledge.

What is not in the tables is shown half decoded, as a real node does: program, accounts, data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from solders.pubkey import Pubkey

from settlement.localnet import base58
from settlement.localnet.tokens import TOKEN_PROGRAM_NAMES, ui_amount

SYSTEM_PROGRAM = "11111111111111111111111111111111"
ASSOCIATED_TOKEN_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"
MEMO_PROGRAMS = {
    "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr": "spl-memo",
    "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo": "spl-memo",
}
TOKEN_PROGRAMS = {str(program): name for program, name in TOKEN_PROGRAM_NAMES.items()}

Info = dict[str, object]
ReadArguments = Callable[["Cursor"], Info]


class NotParsed(ValueError):
    """The instruction is not one of the known shapes."""


class Cursor:
    """Reads fields of an instruction's data, one after the other."""

    def __init__(self, data: bytes) -> None:
        """Start at the first byte."""
        self._data = data
        self._offset = 0

    def take(self, count: int) -> bytes:
        """Read `count` bytes.

        Raises:
            NotParsed: There are not so many.
        """
        end = self._offset + count
        if end > len(self._data):
            raise NotParsed("the data ends early")
        part = self._data[self._offset : end]
        self._offset = end
        return part

    def number(self, count: int) -> int:
        """Read a number without sign, little end first."""
        return int.from_bytes(self.take(count), "little")

    def key(self) -> str:
        """Read an address."""
        return str(Pubkey(self.take(32)))

    def optional_key(self) -> str | None:
        """Read an address that may be absent, after a byte that says so."""
        return self.key() if self.number(1) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one instruction is laid out.

    Attributes:
        kind: Its name.
        accounts: The names of its accounts in order.
        arguments: Reads what follows the tag.
        signed: The last account may be a multisig, followed by its signers.
    """

    kind: str
    accounts: tuple[str, ...]
    arguments: ReadArguments = lambda cursor: {}
    signed: bool = False


def _amount(cursor: Cursor) -> Info:
    return {"amount": str(cursor.number(8))}


def _token_amount(cursor: Cursor) -> Info:
    amount_atoms = cursor.number(8)
    return {"tokenAmount": ui_amount(amount_atoms, cursor.number(1))}


def _mint(cursor: Cursor) -> Info:
    info: Info = {"decimals": cursor.number(1), "mintAuthority": cursor.key()}
    freeze_authority = cursor.optional_key()
    return info if freeze_authority is None else {**info, "freezeAuthority": freeze_authority}


AUTHORITY_TYPES = ("mintTokens", "freezeAccount", "accountOwner", "closeAccount")


def _authority(cursor: Cursor) -> Info:
    number = cursor.number(1)
    if number >= len(AUTHORITY_TYPES):
        raise NotParsed("an authority of an extension")
    return {"authorityType": AUTHORITY_TYPES[number], "newAuthority": cursor.optional_key()}


def _owner(cursor: Cursor) -> Info:
    return {"owner": cursor.key()}


def _create_account(cursor: Cursor) -> Info:
    return {"lamports": cursor.number(8), "space": cursor.number(8), "owner": cursor.key()}


def _create_account_with_seed(cursor: Cursor) -> Info:
    base = cursor.key()
    seed = cursor.take(cursor.number(8)).decode("utf-8", "replace")
    return {"base": base, "seed": seed, **_create_account(cursor)}


TOKEN_SHAPES = {
    0: Shape(kind="initializeMint", accounts=("mint", "rentSysvar"), arguments=_mint),
    1: Shape(kind="initializeAccount", accounts=("account", "mint", "owner", "rentSysvar")),
    3: Shape(
        kind="transfer",
        accounts=("source", "destination", "authority"),
        arguments=_amount,
        signed=True,
    ),
    4: Shape(
        kind="approve", accounts=("source", "delegate", "owner"), arguments=_amount, signed=True
    ),
    5: Shape(kind="revoke", accounts=("source", "owner"), signed=True),
    6: Shape(
        kind="setAuthority", accounts=("account", "authority"), arguments=_authority, signed=True
    ),
    7: Shape(
        kind="mintTo",
        accounts=("mint", "account", "mintAuthority"),
        arguments=_amount,
        signed=True,
    ),
    8: Shape(
        kind="burn", accounts=("account", "mint", "authority"), arguments=_amount, signed=True
    ),
    9: Shape(kind="closeAccount", accounts=("account", "destination", "owner"), signed=True),
    10: Shape(kind="freezeAccount", accounts=("account", "mint", "freezeAuthority"), signed=True),
    11: Shape(kind="thawAccount", accounts=("account", "mint", "freezeAuthority"), signed=True),
    12: Shape(
        kind="transferChecked",
        accounts=("source", "mint", "destination", "authority"),
        arguments=_token_amount,
        signed=True,
    ),
    13: Shape(
        kind="approveChecked",
        accounts=("source", "mint", "delegate", "owner"),
        arguments=_token_amount,
        signed=True,
    ),
    14: Shape(
        kind="mintToChecked",
        accounts=("mint", "account", "mintAuthority"),
        arguments=_token_amount,
        signed=True,
    ),
    15: Shape(
        kind="burnChecked",
        accounts=("account", "mint", "authority"),
        arguments=_token_amount,
        signed=True,
    ),
    16: Shape(
        kind="initializeAccount2", accounts=("account", "mint", "rentSysvar"), arguments=_owner
    ),
    17: Shape(kind="syncNative", accounts=("account",)),
    18: Shape(kind="initializeAccount3", accounts=("account", "mint"), arguments=_owner),
    20: Shape(kind="initializeMint2", accounts=("mint",), arguments=_mint),
    22: Shape(kind="initializeImmutableOwner", accounts=("account",)),
}

SYSTEM_SHAPES = {
    0: Shape(kind="createAccount", accounts=("source", "newAccount"), arguments=_create_account),
    1: Shape(kind="assign", accounts=("account",), arguments=_owner),
    2: Shape(
        kind="transfer",
        accounts=("source", "destination"),
        arguments=lambda cursor: {"lamports": cursor.number(8)},
    ),
    3: Shape(
        kind="createAccountWithSeed",
        accounts=("source", "newAccount"),
        arguments=_create_account_with_seed,
    ),
    8: Shape(
        kind="allocate",
        accounts=("account",),
        arguments=lambda cursor: {"space": cursor.number(8)},
    ),
}

ASSOCIATED_ACCOUNTS = ("source", "account", "wallet", "mint", "systemProgram", "tokenProgram")
ASSOCIATED_SHAPES = {
    0: Shape(kind="create", accounts=ASSOCIATED_ACCOUNTS),
    1: Shape(kind="createIdempotent", accounts=ASSOCIATED_ACCOUNTS),
}


def parse_instruction(
    program: str, accounts: list[str], data: bytes, *, stack_height: int | None
) -> Info:
    """Write one instruction, parsed if its shape is known."""
    try:
        name, parsed = _parse(program, accounts, data)
    except NotParsed:
        return {
            "programId": program,
            "accounts": accounts,
            "data": base58.encode(data),
            "stackHeight": stack_height,
        }
    return {
        "program": name,
        "programId": program,
        "parsed": parsed,
        "stackHeight": stack_height,
    }


def _parse(program: str, accounts: list[str], data: bytes) -> tuple[str, object]:
    if program in MEMO_PROGRAMS:
        return MEMO_PROGRAMS[program], _text(data)
    if program == SYSTEM_PROGRAM:
        return "system", _shaped(SYSTEM_SHAPES, 4, accounts, data)
    if program == ASSOCIATED_TOKEN_PROGRAM:
        shaped = _shaped(ASSOCIATED_SHAPES, 1, accounts, data or b"\0")
        return "spl-associated-token-account", shaped
    if program in TOKEN_PROGRAMS:
        return TOKEN_PROGRAMS[program], _shaped(TOKEN_SHAPES, 1, accounts, data)
    raise NotParsed("an unknown program")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NotParsed("not text") from error


def _shaped(shapes: dict[int, Shape], tag_bytes: int, accounts: list[str], data: bytes) -> Info:
    cursor = Cursor(data)
    shape = shapes.get(cursor.number(tag_bytes))
    if shape is None or len(accounts) < len(shape.accounts):
        raise NotParsed("an unknown instruction")
    info: Info = dict(zip(shape.accounts, accounts, strict=False))
    signers = accounts[len(shape.accounts) :]
    if shape.signed and signers:
        last = shape.accounts[-1]
        info[f"multisig{last[0].upper()}{last[1:]}"] = info.pop(last)
        info["signers"] = signers
    return {"type": shape.kind, "info": {**info, **shape.arguments(cursor)}}
