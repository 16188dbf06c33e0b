"""Receipts of batches that are over are closed, so that their rent comes back.

A receipt keeps its batch from being settled twice. It may go only when nothing can settle the batch
any more: first the program's mark is raised above the batch (below it nothing runs, receipt or
not), and only when that is final, the receipts behind the mark are closed. Both can be done again
without harm, so that nothing is stored before it is sent.

The newest receipts stay: they show anyone what was settled, hash of the fills included.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from solders.instruction import Instruction

from realstack.chain.market import IDL, RECEIPT_BATCH
from settlement.accounts import Custody
from settlement.chain import Chain
from settlement.signer import Signer
from settlement.store.receipts import ReceiptStore
from settlement.transactions import compile_message, sign

log = structlog.get_logger()

CLOSED_AT_ONCE = 50  # each locks one account more than config, payer and program
MARK_UNITS, CLOSE_UNITS = 20_000, 10_000


class Receipts:
    """One worker's passes over receipts."""

    def __init__(
        self, *, chain: Chain, store: ReceiptStore, custody: Custody, signer: Signer, kept: int
    ) -> None:
        """Take the parts; nothing is asked yet.

        Args:
            chain: The node.
            store: Knows which batches are over.
            custody: Addresses.
            signer: The settlement authority, which paid the rent.
            kept: How many of the newest batches that are over keep their receipts.
        """
        self._chain = chain
        self._store = store
        self._custody = custody
        self._signer = signer
        self._kept = kept

    async def close(self) -> int:
        """Raise the mark, or close receipts behind it; return how many it asked to close.

        Raises:
            ChainUnavailable: The node cannot tell now.
        """
        mark = await self._mark()
        target = await self._store.first_not_over() - self._kept
        if target - mark >= CLOSED_AT_ONCE:
            await self._send([self._advance(target)], MARK_UNITS)
            log.info("receipt_mark_raised", mark=target)
        first = await self._store.first_not_closed()
        numbers = range(first, min(mark, first + CLOSED_AT_ONCE))
        if not numbers:
            return 0
        market = self._custody.market
        addresses = {market.receipt(RECEIPT_BATCH, number): number for number in numbers}
        held = await self._chain.token_balances(list(addresses))
        there = [addresses[address] for address, data in held.atoms.items() if data is not None]
        if not there:
            await self._store.closed_up_to(numbers.stop)
            return 0
        await self._send(
            [
                market.close_receipt(
                    kind=RECEIPT_BATCH, number=number, payer=self._custody.authority
                )
                for number in there
            ],
            CLOSE_UNITS * len(there),
        )
        return len(there)

    async def _mark(self) -> int:
        """Return the mark of batches in the finalized config."""
        data = await self._chain.account_data(self._custody.market.config)
        return int(IDL.account(data)[1]["batch_mark"])

    def _advance(self, mark: int) -> Instruction:
        return self._custody.market.advance_mark(
            settlement_authority=self._custody.authority, kind=RECEIPT_BATCH, mark=mark
        )

    async def _send(self, instructions: Sequence[Instruction], units: int) -> None:
        recent = await self._chain.latest_blockhash()
        message = compile_message(
            self._custody.authority, instructions, recent.blockhash, units=units
        )
        signed = sign(message, {self._signer.address: self._signer})
        problem = await self._chain.send(signed.transaction_bytes)
        if problem:
            log.warning("receipts_not_closed", problem=problem)
