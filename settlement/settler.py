"""The parent of everything that happens to a payment: batching, sending, confirming, failing.

Each method is one pass: it claims what there is to do, does it, and returns. A pass may be cut off
anywhere and run again; the worker runs them in loops, and several workers may run them at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog
from solders.signature import Signature

from engine.core.invariants import check
from services._base.database import Connection
from settlement.batcher import BATCH_FILLS_MAX, bisect, pack_all
from settlement.builder import Builder
from settlement.chain import Blockhash, Failure
from settlement.clock import Clock
from settlement.confirmer import Confirmer, Finding, Verdict, next_step
from settlement.killpoints import maybe_die
from settlement.maker import Maker
from settlement.payments import Payment, PaymentKind
from settlement.states import TO_CONFIRM, TO_SEND, State, Step
from settlement.store import fills as fill_rows
from settlement.store import withdrawals as withdrawal_rows
from settlement.store.batches import (
    BatchStore,
    create,
    create_parts,
    float_atoms,
    last_batch_id,
    parent_of,
    under_way,
)
from settlement.store.payments import LeaseLost, PaymentStore
from settlement.submitter import Refusal, Submitter
from settlement.transactions import is_clearing
from settlement.windows import halves, window_of

log = structlog.get_logger()

Item = TypeVar("Item")

PASS_PAYMENTS_MAX = 64  # what one worker takes at a time, so that others find work too
LOOKED_AT_MAX = 2_048  # in flight per worker; eight questions to the node
AT_ONCE_MAX = 8  # hides the node's and the database's answer times; bounds connections
FAILURES_MAX = 2  # a single fill that fails on chain is tried once more, then parked


@dataclass(frozen=True, slots=True)
class Rules:
    """How long things wait.

    Attributes:
        wait_ns: A fill for others, before its batch is closed.
        resend_ns: A transaction that has not landed, before it is sent again.
        fills_max: At most so many fills in a window.
    """

    wait_ns: int
    resend_ns: int
    fills_max: int = BATCH_FILLS_MAX


class Settler:
    """One worker's passes over payments."""

    def __init__(
        self,
        *,
        batches: BatchStore,
        payments: PaymentStore,
        builder: Builder,
        submitter: Submitter,
        confirmer: Confirmer,
        clock: Clock,
        rules: Rules,
    ) -> None:
        """Take the parts; nothing is done yet."""
        self._batches = batches
        self._payments = payments
        self._maker = Maker(builder, submitter)
        self._submitter = submitter
        self._confirmer = confirmer
        self._clock = clock
        self._rules = rules
        self._sent_ns: dict[Signature, int] = {}
        self._sending: set[int] = set()

    async def make_batches(self, *, slot_min: int) -> list[int]:
        """Put queued fills into windows of batches; return the ids of the batches made.

        Fills wait until the oldest of them has waited long enough, and longer while earlier batches
        wait to be sent: then fuller batches come out. As many as a window takes wait no longer.
        """
        now_ns = self._clock.now_ns()
        async with self._batches.making() as connection:
            queued, oldest_ns = await fill_rows.queued(connection, self._rules.fills_max)
            open_batches = await under_way(connection)
            is_due = now_ns - oldest_ns >= self._rules.wait_ns and open_batches.waiting == 0
            if not queued or not (is_due or len(queued) == self._rules.fills_max):
                return []
            windows = [window_of(each) for each in pack_all(queued, self._maker.fits(queued))]
            if len(windows) > 1:
                if open_batches.unconfirmed:
                    return []  # a window is tried on the chain as it is after all before it
                windows = await self._maker.make(
                    queued,
                    await float_atoms(connection),
                    batch_id=await last_batch_id(connection) + 1,
                    slot_min=slot_min,
                )
            return await create(connection, windows, now_ns=now_ns)

    async def send(self, *, slot_min: int, withdrawals_halted: bool) -> int:
        """Send what may be sent; return how many payments were signed.

        Args:
            slot_min: The newest slot that was seen: no older state decides.
            withdrawals_halted: Whether to leave withdrawals alone.
        """
        claimed = await self._payments.claim(TO_SEND, PASS_PAYMENTS_MAX)
        if withdrawals_halted:
            claimed = [each for each in claimed if each.kind is not PaymentKind.WITHDRAWAL]
        if not claimed:
            return 0
        admitted = await self._submitter.admitted(claimed)
        if not admitted:
            return 0
        blockhash = await self._submitter.blockhash()

        async def send_one(payment: Payment) -> bool:
            return await self._send_one(payment, blockhash, slot_min)

        return sum(await self._few_at_once(admitted, send_one))

    async def _few_at_once(
        self, items: Sequence[Item], work: Callable[[Item], Awaitable[bool]]
    ) -> list[bool]:
        """Do the work for each item, some at once, and stop before the claims run out.

        What is left over is False; the next pass claims it anew. The first error is raised when
        all that was begun has ended.
        """
        one_of_few = asyncio.Semaphore(AT_ONCE_MAX)
        # At least half of each lease is left now; a quarter is kept for what has begun.
        deadline_ns = self._clock.now_ns() + self._payments.lease_ns // 4

        async def do(item: Item) -> bool:
            async with one_of_few:
                return self._clock.now_ns() < deadline_ns and await work(item)

        done = await asyncio.gather(*map(do, items), return_exceptions=True)
        for each in done:
            if isinstance(each, BaseException):
                raise each
        return [each is True for each in done]

    async def _send_one(self, payment: Payment, blockhash: Blockhash, slot_min: int) -> bool:
        self._sending.add(payment.payment_id)
        try:
            refused = await self._submitter.submit(payment, blockhash, slot_min=slot_min)
            if refused is None:
                return True
            await self.fail(refused.payment, Step.REFUSED_IN_SIMULATION, refused.reason)
        except LeaseLost as error:
            log.info("lease_lost", payment_id=payment.payment_id, reason=str(error))
        finally:
            self._sending.remove(payment.payment_id)
        return False

    async def confirm(self) -> list[Finding]:
        """Look what became of all that was sent, and move it on; return what was found."""
        # What the sending pass has in its hands is its own, from before the claim to after it.
        sending = set(self._sending)
        claimed = await self._payments.claim(TO_CONFIRM, LOOKED_AT_MAX)
        sending |= self._sending
        claimed = [each for each in claimed if each.payment_id not in sending]
        if not claimed:
            return []
        attempts = await self._payments.live_attempts(claimed)
        sent = [(each, attempts[each.payment_id]) for each in claimed]
        found = await self._confirmer.look(sent)
        self._sent_ns = {
            each.signature: self._sent_ns.get(each.signature, 0) for each in attempts.values()
        }
        await self._few_at_once(found, self._act)
        return found

    async def _act(self, finding: Finding) -> bool:
        try:
            await self._move_on(finding)
        except LeaseLost as error:
            log.info("lease_lost", payment_id=finding.payment.payment_id, reason=str(error))
            return False
        return True

    async def _move_on(self, finding: Finding) -> None:
        payment, verdict, status = finding.payment, finding.verdict, finding.status
        step = next_step(payment.state, verdict)
        if step is Step.SEEN_FAILED and status is not None and status.failure is not None:
            await self._failed_on_chain(payment, status.failure)
            return
        if step is not None:
            if step is Step.SEEN_CONFIRMED:
                maybe_die("confirmed")
            landed = step in (Step.SEEN_CONFIRMED, Step.SEEN_FINAL) and status is not None
            slot = status.slot if status is not None and landed else None
            reason = "no node can tell what became of it" if step is Step.OUTCOME_UNKNOWN else ""
            payment = await self._payments.step(
                payment, step, now_ns=self._clock.now_ns(), reason=reason, landed_slot=slot
            )
            if step is Step.SEEN_FINAL:
                maybe_die("marked")
        now_ns, signature = self._clock.now_ns(), finding.attempt.signature
        waited = now_ns - self._sent_ns[signature] >= self._rules.resend_ns
        if payment.state is State.SIGNED or (verdict is Verdict.RESEND and waited):
            self._sent_ns[signature] = now_ns
            await self._submitter.broadcast(payment, finding.attempt)

    async def _failed_on_chain(self, payment: Payment, failure: Failure) -> None:
        reason = f"failed on chain: {failure.text}"
        blame = await self._submitter.blame(payment, failure)
        if blame is Refusal.PAYMENT:
            await self.fail(payment, Step.SEEN_FAILED, reason)
        elif blame is Refusal.RECEIPT:
            await self._submitter.receipt_found(payment)
        else:
            log.error("failed_outside", payment_id=payment.payment_id, reason=reason)
            now_ns = self._clock.now_ns()
            step = Step.SEEN_FAILED_OUTSIDE
            await self._payments.step(payment, step, now_ns=now_ns, reason=reason)

    async def fail(self, payment: Payment, step: Step, reason: str) -> None:
        """End a payment that cannot be made, and put what it was for on another way, in one commit.

        Raises:
            LeaseLost: Another worker has it.
        """
        log.warning("payment_failed", payment_id=payment.payment_id, reason=reason)
        async with self._batches.making() as connection:
            now_ns = self._clock.now_ns()
            payment = await self._payments.step_within(
                connection, payment, step, now_ns=now_ns, reason=reason
            )
            if payment.kind is PaymentKind.WITHDRAWAL:
                await withdrawal_rows.release_failed(connection, payment.payment_id, reason)
            else:
                await self._split(connection, payment, step, reason, now_ns)

    async def _split(
        self, connection: Connection, payment: Payment, step: Step, reason: str, now_ns: int
    ) -> None:
        """Settle in another way what a failed batch was to settle, or park it.

        A batch that is its whole window is made anew from halves of its fills. One of several
        cannot be: others of its window may have landed. It is split between its accounts, each of
        which stays whole; for one that is parked the clearing float stands in.
        """
        parent = await parent_of(connection, payment.payment_id)
        check(len(parent.fills) > 0, "a batch has fills")
        is_part = is_clearing(parent.part.transfers)
        # The chain failed what the simulation allowed: something changed in between, so the next
        # simulation may tell more.
        once_more = step is Step.SEEN_FAILED and payment.failures < FAILURES_MAX
        if is_part and (len(parent.part.accounts) > 1 or once_more):
            parts = halves(parent.part) if len(parent.part.accounts) > 1 else (parent.part,)
            ids = await create_parts(connection, parts, now_ns=now_ns, parent=parent)
        elif not is_part and (len(parent.fills) > 1 or once_more):
            fits = self._maker.fits(parent.fills)
            again = (
                bisect(parent.fills, fits)
                if len(parent.fills) > 1
                else pack_all(parent.fills, fits)
            )
            windows = [window_of(each) for each in again]
            ids = await create(connection, windows, now_ns=now_ns, parent=parent)
        else:
            await self._payments.step_within(
                connection, payment, Step.GIVEN_UP, now_ns=now_ns, reason=reason
            )
            return
        log.info("batch_split", batch_id=parent.batch_id, into=ids)
