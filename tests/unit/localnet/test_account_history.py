"""Accounts as of an earlier slot, against a plain list of all states."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from solders.account import Account
from solders.pubkey import Pubkey

from settlement.localnet.accounts import AccountHistory

OWNER = Pubkey.default()
KEYS = [Pubkey(bytes([number] * 32)) for number in range(1, 4)]
STATES = st.none() | st.integers(1, 5)
CHANGES = st.lists(st.tuples(st.integers(0, 2), st.booleans(), STATES), max_size=30)


def account(lamports: int | None) -> Account | None:
    """Make an account that only its lamports tell apart."""
    return None if lamports is None else Account(lamports, b"", OWNER)


class Twin:
    """Every state of every slot, kept whole."""

    def __init__(self) -> None:
        self.newest: dict[Pubkey, Account | None] = dict.fromkeys(KEYS)
        self.history = AccountHistory(lambda key: self.newest[key])
        self.at_end: dict[int, dict[Pubkey, Account | None]] = {0: dict(self.newest)}
        self.slot = 1

    def run(self, changes: list[tuple[int, bool, int | None]]) -> None:
        """Change accounts, each time in a new slot if told so."""
        for index, new_slot, lamports in changes:
            key = KEYS[index]
            self.history.note(key, self.slot, self.newest[key])
            self.newest[key] = account(lamports)
            self.at_end[self.slot] = dict(self.newest)
            self.slot += new_slot
        self.at_end[self.slot] = dict(self.newest)

    def check_from(self, slot_min: int) -> None:
        """Compare every slot from `slot_min` on."""
        for slot in range(slot_min, self.slot + 1):
            for key in KEYS:
                assert self.history.as_of(key, slot) == self.at_end[slot][key]


@given(CHANGES)
def test_every_slot_shows_the_state_at_its_end(changes: list[tuple[int, bool, int | None]]) -> None:
    """The first before-image after a slot is the state of that slot."""
    twin = Twin()
    twin.run(changes)
    twin.check_from(0)


@given(CHANGES, st.integers(0, 30))
def test_forgetting_old_slots_leaves_newer_ones_whole(
    changes: list[tuple[int, bool, int | None]], forgotten: int
) -> None:
    """Images at or below the forgotten slot are never needed for what lies above."""
    twin = Twin()
    twin.run(changes)
    forgotten = min(forgotten, twin.slot)
    twin.history.forget_until(forgotten)
    twin.check_from(forgotten)


@given(CHANGES, st.integers(0, 30))
def test_cutting_names_exactly_the_state_to_return_to(
    changes: list[tuple[int, bool, int | None]], kept: int
) -> None:
    """After the restored accounts are written back, the newest state is that of the kept slot."""
    twin = Twin()
    twin.run(changes)
    kept = min(kept, twin.slot)
    twin.newest.update(twin.history.cut_after(kept))
    assert twin.newest == twin.at_end[kept]
    twin.slot = kept
    twin.check_from(0)
    assert not list(twin.history.changed_after(kept))
