"""The accounts that are followed: those whose owners ask or listen."""

from __future__ import annotations

from gateway.accounts.follower import AccountFollower
from gateway.engine_client import EngineClient
from gateway.feeds.settlement import SettlementFeed


class Accounts:
    """The followers of accounts that were asked for, the longest unused one forgotten first."""

    def __init__(
        self, engine: EngineClient, settlement: SettlementFeed, *, accounts_max: int
    ) -> None:
        self._engine = engine
        self._settlement = settlement
        self._accounts_max = accounts_max
        self._followers: dict[int, AccountFollower] = {}

    async def get(self, account_id: int, api_key: str) -> AccountFollower:
        """Return the follower of an account, a new one if there is none that works."""
        follower = self._followers.pop(account_id, None)
        if follower is not None and follower.failure is not None:
            await follower.close()
            follower = None
        if follower is None:
            follower = AccountFollower(self._engine, self._settlement, account_id, api_key)
            follower.start()
        self._followers[account_id] = follower
        await self._drop_unused()
        return follower

    def beat(self) -> None:
        """Offer a heartbeat on every private channel that somebody listens to."""
        for follower in self._followers.values():
            for channel in (follower.orders, follower.fills):
                channel.beat(follower.history.as_of_sequence)

    async def close(self) -> None:
        """Stop following every account."""
        for follower in self._followers.values():
            await follower.close()
        self._followers.clear()

    async def _drop_unused(self) -> None:
        unused = [number for number, each in self._followers.items() if not each.is_used()]
        excess = len(self._followers) - self._accounts_max
        for account_id in unused[: max(0, excess)]:
            await self._followers.pop(account_id).close()
