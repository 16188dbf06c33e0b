"""Quotes of market makers: all of an account's quote in a market, replaced in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.commands import CommandKind, SelfTradePrevention
from engine.core.limits import GROUP_ENTRIES_MAX
from engine.core.rejects import Reject
from realstack.client.arguments import choice, number_of
from realstack.client.columns import client_id as wire_id
from realstack.client.columns import columns_of
from realstack.client.errors import InvalidInput, OutcomeUnknown, Rejected, Unavailable
from realstack.client.records import AnswerStatus, Market, Quoted
from realstack.client.requests import (
    ClientId,
    Request,
    answer_of,
    client_id_of,
    command,
    identify,
)
from realstack.client.sending import Sending
from realstack.common.v1 import common_pb2
from realstack.trading.v1 import trading_pb2, trading_pb2_grpc
from realstack.units import DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLevel:
    """A level of a quote, each number as an exact decimal; a side left out is not quoted."""

    bid: DecimalText | None = None
    bid_quantity: DecimalText | None = None
    ask: DecimalText | None = None
    ask_quantity: DecimalText | None = None


class Quoting(Sending):
    """Calls of a market maker: they act for the account of the API key."""

    async def quote(
        self,
        levels: Sequence[QuoteLevel],
        *,
        market: str | int,
        post_only: bool = False,
        max_age_ms: int = 0,
        self_trade_prevention: str | SelfTradePrevention | None = None,
        client_id: ClientId | None = None,
        sent_time_ns: int = 0,
        timeout_seconds: float | None = None,
    ) -> Quoted:
        """Replace the account's quote in a market: all of it is done, or nothing.

        What stays at its price with no more than its leaves keeps its place in the queue. No levels
        take the quote away.

        Args:
            levels: Best first; bids fall from level to level, asks rise.
            market: Symbol or id.
            post_only: Refuse the quote if one of its orders would trade on arrival.
            max_age_ms: Refuse it when it is sequenced later than this after its sent time.
            self_trade_prevention: As with `place`.
            client_id: The quote's id of yours; a random one if not given.
            sent_time_ns: With an earlier `client_id`: when it was first sent.
            timeout_seconds: How long to wait.

        Raises:
            InvalidInput, InvalidNumber, Rejected, OutcomeUnknown: As with `place`.
        """
        found = await self.market(market)
        if len(levels) > GROUP_ENTRIES_MAX:
            rule = f"at most {GROUP_ENTRIES_MAX} levels"
            raise InvalidInput("levels", len(levels), rule, Reject.GROUP_INCOMPLETE)
        own_group = choice(
            "self_trade_prevention",
            self_trade_prevention,
            SelfTradePrevention,
            Reject.INVALID_SELF_TRADE_PREVENTION,
        )
        row = command(
            CommandKind.MASS_QUOTE,
            **self._identity(client_id, sent_time_ns),
            market_id=found.market_id,
            max_age_ms=max_age_ms,
        )
        row = identify(row)
        head = row[0]
        quote = trading_pb2.MassQuote(
            client_id=wire_id(int(head["client_id_low"]), int(head["client_id_high"])),
            sent_time_ns=int(head["sent_time_ns"]),
            market_id=found.market_id,
            levels=[_level(level, found) for level in levels],
            post_only=post_only,
            self_trade_prevention=common_pb2.SelfTradePrevention.ValueType(own_group or 0),
            max_age_ms=max_age_ms,
        )
        request = Request(row, asyncio.get_running_loop().create_future(), sent=True)
        return await self._quote(request, quote, timeout_seconds)

    async def _quote(
        self, request: Request, quote: trading_pb2.MassQuote, timeout_seconds: float | None
    ) -> Quoted:
        """Send a quote, which has a call of its own."""
        stub = trading_pb2_grpc.TradingServiceStub(self._open_channel())
        message = trading_pb2.MassQuoteRequest(quote=quote)
        try:
            response = await self._unary(stub.MassQuote, message, timeout_seconds)
        except Unavailable as error:
            raise OutcomeUnknown(request) from error
        finally:
            request.future.cancel()
        told = response.answer
        answer = answer_of(request, columns_of(told), told.detail)
        if answer.status is AnswerStatus.REJECTED:
            raise Rejected(answer)
        return Quoted(
            sequence=answer.sequence,
            client_id=client_id_of(request.commands[0]),
            is_duplicate=answer.status is AnswerStatus.DUPLICATE,
            placed_count=told.placed_count,
            kept_count=told.kept_count,
            cancelled_count=told.cancelled_count,
        )


def _level(level: QuoteLevel, market: Market) -> trading_pb2.QuoteLevel:
    """Give a level in ticks and lots.

    Raises:
        InvalidNumber: A number is not exact.
    """
    return trading_pb2.QuoteLevel(
        bid_price_ticks=number_of("price", level.bid, None, market) or 0,
        bid_lots=number_of("quantity", level.bid_quantity, None, market) or 0,
        ask_price_ticks=number_of("price", level.ask, None, market) or 0,
        ask_lots=number_of("quantity", level.ask_quantity, None, market) or 0,
    )
