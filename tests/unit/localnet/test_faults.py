"""Which faults are on, and for how long."""

from __future__ import annotations

from solders.pubkey import Pubkey

from settlement.localnet.faults import Fault, FaultName, Faults

KEY, OTHER = Pubkey(bytes([1] * 32)), Pubkey(bytes([2] * 32))


def test_a_counted_fault_strikes_so_often_and_no_more() -> None:
    """The last strike switches it off."""
    faults = Faults()
    faults.set(Fault(name=FaultName.DROP, count=2))
    struck = [faults.strike(FaultName.DROP) is not None for _ in range(3)]
    assert struck == [True, True, False]
    assert faults.active == []


def test_a_fault_without_a_count_strikes_until_it_is_cleared() -> None:
    """Clearing one leaves the others, clearing all leaves none."""
    faults = Faults()
    faults.set(Fault(name=FaultName.DROP))
    faults.set(Fault(name=FaultName.DELAY))
    assert all(faults.strike(FaultName.DROP) for _ in range(5))
    faults.clear(FaultName.DROP)
    assert [fault.name for fault in faults.active] == [FaultName.DELAY]
    faults.clear()
    assert faults.active == []


def test_a_fault_for_some_slots_ends_by_itself() -> None:
    """It is on in its last slot and off in the next."""
    faults = Faults()
    faults.set(Fault(name=FaultName.RATE_LIMIT, last_slot=5))
    faults.slot_opened(5)
    assert faults.find(FaultName.RATE_LIMIT)
    faults.slot_opened(6)
    assert faults.find(FaultName.RATE_LIMIT) is None


def test_a_fault_for_one_key_spares_the_others_and_its_count() -> None:
    """Only transactions that name the key use it up."""
    faults = Faults()
    faults.set(Fault(name=FaultName.DROP, count=1, address=KEY))
    assert faults.strike(FaultName.DROP, [OTHER]) is None
    assert faults.strike(FaultName.DROP, [OTHER, KEY]) is not None
    assert faults.strike(FaultName.DROP, [KEY]) is None
