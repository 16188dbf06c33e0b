"""A program as its IDL describes it: instructions to build, accounts, events and errors to read.

The IDLs are in ``programs/idl``, in Anchor's format (spec 0.1.0), so that its clients work too.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from realstack.chain import borsh

FOLDER = Path(__file__).resolve().parents[2] / "programs" / "idl"
DISCRIMINATOR_BYTES = 8
_EVENT_LINE = "Program data: "
_TRUNCATED_LINE = "Log truncated"
# What programs say themselves begins with "Program log: ", so that no program can say these.
_ENTER = re.compile(r"Program (\w{32,44}) invoke \[\d+\]")
_LEAVE = re.compile(r"Program \w{32,44} (?:success$|failed: )")


class LogsTruncated(Exception):
    """The logs of a transaction are not complete: read the accounts instead."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of an instruction; `address` when it is always the same one."""

    name: str
    writable: bool
    signer: bool
    address: Pubkey | None


@dataclass(frozen=True, slots=True)
class Call:
    """An instruction: how it begins, its accounts in order, its arguments in order."""

    discriminator: bytes
    accounts: tuple[Account, ...]
    arguments: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a program told in its logs."""

    name: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Idl:
    """A program's description."""

    address: Pubkey
    calls: Mapping[str, Call]
    accounts: Mapping[bytes, str]
    events: Mapping[bytes, str]
    errors: Mapping[int, tuple[str, str]]
    types: borsh.Types

    def instruction(
        self,
        program_id: Pubkey,
        name: str,
        accounts: Mapping[str, Pubkey],
        arguments: Mapping[str, Any],
        remaining: Sequence[AccountMeta] = (),
    ) -> Instruction:
        """Build an instruction.

        Args:
            program_id: The program that is called.
            name: The instruction.
            accounts: An address for each account that has no fixed one.
            arguments: A value for each argument.
            remaining: Accounts behind those that the IDL names.

        Raises:
            BorshError: An argument is missing, not known, or does not fit.
            KeyError: An account is missing, or there is no such instruction.
        """
        call = self.calls[name]
        types = {**self.types, name: call.arguments}
        data = call.discriminator + borsh.encode_record(name, arguments, types)
        metas = [
            AccountMeta(account.address or accounts[account.name], account.signer, account.writable)
            for account in call.accounts
        ]
        return Instruction(program_id, data, [*metas, *remaining])

    def read_instruction(
        self, instruction: Instruction
    ) -> tuple[str, dict[str, Pubkey], dict[str, Any], list[AccountMeta]] | None:
        """Read an instruction back: name, named accounts, arguments, accounts behind those.

        None when it is not exactly as the program takes it: an unknown name, accounts missing or
        other than the fixed ones, a signature missing, arguments that do not fit to the last byte.
        """
        data, metas = bytes(instruction.data), list(instruction.accounts)
        for name, call in self.calls.items():
            if call.discriminator != data[:DISCRIMINATOR_BYTES]:
                continue
            named = list(zip(call.accounts, metas, strict=False))
            if len(named) < len(call.accounts) or not all(_fits(*pair) for pair in named):
                return None
            types = {**self.types, name: call.arguments}
            reader = borsh.Reader(data[DISCRIMINATOR_BYTES:], types)
            try:
                arguments = reader.record(name)
                reader.finish()
            except (borsh.BorshError, UnicodeDecodeError):
                return None
            accounts = {account.name: meta.pubkey for account, meta in named}
            return name, accounts, arguments, metas[len(named) :]
        return None

    def account(self, data: bytes) -> tuple[str, dict[str, Any]]:
        """Read an account of the program: its kind and its fields.

        Raises:
            BorshError: It is none, or it is damaged.
        """
        name = self.accounts.get(data[:DISCRIMINATOR_BYTES])
        if name is None:
            raise borsh.BorshError("no account of this program begins like that")
        return name, self._record(name, data)

    def read_events(self, logs: Iterable[str], program_id: Pubkey | None = None) -> list[Event]:
        """Read the program's events from the logs of a transaction.

        Only what the program itself told counts: any program can log the same bytes.

        Args:
            logs: The lines, in order.
            program_id: Where the program is; None: at the IDL's address.

        Raises:
            LogsTruncated: The node left out lines, so that events may be missing.
        """
        own = str(program_id or self.address)
        calls: list[str] = []
        found = []
        for line in logs:
            if line == _TRUNCATED_LINE:
                raise LogsTruncated("the node left out the end of the logs")
            if line.startswith(_EVENT_LINE):
                if calls and calls[-1] == own:
                    found += self._event(line.removeprefix(_EVENT_LINE))
            elif entered := _ENTER.fullmatch(line):
                calls.append(entered[1])
            elif _LEAVE.match(line) and calls:
                calls.pop()
        return found

    def _event(self, text: str) -> list[Event]:
        data = base64.b64decode(text.split(" ", maxsplit=1)[0], validate=True)
        name = self.events.get(data[:DISCRIMINATOR_BYTES])
        return [] if name is None else [Event(name, self._record(name, data))]

    def _record(self, name: str, data: bytes) -> dict[str, Any]:
        reader = borsh.Reader(data[DISCRIMINATOR_BYTES:], self.types)
        fields = reader.record(name)
        reader.finish()
        return fields


def _fits(account: Account, meta: AccountMeta) -> bool:
    is_it = account.address is None or account.address == meta.pubkey
    return is_it and (meta.is_signer or not account.signer)


def load(name: str) -> Idl:
    """Read the IDL of one of the project's programs."""
    return parse(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def parse(idl: Mapping[str, Any]) -> Idl:
    """Read an IDL."""
    return Idl(
        address=Pubkey.from_string(idl["address"]),
        calls={entry["name"]: _call(entry) for entry in idl["instructions"]},
        accounts={bytes(entry["discriminator"]): entry["name"] for entry in idl["accounts"]},
        events={bytes(entry["discriminator"]): entry["name"] for entry in idl["events"]},
        errors={entry["code"]: (entry["name"], entry["msg"]) for entry in idl["errors"]},
        types={entry["name"]: _fields(entry["type"]["fields"]) for entry in idl["types"]},
    )


def _fields(entries: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, Any], ...]:
    return tuple((entry["name"], entry["type"]) for entry in entries)


def _call(entry: Mapping[str, Any]) -> Call:
    accounts = tuple(
        Account(
            name=account["name"],
            writable=account.get("writable", False),
            signer=account.get("signer", False),
            address=Pubkey.from_string(account["address"]) if "address" in account else None,
        )
        for account in entry["accounts"]
    )
    return Call(bytes(entry["discriminator"]), accounts, _fields(entry["args"]))
