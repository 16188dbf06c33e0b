"""What is traded at the first start, and by whom: four assets with names that people understand.

Amounts are in atoms, and fees in parts per million. The tick and the lot of a market follow from
its units: see `realstack.units`.
"""

from __future__ import annotations

from dataclasses import dataclass

QUOTE_DECIMALS = 6
MAKER_FEE_PPM = 100
TAKER_FEE_PPM = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAsset:
    """An asset; each participant gets `grant_units` of it, half deposited, half in the wallet."""

    asset_id: int
    symbol: str
    name: str
    decimals: int
    grant_units: int

    @property
    def deposit_atoms(self) -> int:
        """What a participant deposits at the venue."""
        atoms: int = self.grant_units * 10**self.decimals // 2
        return atoms


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMarket:
    """A market against the quote asset, and the price that its participants begin around."""

    market_id: int
    base: DemoAsset
    quote_atoms_per_tick_lot: int
    base_atoms_per_lot: int
    first_price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """A participant; the key's name is also that of its wallet."""

    account_id: int
    key: str
    name: str
    role: str  # what it does in `realstack sim`: maker, taker, momentum, or person


USDC = DemoAsset(
    asset_id=1,
    symbol="USDC",
    name="US dollar coin",
    decimals=QUOTE_DECIMALS,
    grant_units=20_000_000,
)
HARBOR = DemoAsset(
    asset_id=2,
    symbol="HARBOR",
    name="Harbour Warehouse, Rotterdam",
    decimals=2,
    grant_units=100_000,
)
GREEN_BOND = DemoAsset(
    asset_id=3, symbol="GBND31", name="Green Bond 2031", decimals=0, grant_units=100_000
)
WIND = DemoAsset(asset_id=4, symbol="WIND7", name="Wind Turbine 7", decimals=3, grant_units=4_000)
OLD_TOWN = DemoAsset(
    asset_id=5, symbol="OLDTWN", name="Old Town Apartments", decimals=4, grant_units=800_000
)

ASSETS = (USDC, HARBOR, GREEN_BOND, WIND, OLD_TOWN)

MARKETS = (
    # tick 0.01, lot 0.01
    DemoMarket(
        market_id=1,
        base=HARBOR,
        quote_atoms_per_tick_lot=100,
        base_atoms_per_lot=1,
        first_price="101.25",
    ),
    # tick 0.01, lot 1
    DemoMarket(
        market_id=2,
        base=GREEN_BOND,
        quote_atoms_per_tick_lot=10_000,
        base_atoms_per_lot=1,
        first_price="98.40",
    ),
    # tick 0.05, lot 0.001
    DemoMarket(
        market_id=3,
        base=WIND,
        quote_atoms_per_tick_lot=50,
        base_atoms_per_lot=1,
        first_price="2450.00",
    ),
    # tick 0.001, lot 0.01
    DemoMarket(
        market_id=4,
        base=OLD_TOWN,
        quote_atoms_per_tick_lot=10,
        base_atoms_per_lot=100,
        first_price="12.340",
    ),
)

ACCOUNTS = (
    DemoAccount(account_id=1, key="trader", name="You", role="person"),
    DemoAccount(account_id=2, key="northgate", name="Northgate Market Making", role="maker"),
    DemoAccount(account_id=3, key="southbank", name="Southbank Liquidity", role="maker"),
    DemoAccount(account_id=4, key="elm-pension", name="Elm Pension Fund", role="taker"),
    DemoAccount(account_id=5, key="oak-family", name="Oak Family Office", role="taker"),
    DemoAccount(account_id=6, key="birch-insurance", name="Birch Insurance", role="taker"),
    DemoAccount(account_id=7, key="tideway", name="Tideway Momentum", role="momentum"),
)

# Names and roles of the keys that processes and operators use; none owns an account.
SERVICE_KEYS = (
    ("operator", "operator"),
    ("settlement", "settlement"),
    ("market", "replication"),
    ("gateway", "replication"),
)


def symbol_of(market: DemoMarket) -> str:
    """Return the symbol of a market."""
    return f"{market.base.symbol}-{USDC.symbol}"
