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
from settlement.batcher import BATCH_FILLS_MAX, bisect, pack, pack_all
from settlement.builder import Builder
from settlement.chain import Blockhash, Failure
from settlement.clock import Clock
from settlement.confirmer import Confirmer, Finding, Verdict, next_step
from settlement.killpoints import maybe_die
from settlement.netting import Transfer
from settlement.payments import Payment, PaymentKind
from settlement.states import TO_CONFIRM, TO_SEND, State, Step
from settlement.store import fills as fill_rows
from settlement.store import withdrawals as withdrawal_rows
from settlement.store.batches import BatchStore, create, parent_of, waiting_to_be_sent
from settlement.store.payments import LeaseLost, PaymentStore
from settlement.submitter import Refusal, Submitter
from settlement.transactions import batch_size

log = structlog.get_logger()

Item = TypeVar("Item")

PASS_FILLS_MAX = 4 * BATCH_FILLS_MAX
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
        fills_max: At most so many fills in a batch.
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
        self._builder = builder
        self._submitter = submitter
        self._confirmer = confirmer
        self._clock = clock
        self._rules = rules
        self._sent_ns: dict[Signature, int] = {}
        self._sending: set[int] = set()

    def fits(self, transfers: Sequence[Transfer]) -> bool:
        """Tell whether one transaction can carry the transfers."""
        programs = {self._builder.asset(each.asset_id).token_program for each in transfers}
        return batch_size(transfers, programs=len(programs)).fits

    async def make_batches(self) -> list[int]:
        """Put queued fills into batches; return the ids of those made.

        A batch that could take more is left open until its oldest fill has waited long enough,
        and longer while earlier batches wait to be sent: then fuller batches come out.
        """
        now_ns = self._clock.now_ns()
        async with self._batches.making() as connection:
            queued, oldest_ns = await fill_rows.queued(connection, PASS_FILLS_MAX)
            made, still_open = pack(queued, self.fits, fills_max=self._rules.fills_max)
            if still_open and not made:
                waited = now_ns - oldest_ns >= self._rules.wait_ns
                if waited and await waiting_to_be_sent(connection) == 0:
                    made = pack_all(still_open, self.fits, fills_max=self._rules.fills_max)
            return await create(connection, made, now_ns=now_ns)

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
        blame = await self._submitter.blame(failure)
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
        """Make a failed batch anew from halves of its fills, or park its only fill."""
        parent = await parent_of(connection, payment.payment_id)
        check(len(parent.fills) > 0, "a batch has fills")
        if len(parent.fills) > 1:
            children = bisect(parent.fills, self.fits)
        elif step is Step.SEEN_FAILED and payment.failures < FAILURES_MAX:
            # The chain failed what the simulation allowed: something changed in between, so the
            # next simulation may tell more.
            children = pack_all(parent.fills, self.fits)
        else:
            await self._payments.step_within(
                connection, payment, Step.GIVEN_UP, now_ns=now_ns, reason=reason
            )
            return
        ids = await create(connection, children, now_ns=now_ns, parent=parent)
        log.info("batch_split", batch_id=parent.batch_id, into=ids)
