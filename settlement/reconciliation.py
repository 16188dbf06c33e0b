"""The comparison itself: what each custody account should hold, given the ledger at a sequence.

    expected = ledger(S)
             - net of fills up to S that are not on chain at the slot that was read
             + net of fills after S that are
             + deposits on chain that the ledger has not at S (and the reverse)
             - withdrawals on chain that the ledger has not at S (and the reverse)

The clearing vaults hold the float (what came in from outside), less what has left them for those
accounts of a window that are settled, while others of it are not.

"On chain at the slot" is exact: each payment's own landing slot is compared with the slot that the
account's balance was read at. So a venue that trades on while it is compared shows no difference.

What the database cannot decide (the venue was asked, its answer not noted yet) is in doubt: it
explains a difference if it is exactly that difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from settlement.accounts import CLEARING_ACCOUNT_ID
from settlement.fills import FEE_ACCOUNT_ID, Fill, legs
from settlement.ordering import Vault

HOUSE = {FEE_ACCOUNT_ID, CLEARING_ACCOUNT_ID}  # accounts that are no participant's
DOUBTS_MAX = 12  # subsets are tried one by one


@dataclass(frozen=True, slots=True)
class ChainBalance:
    """Finalized atoms of a custody account, as of a slot."""

    atoms: int
    slot: int


@dataclass(frozen=True, slots=True)
class PaidFill:
    """A fill, and where it landed for each account of it; one that is missing: nowhere yet."""

    fill: Fill
    landed_slots: dict[int, int]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Tokens that cross the border of custody: a deposit, or a withdrawal as negative atoms.

    Attributes:
        vault: The custody account.
        atoms: What the crossing adds to it.
        landed_slot: Where it landed on chain; None: nowhere yet.
        sequence: The venue sequence that put it into the ledger; None: none yet.
        in_doubt: Whether the ledger may have it without our knowing.
    """

    vault: Vault
    atoms: int
    landed_slot: int | None
    sequence: int | None
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class LedgerAt:
    """The ledger at a sequence: atoms by account and asset, 0 being the fee account."""

    sequence: int
    last_trade_id: int
    atoms: dict[Vault, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """A custody account that does not hold what it should."""

    account_id: int
    asset_id: int
    expected_atoms: int
    chain_atoms: int


@dataclass(frozen=True, slots=True)
class InFlight:
    """What is on its way between ledger and chain, by name."""

    fills: int = 0
    deposits: int = 0
    withdrawals: int = 0
    in_doubt: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found."""

    sequence: int
    slot: int
    accounts: int
    assets: int
    in_flight: InFlight
    differences: tuple[Difference, ...] = ()


@dataclass(slots=True)
class _Sums:
    """Corrections of the ledger by custody account, while they are added up."""

    atoms: dict[Vault, int] = field(default_factory=lambda: defaultdict(int))
    doubts: dict[Vault, list[int]] = field(default_factory=lambda: defaultdict(list))
    fills: set[int] = field(default_factory=set)
    deposits: int = 0
    withdrawals: int = 0


def compare(
    ledger: LedgerAt,
    chain: dict[Vault, ChainBalance],
    fills: Iterable[PaidFill],
    crossings: Sequence[Crossing],
) -> Comparison:
    """Compare the ledger with the chain.

    Args:
        ledger: At sequence S.
        chain: All custody accounts; one that the ledger knows and the chain does not is missing
            here and counts as empty.
        fills: At least all that are not on chain at the lowest slot of `chain`, all that landed
            after it, and all after S; with each also all others of its window.
        crossings: At least all that are not in both ledger and chain.
    """
    lowest_slot = min((each.slot for each in chain.values()), default=0)
    sums = _Sums()
    for paid in fills:
        _add_fill(sums, paid, ledger, chain, lowest_slot)
    for crossing in crossings:
        _add_crossing(sums, crossing, ledger, chain, lowest_slot)
    vaults = sorted({*chain, *ledger.atoms, *sums.atoms})
    differences: list[Difference] = []
    in_doubt = 0
    for vault in vaults:
        expected = ledger.atoms.get(vault, 0) + sums.atoms.get(vault, 0)
        held = chain[vault].atoms if vault in chain else 0
        if expected == held:
            continue
        if is_explained(held - expected, sums.doubts.get(vault, ())):
            in_doubt += 1
        else:
            differences.append(Difference(vault[0], vault[1], expected, held))
    return Comparison(
        sequence=ledger.sequence,
        slot=lowest_slot,
        accounts=len({account_id for account_id, _ in vaults} - HOUSE),
        assets=len({asset_id for _, asset_id in vaults}),
        in_flight=InFlight(len(sums.fills), sums.deposits, sums.withdrawals, in_doubt),
        differences=tuple(differences),
    )


def _add_fill(
    sums: _Sums,
    paid: PaidFill,
    ledger: LedgerAt,
    chain: dict[Vault, ChainBalance],
    lowest_slot: int,
) -> None:
    in_ledger = paid.fill.trade_id <= ledger.last_trade_id
    for leg in legs(paid.fill):
        vault = (leg.account_id, leg.asset_id)
        slot = chain[vault].slot if vault in chain else lowest_slot
        landed_slot = paid.landed_slots.get(leg.account_id)
        on_chain = landed_slot is not None and landed_slot <= slot
        if on_chain != in_ledger:
            sums.atoms[vault] += leg.atoms if on_chain else -leg.atoms
            sums.fills.add(paid.fill.trade_id)
        clearing = (CLEARING_ACCOUNT_ID, leg.asset_id)
        slot = chain[clearing].slot if clearing in chain else lowest_slot
        if landed_slot is not None and landed_slot <= slot:
            sums.atoms[clearing] -= leg.atoms


def _add_crossing(
    sums: _Sums,
    crossing: Crossing,
    ledger: LedgerAt,
    chain: dict[Vault, ChainBalance],
    lowest_slot: int,
) -> None:
    vault = crossing.vault
    slot = chain[vault].slot if vault in chain else lowest_slot
    on_chain = crossing.landed_slot is not None and crossing.landed_slot <= slot
    in_ledger = crossing.sequence is not None and crossing.sequence <= ledger.sequence
    if crossing.in_doubt and not in_ledger:
        # As if the ledger had not; if it has, what the chain holds is less by just that.
        sums.doubts[vault].append(-crossing.atoms)
    if on_chain == in_ledger:
        return
    sums.atoms[vault] += crossing.atoms if on_chain else -crossing.atoms
    if vault[0] == CLEARING_ACCOUNT_ID:
        return  # float: it came to stay
    if crossing.atoms > 0:
        sums.deposits += 1
    else:
        sums.withdrawals += 1


def is_explained(difference_atoms: int, doubts: Sequence[int]) -> bool:
    """Tell whether some of what is in doubt adds up to the difference."""
    reachable = {0}
    for atoms in doubts[:DOUBTS_MAX]:
        reachable |= {each + atoms for each in reachable}
    return difference_atoms in reachable
