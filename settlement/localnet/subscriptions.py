"""Who wants to hear what, and what each of them is told when blocks settle.

A transaction is news once per commitment: when it lands, when its block is confirmed and when it is
finalized. Until then it waits in that commitment's queue; a rolled-back one leaves the queues.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from solders.account import Account
from solders.pubkey import Pubkey
from solders.signature import Signature

from settlement.localnet.blocks import Block, Commitment
from settlement.localnet.chain import Chain
from settlement.localnet.machine import TransactionError
from settlement.localnet.records import TransactionRecord
from settlement.localnet.rpc.account_view import Slice, account_json
from settlement.localnet.rpc.context import with_context

SUBSCRIPTIONS_PER_CONNECTION_MAX = 10_000
Push = Callable[[dict[str, object]], None]


class Topic(StrEnum):
    """What can be subscribed to; the value is the stem of the method's name."""

    ACCOUNT = "account"
    LOGS = "logs"
    PROGRAM = "program"
    ROOT = "root"
    SIGNATURE = "signature"
    SLOT = "slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One wish of one connection.

    Attributes:
        number: Its id on the wire.
        topic: What it is about.
        push: Sends an object to the connection; never waits.
        commitment: How settled the news must be.
        address: The account, the program, or the key that logs must mention (None: all logs).
        signature: The transaction waited for.
        encoding: For account data.
        data_slice: For account data.
        matches: For `program`, whether an account's data passes the filters.
    """

    number: int
    topic: Topic
    push: Push
    commitment: Commitment = Commitment.FINALIZED
    address: Pubkey | None = None
    signature: Signature | None = None
    encoding: str = "base64"
    data_slice: Slice | None = None
    matches: Callable[[bytes], bool] = field(default=lambda data: True)

    def notify(self, result: object) -> None:
        """Send one piece of news."""
        self.push(
            {
                "jsonrpc": "2.0",
                "method": f"{self.topic.value}Notification",
                "params": {"result": result, "subscription": self.number},
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """The part of a transaction record that news needs."""

    signature: Signature
    slot: int
    err: TransactionError | None
    logs: list[str]
    keys: tuple[Pubkey, ...]
    changed: tuple[Pubkey, ...]


class Subscriptions:
    """All subscriptions of all connections to one chain."""

    def __init__(self, chain: Chain) -> None:
        """Hear everything of `chain` from now on."""
        self._chain = chain
        self._by_number: dict[int, Subscription] = {}
        self._number_last = 0
        self._root_slot = chain.bank(Commitment.FINALIZED).slot
        self._waiting: dict[Commitment, deque[_News]] = {each: deque() for each in Commitment}
        chain.listen(self)

    def next_number(self) -> int:
        """Give out an id; none is used twice."""
        self._number_last += 1
        return self._number_last

    def add(self, subscription: Subscription) -> None:
        """Take a subscription; a signature that is already settled enough is told at once."""
        self._by_number[subscription.number] = subscription
        if subscription.signature is None:
            return
        row = self._chain.status(subscription.signature, search_history=True)
        bank = self._chain.bank(subscription.commitment)
        if row is not None and row.slot <= bank.slot:
            self._tell_signature(subscription, bank, row.err)

    def remove(self, number: int) -> bool:
        """End a subscription; tell whether there was one."""
        return self._by_number.pop(number, None) is not None

    # What the chain tells.

    def transaction_landed(self, record: TransactionRecord) -> None:
        """Queue a transaction for each commitment, and tell those who want it unsettled."""
        logs: list[str] = record.meta["logMessages"]
        news = _News(
            signature=record.signature,
            slot=record.slot,
            err=record.err,
            logs=logs,
            keys=record.keys,
            changed=record.changed,
        )
        for waiting in self._waiting.values():
            waiting.append(news)
        self._tell_settled(Commitment.PROCESSED)

    def slot_opened(self, block: Block) -> None:
        """Tell of the slot, and of everything that it settled."""
        for commitment in Commitment:
            self._tell_settled(commitment)
        root_slot = self._chain.bank(Commitment.FINALIZED).slot
        for subscription in self._of(Topic.SLOT):
            subscription.notify(
                {"parent": block.parent_slot, "root": root_slot, "slot": block.slot}
            )
        if root_slot != self._root_slot:
            self._root_slot = root_slot
            for subscription in self._of(Topic.ROOT):
                subscription.notify(root_slot)

    def slots_rolled_back(self, last_kept_slot: int) -> None:
        """Forget the news of blocks that never happened."""
        for commitment, waiting in self._waiting.items():
            kept = (news for news in waiting if news.slot <= last_kept_slot)
            self._waiting[commitment] = deque(kept)

    def _of(self, topic: Topic) -> list[Subscription]:
        return [each for each in self._by_number.values() if each.topic is topic]

    def _tell_settled(self, commitment: Commitment) -> None:
        waiting = self._waiting[commitment]
        bank = self._chain.bank(commitment)
        settled: list[_News] = []
        while waiting and waiting[0].slot <= bank.slot:
            settled.append(waiting.popleft())
        if not settled:
            return
        for subscription in list(self._by_number.values()):
            if subscription.commitment is commitment:
                self._tell(subscription, bank, settled)

    def _tell(self, subscription: Subscription, bank: Block, settled: list[_News]) -> None:
        if subscription.topic is Topic.SIGNATURE:
            for news in settled:
                if news.signature == subscription.signature:
                    self._tell_signature(subscription, bank, news.err)
        elif subscription.topic is Topic.LOGS:
            for news in settled:
                if subscription.address is None or subscription.address in news.keys:
                    subscription.notify(with_context(bank, _logs_json(news)))
        elif subscription.topic in (Topic.ACCOUNT, Topic.PROGRAM):
            # An account changed by several of them is told once, as it is at the end.
            for address in dict.fromkeys(key for news in settled for key in news.changed):
                self._tell_account(subscription, bank, address)

    def _tell_signature(
        self, subscription: Subscription, bank: Block, err: TransactionError | None
    ) -> None:
        self.remove(subscription.number)
        subscription.notify(with_context(bank, {"err": err}))

    def _tell_account(self, subscription: Subscription, bank: Block, address: Pubkey) -> None:
        account = self._chain.account(address, bank)
        if subscription.topic is Topic.ACCOUNT:
            if address == subscription.address:
                subscription.notify(with_context(bank, self._account(subscription, bank, account)))
            return
        if account is None or account.owner != subscription.address:
            return
        if subscription.matches(account.data):
            shown = self._account(subscription, bank, account)
            subscription.notify(with_context(bank, {"pubkey": str(address), "account": shown}))

    def _account(
        self, subscription: Subscription, bank: Block, account: Account | None
    ) -> dict[str, object]:
        # A closed account is told as a real node does: empty, and the system program's.
        shown = account or Account(lamports=0, data=b"", owner=Pubkey.default())
        return account_json(
            self._chain,
            bank,
            shown,
            encoding=subscription.encoding,
            data_slice=subscription.data_slice,
        )


def _logs_json(news: _News) -> dict[str, object]:
    return {"signature": str(news.signature), "err": news.err, "logs": news.logs}
