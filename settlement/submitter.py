"""Sending: from a payment to a transaction that the node has, in the order that makes it safe.

    1. simulate  the confirmed state refuses it: nothing was signed, so refusing is safe
    2. sign      with a recent blockhash
    3. store     signature, last valid height, payload hash and bytes, in one commit
    4. send      the stored bytes
    5. note      IN_FLIGHT

The process may die between any two. After 3 the confirmer finds the attempt and sends the same
bytes; before 3 nothing ever left this process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import structlog
from solana.rpc.commitment import Commitment, Confirmed, Finalized
from solders.hash import Hash
from solders.message import MessageV1
from solders.pubkey import Pubkey

from engine.core.invariants import check
from realstack.chain.market import RECEIPT_BATCH, RECEIPT_WITHDRAWAL
from settlement.accounts import CLEARING_ACCOUNT_ID, Custody
from settlement.builder import Builder
from settlement.chain import ADDRESSES_PER_CALL, Blockhash, Chain, Failure
from settlement.clock import Clock
from settlement.killpoints import maybe_die
from settlement.ordering import Admission, Vault, debits
from settlement.payments import Attempt, Payment, PaymentKind, participants_of
from settlement.signer import Signer, Wallets
from settlement.states import State, Step
from settlement.store import WrongChain
from settlement.store.payments import PaymentStore
from settlement.transactions import SignerMissing, required_signers, sign

log = structlog.get_logger()

_ALREADY_SETTLED, _NOT_ITS_FAULT = 6016, frozenset({6010, 6014, 6015})
"""The market program's numbers: the receipt is there; wrong role, paused, past the deadline."""
_NOT_ENOUGH = 1
"""Of tokens (the token program's number), or of lamports for the receipt (the system program's)."""
_FEE_LAMPORTS = 10_000  # of the transaction, for at most two signatures


RECEIPT_KINDS = {PaymentKind.BATCH: RECEIPT_BATCH, PaymentKind.WITHDRAWAL: RECEIPT_WITHDRAWAL}


class Refusal(Enum):
    """What a failure, in a simulation or on chain, means."""

    PAYMENT = auto()  # these moves cannot be made: split the batch, or park it
    WORKER = auto()  # not the payment's fault (fee payer empty, say): try again later
    RECEIPT = auto()  # the receipt is there already: a transaction of this payment landed


@dataclass(frozen=True, slots=True)
class Refused:
    """A payment that the confirmed state does not take."""

    payment: Payment
    reason: str


def judge(failure: Failure, *, is_short: bool) -> Refusal:
    """Sort a failure by whose fault it is.

    Args:
        failure: In a simulation, or on chain.
        is_short: Whether the payer cannot pay fee and receipt, or a clearing vault is short.
    """
    if failure.instruction is None or failure.code in _NOT_ITS_FAULT:
        return Refusal.WORKER
    if failure.code == _ALREADY_SETTLED:
        return Refusal.RECEIPT
    if failure.code == _NOT_ENOUGH and is_short:
        return Refusal.WORKER
    return Refusal.PAYMENT


class Submitter:
    """Sends the payments that a worker has claimed."""

    def __init__(
        self,
        *,
        chain: Chain,
        store: PaymentStore,
        builder: Builder,
        custody: Custody,
        signer: Signer,
        wallets: Wallets,
        clock: Clock,
        genesis_hash: str,
        receipt_lamports: int,
    ) -> None:
        """Take the parts; nothing is asked yet.

        Raises:
            BrokenInvariant: When the signer is not the settlement authority.
        """
        check(signer.address == custody.authority, "the signer is the settlement authority")
        self._chain = chain
        self._store = store
        self._builder = builder
        self._custody = custody
        self._signer = signer
        self._wallets = wallets
        self._receipt_lamports = receipt_lamports
        self._clock = clock
        self._genesis_hash = genesis_hash

    async def admitted(self, payments: Sequence[Payment]) -> list[Payment]:
        """Return those that may be sent now, in trade order.

        Raises:
            WrongChain: The node behind the URL is of another chain now.
        """
        shown = await self._chain.genesis_hash()
        if shown != self._genesis_hash:
            raise WrongChain(f"the node's genesis hash was {self._genesis_hash}, is now {shown}")
        pending = await self._store.pending()
        vaults = sorted({vault for payment in payments for vault in debits(payment)})
        admission = Admission(pending, await self._balances(vaults))
        return [payment for payment in payments if admission.admit(payment)]

    async def _balances(
        self, vaults: Sequence[Vault], commitment: Commitment = Finalized
    ) -> dict[Vault, int]:
        addresses = {
            self._custody.address(account_id, self._builder.asset(asset_id)): (account_id, asset_id)
            for account_id, asset_id in vaults
        }
        found: dict[Vault, int] = {}
        wanted = list(addresses)
        for start in range(0, len(wanted), ADDRESSES_PER_CALL):
            part = wanted[start : start + ADDRESSES_PER_CALL]
            answer = await self._chain.token_balances(part, commitment)
            found |= {addresses[each]: atoms or 0 for each, atoms in answer.atoms.items()}
        return found

    async def blockhash(self) -> Blockhash:
        """Return a recent blockhash, for all that is sent in one pass."""
        return await self._chain.latest_blockhash()

    async def submit(
        self, payment: Payment, blockhash: Blockhash, *, slot_min: int
    ) -> Refused | None:
        """Send one admitted payment; return it when the confirmed state refuses it.

        Args:
            payment: NETTED, or EXPIRED.
            blockhash: What its life is counted from.
            slot_min: The newest slot that the worker has seen; an older state decides nothing.

        Raises:
            ChainUnavailable: Nothing was signed, or what was signed is stored.
            LeaseLost: Another worker has the payment.
        """
        simulation = await self._chain.simulate(
            self._builder.message(payment, Hash.default(), blockhash.slot), slot_min=slot_min
        )
        if simulation.failure is not None:
            return await self._refused(payment, simulation.failure)
        message = self._builder.message(payment, blockhash.blockhash, blockhash.slot)
        maybe_die("built")
        try:
            signed = sign(message, self._signers(message))
        except SignerMissing as error:
            log.info("waits_for_signature", payment_id=payment.payment_id, reason=str(error))
            return None
        maybe_die("signed")
        attempt = Attempt(
            signature=signed.signature,
            last_valid_block_height=blockhash.last_valid_block_height,
            payload_sha256=signed.payload_sha256,
            transaction_bytes=signed.transaction_bytes,
            signed_slot=blockhash.slot,
            signed_time_ns=self._clock.now_ns(),
            account_locks=signed.account_locks,
            participants=len(participants_of(payment)),
            compute_units=simulation.compute_units,
        )
        payment = await self._store.store_attempt(payment, attempt)
        maybe_die("stored")
        await self.broadcast(payment, attempt)
        return None

    def _signers(self, message: MessageV1) -> dict[Pubkey, Signer]:
        """Return who can sign: settlement itself, and for a withdrawal the owner's wallet."""
        found: dict[Pubkey, Signer] = {self._signer.address: self._signer}
        for address in required_signers(message):
            signer = None if address in found else self._wallets.signer(address)
            if signer is not None:
                found[address] = signer
        return found

    async def try_out(self, payment: Payment, *, slot: int, slot_min: int) -> Failure | None:
        """Simulate a payment, which need not be stored, on the confirmed state.

        Args:
            payment: What would be sent.
            slot: A recent one, from which the deadline counts.
            slot_min: The node must have seen this slot.

        Raises:
            ChainUnavailable: The node cannot tell now.
        """
        message = self._builder.message(payment, Hash.default(), slot)
        return (await self._chain.simulate(message, slot_min=slot_min)).failure

    async def blame(self, payment: Payment, failure: Failure) -> Refusal:
        """Tell whose fault a failure of a payment is.

        Raises:
            ChainUnavailable: The node cannot tell what the payer, or a clearing vault, has.
        """
        short = False
        if failure.code == _NOT_ENOUGH:
            lamports = await self._chain.lamports(self._signer.address)
            short = lamports < self._receipt_lamports + _FEE_LAMPORTS
            short = short or await self._float_is_short(payment)
        return judge(failure, is_short=short)

    async def _float_is_short(self, payment: Payment) -> bool:
        """Tell whether a clearing vault lacks what a part of a window needs of it now."""
        needed = {
            vault: atoms
            for vault, atoms in debits(payment).items()
            if vault[0] == CLEARING_ACCOUNT_ID
        }
        held = await self._balances(sorted(needed), Confirmed) if needed else {}
        return any(held.get(vault, 0) < atoms for vault, atoms in needed.items())

    async def broadcast(self, payment: Payment, attempt: Attempt) -> Payment:
        """Hand the stored bytes to the node, for the first time or again."""
        problem = await self._chain.send(attempt.transaction_bytes)
        maybe_die("sent")
        if problem:
            # Not proof of anything: the node may have had it before, or another node has it.
            log.warning("send_refused", payment_id=payment.payment_id, problem=problem)
            await self._store.note(payment, problem)
        if payment.state is State.SIGNED:
            payment = await self._store.step(payment, Step.SENT, now_ns=self._clock.now_ns())
        return payment

    async def _refused(self, payment: Payment, failure: Failure) -> Refused | None:
        verdict = await self.blame(payment, failure)
        if verdict is Refusal.PAYMENT:
            return Refused(payment, f"refused in simulation: {failure.text}")
        if verdict is Refusal.RECEIPT:
            await self.receipt_found(payment)
        else:
            log.error("cannot_send", payment_id=payment.payment_id, failure=failure.text)
        return None

    async def receipt_found(self, payment: Payment) -> None:
        """Note that a transaction of this payment has landed; park it if that is not ours.

        Its moves were made: it must neither be signed anew nor split.

        Raises:
            LeaseLost: Another worker has the payment.
        """
        kind = RECEIPT_KINDS[payment.kind]
        address = self._custody.market.receipt(kind, payment.receipt_number)
        sightings = await self._chain.signatures(address, until=None)
        landed = [each for each in sightings if not each.failed]
        if not landed:
            return  # confirmed and not final yet: look again later
        ours = await self._store.signatures_of(payment)
        mine = [each for each in landed if each.signature in ours]
        now_ns = self._clock.now_ns()
        if mine:
            slot = mine[0].slot
            log.error("landed_after_proof_of_death", payment_id=payment.payment_id, slot=slot)
            await self._store.step(payment, Step.SEEN_FINAL, now_ns=now_ns, landed_slot=slot)
            return
        reason = (
            f"its receipt {address} was made by transaction {landed[-1].signature},"
            " which this database does not know"
        )
        await self._store.step(payment, Step.OUTCOME_UNKNOWN, now_ns=now_ns, reason=reason)
