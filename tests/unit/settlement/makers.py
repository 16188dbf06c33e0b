"""Fills, payments and strategies for settlement's unit tests."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st
from solders.pubkey import Pubkey

from settlement.fills import Fill
from settlement.netting import Transfer
from settlement.payments import Move, Payment, PaymentKind
from settlement.registry import Registry, RegistryFile
from settlement.states import State

BASE, QUOTE = 1, 9


class StillRegistry(RegistryFile):
    """Accounts with wallets, from no file."""

    def __init__(self, accounts: Iterable[int]) -> None:
        wallets = {each: Pubkey(each.to_bytes(32, "big")) for each in accounts}
        self.current = Registry({}, dict(wallets))

    def refresh(self) -> bool:
        """Nothing changes."""
        return False


def fill(trade_id: int = 1, **changes: int) -> Fill:
    """Make a fill: account 2 buys 10 atoms of asset 1 from account 1 for 1,000 of asset 9."""
    values = {
        "sequence": trade_id,
        "time_ns": trade_id,
        "market_id": 1,
        "base_asset_id": BASE,
        "quote_asset_id": QUOTE,
        "buyer_account_id": 2,
        "seller_account_id": 1,
        "base_atoms": 10,
        "quote_atoms": 1_000,
        "buyer_fee_atoms": 0,
        "seller_fee_atoms": 0,
    }
    return Fill(trade_id=trade_id, **(values | changes))


@st.composite
def fills(
    draw: st.DrawFn, *, accounts: int = 8, assets: int = 4, count_max: int = 30
) -> list[Fill]:
    """Draw fills in order of trade id; a buyer may be its own seller."""
    count = draw(st.integers(0, count_max))
    account = st.integers(1, accounts)
    return [
        fill(
            trade_id,
            base_asset_id=draw(st.integers(1, assets)),
            buyer_account_id=draw(account),
            seller_account_id=draw(account),
            base_atoms=draw(st.integers(1, 50)),
            quote_atoms=draw(st.integers(0, 2_000)),
            buyer_fee_atoms=draw(st.integers(0, 3)),
            seller_fee_atoms=draw(st.integers(0, 3)),
        )
        for trade_id in range(1, count + 1)
    ]


def payment(payment_id: int, transfers: list[Transfer], state: State = State.NETTED) -> Payment:
    """Make a batch's payment that moves what the transfers say, ordered by its id."""
    return Payment(
        payment_id=payment_id,
        kind=PaymentKind.BATCH,
        state=state,
        order_key=payment_id,
        receipt_number=payment_id,
        failures=0,
        attempts=0,
        moves=tuple(
            Move(each.asset_id, each.from_account_id, each.to_account_id, None, each.amount_atoms)
            for each in transfers
        ),
    )
