"""The parts between a plan and a venue: records, money, listings, streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import msgspec
import pytest

from engine.core.commands import CommandKind, OrderType, SelfTradePrevention, Side, TimeInForce
from engine.core.limits import AMOUNT_ATOMS_MAX
from realstack.client import FeedBroken
from realstack.replay import follower as follower_module
from realstack.replay.encode import RUN_BITS, Encoder
from realstack.replay.errors import InvalidRecording
from realstack.replay.follower import Follower
from realstack.replay.funding import TooMuchMoney, funds_of
from realstack.replay.listing import Listing, ListingRefused, make_listing
from realstack.replay.plan import Action, OrderName, Origin, Plan
from realstack.replay.recording import Recording, load
from realstack.up.folders import open_folder
from realstack.up.instruments import Instruments
from realstack.up.keyring import Keyring
from tests.unit.replay.recordings import ADD, ASK, LAST, SNAPSHOT, dbn_bytes, lines, mbo

BUY, SELL = Side.BUY, Side.SELL
PLACE, CANCEL, REPLACE = CommandKind.PLACE, CommandKind.CANCEL, CommandKind.REPLACE
NOTHING = Instruments(assets=[], markets=[], accounts=[], market_program="")


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Keyring]:
    """Give the secrets of a folder."""
    folder = open_folder(tmp_path / "data")
    yield Keyring(folder)
    folder.close()


def recording(*actions: Action, symbol: str = "AAPL", tick_nanos: int = 100_000) -> Recording:
    """Make a recording whose plan is one wave."""
    return Recording(symbol, "shares", tick_nanos, Plan(seeds=(actions,)), None)


def recorded(number: int) -> OrderName:
    """Name an order that the recording names."""
    return OrderName(Origin.RECORDED, number)


# --- records -------------------------------------------------------------------------------------


def test_an_order_is_placed_under_an_id_that_gives_its_name_back() -> None:
    """The lower half is its number; another run has other ids."""
    name = OrderName(Origin.EXECUTION, (1 << 64) - 1)
    run = (1 << RUN_BITS) - 1
    row = Encoder(3, run).commands([Action(PLACE, name, SELL, 99, 4, TimeInForce.IOC)])[0]
    client_id = int(row["client_id_high"]) << 64 | int(row["client_id_low"])
    assert name == Encoder(3, run).name_of(client_id)
    assert Encoder(3, 1).name_of(client_id) is None
    expected = (PLACE, 3, SELL, OrderType.LIMIT, TimeInForce.IOC, SelfTradePrevention.NONE, 99, 4)
    fields = ["kind", "market_id", "side", "order_type", "time_in_force"]
    fields += ["self_trade_prevention", "price_ticks", "quantity_lots"]
    assert expected == tuple(int(row[field]) for field in fields)


def test_cancels_and_replaces_name_the_order_by_its_id() -> None:
    """They carry nothing that their kind does not use."""
    sent = [
        Action(PLACE, recorded(7), BUY, 99, 4),
        Action(REPLACE, recorded(7), BUY, 98, 3),
        Action(CANCEL, recorded(7), BUY),
    ]
    place, replacing, cancelling = Encoder(3, 5).commands(sent)
    for row in (replacing, cancelling):
        for half in ("low", "high"):
            assert place[f"client_id_{half}"] == row[f"target_client_id_{half}"]
            assert 0 == row[f"client_id_{half}"]
        assert (0, 0, 0) == (row["market_id"], row["side"], row["self_trade_prevention"])
    assert (98, 3) == (replacing["price_ticks"], replacing["quantity_lots"])
    assert (0, 0) == (cancelling["price_ticks"], cancelling["quantity_lots"])


def test_an_id_of_somebody_else_has_no_name() -> None:
    """Such as a random one, or zero."""
    encoder = Encoder(3, 5)
    assert [None, None, None] == [encoder.name_of(each) for each in (0, 1 << 127, 5 << 72 | 9)]


# --- money ---------------------------------------------------------------------------------------


def test_accounts_get_what_all_their_orders_cost(keyring: Keyring) -> None:
    """Buyers the notional in quote atoms, sellers the shares; cancels cost nothing."""
    made = recording(
        Action(PLACE, recorded(8), BUY, 99, 4),
        Action(PLACE, recorded(16), BUY, 98, 1),
        Action(PLACE, recorded(9), SELL, 101, 5),
        Action(REPLACE, recorded(9), SELL, 102, 3),
        Action(CANCEL, recorded(8), BUY),
    )
    listing = make_listing(made, keyring, NOTHING, "test")
    quote, base = listing.quote.asset_id, listing.base.asset_id
    assert {(1, quote): (99 * 4 + 98) * 100, (2, base): 8} == funds_of(made.plan, listing)


def test_more_money_than_a_ledger_carries_is_refused(keyring: Keyring) -> None:
    """Before anything is started for it."""
    made = recording(Action(PLACE, recorded(8), SELL, 1, AMOUNT_ATOMS_MAX + 1))
    listing = make_listing(made, keyring, NOTHING, "test")
    with pytest.raises(TooMuchMoney, match="use --limit"):
        funds_of(made.plan, listing)


# --- listings ------------------------------------------------------------------------------------


def test_a_first_replay_lists_everything(keyring: Keyring) -> None:
    """The quote asset, the recorded one, their market without fees, ten accounts."""
    listing = make_listing(recording(), keyring, NOTHING, "test")
    assert ["USDC", "AAPL"] == [asset.symbol for asset in listing.instruments.assets]
    market = listing.market
    assert ("AAPL-USDC", 100, 1) == (
        market.symbol,
        market.quote_atoms_per_tick_lot,
        market.base_atoms_per_lot,
    )
    assert (0, 0) == (market.maker_fee_ppm, market.taker_fee_ppm)
    assert list(range(1, 11)) == [account.account_id for account in listing.accounts]
    assert "585.3300" == listing.units.price_text(5_853_300)
    assert listing.instruments == listing.everything


def again(keyring: Keyring, made: Recording) -> tuple[Listing, Listing]:
    """List a recording twice at one venue."""
    first = make_listing(recording(), keyring, NOTHING, "one")
    return first, make_listing(made, keyring, first.everything, "two")


def test_a_later_replay_uses_assets_and_market_again_with_new_accounts(keyring: Keyring) -> None:
    """What the first one listed stays in the file."""
    first, second = again(keyring, recording())
    assert first.instruments.assets == second.instruments.assets
    assert first.market == second.market
    assert list(range(11, 21)) == [account.account_id for account in second.accounts]
    assert first.accounts + second.accounts == second.everything.accounts
    assert first.everything.assets == second.everything.assets
    assert first.everything.markets == second.everything.markets


def test_another_instrument_gets_the_next_ids(keyring: Keyring) -> None:
    """Beside the same quote asset."""
    _, second = again(keyring, recording(symbol="ESM4", tick_nanos=250_000_000))
    assert (1, 3, 2) == (second.quote.asset_id, second.base.asset_id, second.market.market_id)
    assert 250_000 == second.market.quote_atoms_per_tick_lot


def test_a_market_of_other_units_is_refused(keyring: Keyring) -> None:
    """The same name with another tick is another market."""
    with pytest.raises(ListingRefused, match="market AAPL-USDC has other units"):
        again(keyring, recording(tick_nanos=1_000_000))


def test_an_asset_of_other_units_is_refused(keyring: Keyring) -> None:
    """The venue's own asset of that symbol has decimals."""
    first = make_listing(recording(), keyring, NOTHING, "one")
    other = msgspec.structs.replace(first.base, decimals=3)
    known = Instruments(assets=[first.quote, other], markets=[], accounts=[], market_program="")
    with pytest.raises(ListingRefused, match="asset AAPL is another one: it has 3 decimals"):
        make_listing(recording(), keyring, known, "two")


# --- files ---------------------------------------------------------------------------------------

MESSAGES = ("34200.1,1,11,18,99,1", "34200.2,1,12,18,98,1", "34200.3,3,12,18,98,1")
BOOK = ("101,5,99,18", "101,5,99,18", "101,5,99,18")


def test_a_limit_keeps_the_first_messages_and_rows(tmp_path: Path) -> None:
    """Both files are cut alike."""
    messages = lines(tmp_path / "AAPL_message_1.csv", *MESSAGES)
    book = lines(tmp_path / "AAPL_orderbook_1.csv", *BOOK)
    assert [2, 3, 3] == [len(load(messages, book, n).plan.steps) for n in (2, 3, 4)]


def test_a_limit_keeps_the_first_events(tmp_path: Path) -> None:
    """The snapshot stays whole."""
    path = tmp_path / "r.dbn"
    events = [mbo(ADD, ASK, number, 20_000, 1, LAST) for number in (7, 8, 9)]
    path.write_bytes(dbn_bytes(mbo(ADD, ASK, 5, 20_001, 1, SNAPSHOT | LAST), *events))
    assert [2, 3, 3] == [len(load(path, None, n).plan.steps) for n in (2, 3, 4)]
    assert ("ESM4", "lots", 1) == (
        load(path, None, 2).symbol,
        load(path, None, 2).unit,
        load(path, None, 2).plan.seeded,
    )


def test_prices_finer_than_the_quote_asset_are_refused(tmp_path: Path) -> None:
    """A price of a tenth of an atom cannot be paid."""
    record = mbo(ADD, ASK, 5, 1, 1)
    record.price = 100
    path = tmp_path / "r.dbn"
    path.write_bytes(dbn_bytes(record))
    with pytest.raises(InvalidRecording, match=r"price: must be multiples of 0\.000001 USDC"):
        load(path, None, None)


# --- streams -------------------------------------------------------------------------------------


async def numbers(last: int, then: Exception | None = None) -> AsyncGenerator[int, None]:
    """Yield numbers from 1, then wait for ever, or raise."""
    for number in range(1, last + 1):
        yield number
    if then is not None:
        raise then
    await asyncio.Event().wait()


async def test_a_follower_waits_until_enough_has_come() -> None:
    """It returns at the item that fulfils the condition."""
    seen: list[int] = []
    follower = Follower("stream", numbers(5), seen.append)
    await follower.until(lambda: len(seen) >= 3, "three")
    assert [1, 2, 3] == seen[:3]
    await follower.close()


async def test_a_stream_that_fails_fails_whoever_waits() -> None:
    """Nobody waits for a stream that is over."""
    follower = Follower("stream", numbers(1, FeedBroken("a gap")), lambda _: None)
    with pytest.raises(FeedBroken, match="a gap"):
        await follower.until(lambda: False, "more")
    await follower.close()


async def test_a_stream_that_stalls_is_an_error_that_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a bounded time."""
    monkeypatch.setattr(follower_module, "STALL_SECONDS_MAX", 0.01)
    follower = Follower("book stream", numbers(1), lambda _: None)
    with pytest.raises(FeedBroken, match="the book stream did not show sequence 9 within"):
        await follower.until(lambda: False, "sequence 9")
    await follower.close()
