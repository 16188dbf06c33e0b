"""The chain as settlement needs it: a port over one node's JSON-RPC, known by its URL alone.

Everything that a node says is taken with the slot it says it at. A node that does not answer, or
answers what cannot be read, or is behind the slot that is asked for, is `ChainUnavailable`: the
caller tries again later and decides nothing until then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from solana.exceptions import SolanaRpcException
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed, Finalized
from solana.rpc.core import RPCException
from solana.rpc.models import DataSliceOpts, TxOpts
from solders.errors import SerdeJSONError
from solders.hash import Hash
from solders.message import MessageV1
from solders.pubkey import Pubkey
from solders.rpc.errors import (
    MethodNotFoundMessage,
    SendTransactionPreflightFailureMessage,
)
from solders.signature import Signature
from solders.transaction_status import (
    InstructionErrorCustom,
    InstructionErrorFieldless,
    TransactionConfirmationStatus,
    TransactionErrorFieldless,
    TransactionErrorInstructionError,
)

from realstack.chain.market import IDL
from settlement.chain_records import ChainTransaction, transaction_of
from settlement.transactions import unsigned

REQUEST_SECONDS_MAX = 10
ADDRESSES_PER_CALL = 100  # of getMultipleAccounts
STATUSES_PER_CALL = 256  # of getSignatureStatuses
SIGNATURES_PER_PAGE = 1_000  # of getSignaturesForAddress

_AMOUNT_OFFSET = 64  # of the amount in a token account: after mint and owner
_AMOUNT_BYTES = 8

_TOKEN_ERRORS = {
    0: "lamport balance below rent-exempt threshold",
    1: "insufficient funds",
    3: "mint mismatch",
    4: "owner does not match",
    9: "account not initialised",
    16: "account is closed",
    17: "account is frozen",
    18: "decimals mismatch",
}

Answer = TypeVar("Answer")


class ChainUnavailable(Exception):
    """The node cannot tell now: no answer, an unreadable one, or one of the past."""


class ChainRefused(Exception):
    """The node refuses the request itself; the same request again changes nothing."""


class Level(IntEnum):
    """How settled a transaction is."""

    PROCESSED = 1
    CONFIRMED = 2
    FINALIZED = 3


_LEVELS = (
    (TransactionConfirmationStatus.Processed, Level.PROCESSED),
    (TransactionConfirmationStatus.Confirmed, Level.CONFIRMED),
    (TransactionConfirmationStatus.Finalized, Level.FINALIZED),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a transaction fails.

    Attributes:
        text: In words.
        instruction: The instruction that failed; None when the transaction itself did.
        code: The program's own error number, if it gave one.
    """

    text: str
    instruction: int | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """How a message would fail now, if it would, and the compute units that it takes."""

    failure: Failure | None
    compute_units: int


@dataclass(frozen=True, slots=True)
class Blockhash:
    """A recent blockhash, the last height it is good for, and the slot it was told at."""

    blockhash: Hash
    last_valid_block_height: int
    slot: int


@dataclass(frozen=True, slots=True)
class Height:
    """A slot and the block height there."""

    slot: int
    block_height: int


@dataclass(frozen=True, slots=True)
class Status:
    """Where a transaction landed, how settled that is, and how it failed if it did."""

    slot: int
    level: Level
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Statuses:
    """Statuses in the order asked, None where the node knows none, as of a slot."""

    slot: int
    found: list[Status | None]


@dataclass(frozen=True, slots=True)
class TokenBalances:
    """Finalized atoms by token account as of a slot; an account that is not there has None."""

    slot: int
    atoms: dict[Pubkey, int | None]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A finalized transaction that names an address."""

    signature: Signature
    slot: int
    failed: bool


class Chain:
    """One node."""

    def __init__(self, url: str) -> None:
        """Remember the URL; nothing is asked yet."""
        self.url = url
        self._client = AsyncClient(url, timeout=REQUEST_SECONDS_MAX)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def genesis_hash(self) -> str:
        """Return the hash that tells this chain from every other."""
        return str((await _ask(self._client.get_genesis_hash)).value)

    async def rent_lamports(self, account_bytes: int) -> int:
        """Return the balance that an account of a size must hold."""
        answer = await _ask(self._client.get_minimum_balance_for_rent_exemption, account_bytes)
        return answer.value

    async def latest_blockhash(self) -> Blockhash:
        """Return a blockhash of a confirmed block."""
        answer = await _ask(self._client.get_latest_blockhash, Confirmed)
        value = answer.value
        return Blockhash(value.blockhash, value.last_valid_block_height, answer.context.slot)

    async def finalized_height(self) -> Height:
        """Return the newest finalized slot and its block height, told together."""
        value = (await _ask(self._client.get_epoch_info, Finalized)).value
        return Height(value.absolute_slot, value.block_height)

    async def first_available_slot(self) -> int | None:
        """Return the oldest slot whose transactions the node keeps; None: it does not tell."""
        try:
            return (await _ask(self._client.get_first_available_block)).value
        except ChainRefused:
            return None

    async def statuses(self, signatures: Sequence[Signature], *, history: bool) -> Statuses:
        """Return the statuses of at most 256 signatures; `history` looks beyond recent ones."""
        answer = await _ask(self._client.get_signature_statuses, list(signatures), history)
        found = [None if value is None else _status(value) for value in answer.value]
        if len(found) != len(signatures):
            raise ChainUnavailable("the node answered another number of statuses than asked for")
        return Statuses(answer.context.slot, found)

    async def simulate(self, message: MessageV1, *, slot_min: int) -> Simulation:
        """Run a message on the confirmed state and keep nothing.

        Args:
            message: Its blockhash is replaced by a recent one.
            slot_min: The node must have seen this slot.
        """
        answer = await _ask(
            self._client.simulate_transaction,
            unsigned(message),
            commitment=Confirmed,
            replace_recent_blockhash=True,
            min_context_slot=slot_min,
        )
        failure = None if answer.value.err is None else failure_of(answer.value.err)
        return Simulation(failure, answer.value.units_consumed or 0)

    async def lamports(self, address: Pubkey) -> int:
        """Return the confirmed balance of an address."""
        return (await _ask(self._client.get_balance, address, Confirmed)).value

    async def account_data(self, address: Pubkey) -> bytes:
        """Return the finalized data of an account.

        Raises:
            ChainUnavailable: Also when the account is not there (yet).
        """
        answer = await _ask(self._client.get_account_info, address, Finalized)
        if answer.value is None:
            raise ChainUnavailable(f"account {address} is not there")
        return bytes(answer.value.data)

    async def send(self, transaction: bytes) -> str:
        """Hand a signed transaction to the node; return why the node did not want it, or ''.

        The node neither simulates nor repeats it: both are done here. That it has been processed
        before is success, and says nothing about how it ended: only its status does.
        """
        options = TxOpts(skip_preflight=True, preflight_commitment=Confirmed, max_retries=0)
        try:
            await _ask(self._client.send_raw_transaction, transaction, options)
        except ChainRefused as error:
            return str(error)
        return ""

    async def token_balances(
        self, addresses: Sequence[Pubkey], commitment: Commitment = Finalized
    ) -> TokenBalances:
        """Return the balances of at most 100 token accounts at one slot."""
        answer = await _ask(
            self._client.get_multiple_accounts,
            list(addresses),
            commitment=commitment,
            data_slice=DataSliceOpts(offset=_AMOUNT_OFFSET, length=_AMOUNT_BYTES),
        )
        if len(answer.value) != len(addresses):
            raise ChainUnavailable("the node answered another number of accounts than asked for")
        atoms = {
            address: None if account is None else int.from_bytes(account.data, "little")
            for address, account in zip(addresses, answer.value, strict=True)
        }
        return TokenBalances(answer.context.slot, atoms)

    async def signatures(
        self, address: Pubkey, *, until: Signature | None, before: Signature | None = None
    ) -> list[Sighting]:
        """Return a page of finalized transactions that name an address, newest first."""
        answer = await _ask(
            self._client.get_signatures_for_address,
            address,
            before=before,
            until=until,
            limit=SIGNATURES_PER_PAGE,
            commitment=Finalized,
        )
        return [Sighting(each.signature, each.slot, each.err is not None) for each in answer.value]

    async def transaction(self, signature: Signature) -> ChainTransaction:
        """Return a finalized transaction.

        Raises:
            ChainUnavailable: Also when the node does not have it (any more, or yet).
        """
        answer = await _ask(
            self._client.get_transaction,
            signature,
            encoding="json",
            commitment=Finalized,
            max_supported_transaction_version=1,
        )
        if answer.value is None:
            raise ChainUnavailable(f"the node does not have transaction {signature}")
        return transaction_of(answer.value)


async def _ask(method: Callable[..., Awaitable[Answer]], *arguments: Any, **options: Any) -> Answer:
    """Ask the node and sort its errors.

    Raises:
        ChainUnavailable: No answer, one that cannot be read, or the node is behind.
        ChainRefused: The node refuses this very request.
    """
    try:
        return await method(*arguments, **options)
    except SolanaRpcException as error:
        raise ChainUnavailable(f"{error}: {error.__cause__}") from error
    except SerdeJSONError as error:
        raise ChainUnavailable(f"the node's answer cannot be read: {error}") from error
    except RPCException as error:
        answer = error.args[0] if error.args else error
        if _is_about_request(answer):
            raise ChainRefused(_words(answer)) from error
        raise ChainUnavailable(_words(answer)) from error


def _is_about_request(answer: object) -> bool:
    """Tell whether an error is about what was asked, not about the node that was asked."""
    kinds = ("InvalidParamsMessage", "SendTransactionPreflightFailureMessage")
    return isinstance(answer, MethodNotFoundMessage) or type(answer).__name__ in kinds


def _words(answer: object) -> str:
    if isinstance(answer, SendTransactionPreflightFailureMessage):
        return answer.message
    return str(getattr(answer, "message", answer))


def _status(value: Any) -> Status:
    failure = None if value.err is None else failure_of(value.err)
    for name, level in _LEVELS:
        if value.confirmation_status == name:
            return Status(value.slot, level, failure)
    raise ChainUnavailable("the node's answer has no confirmation status")


def failure_of(error: Any) -> Failure:
    """Sort a transaction error as the node words it."""
    if not isinstance(error, TransactionErrorInstructionError):
        return Failure(_name(error))
    inner = error.err
    if isinstance(inner, InstructionErrorCustom):
        name, message = IDL.errors.get(inner.code, ("", _TOKEN_ERRORS.get(inner.code, "")))
        meaning = f"{name}: {message}" if name else message or "program error"
        text = f"instruction {error.index}: {meaning} (code {inner.code})"
        return Failure(text, error.index, inner.code)
    return Failure(f"instruction {error.index}: {_name(inner)}", error.index)


def _name(error: Any) -> str:
    """Return the name of an error without that of its type in front."""
    text = str(error)
    if isinstance(error, TransactionErrorFieldless | InstructionErrorFieldless):
        return text.rpartition(".")[2]
    return text.removeprefix("TransactionError").removeprefix("InstructionError")
