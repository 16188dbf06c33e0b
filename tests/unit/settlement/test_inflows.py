"""What a transaction brought into a custody account."""

from __future__ import annotations

import pytest
from solders.pubkey import Pubkey
from spl.token.constants import TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID

from settlement.chain_records import ChainInstruction, ChainTransaction, base58_decode
from settlement.inflows import UNEXPLAINED, Inflow, inflows


def key(number: int) -> Pubkey:
    """Make an address."""
    return Pubkey(bytes([number] * 32))


VAULT, OTHER_VAULT, WALLET, MINT, OWNER = (key(number) for number in range(1, 6))
CUSTODY = {VAULT, OTHER_VAULT}


def amount(tag: int, atoms: int, *rest: int) -> bytes:
    """Write an instruction's data."""
    return bytes([tag]) + atoms.to_bytes(8, "little") + bytes(rest)


def transfer(path: str, source: Pubkey, destination: Pubkey, atoms: int) -> ChainInstruction:
    """Write a transfer."""
    accounts = (source, destination, OWNER)
    return ChainInstruction(path, TOKEN_PROGRAM_ID, accounts, amount(3, atoms))


def transfer_checked(
    path: str, source: Pubkey, destination: Pubkey, atoms: int, program: Pubkey = TOKEN_PROGRAM_ID
) -> ChainInstruction:
    """Write a transferChecked."""
    accounts = (source, MINT, destination, OWNER)
    return ChainInstruction(path, program, accounts, amount(12, atoms, 6))


def landed(*steps: ChainInstruction, gained: int, failed: bool = False) -> ChainTransaction:
    """Make a transaction after which the vault has gained so much."""
    return ChainTransaction(5, failed, steps, {VAULT: gained})


def test_each_instruction_that_pays_in_is_an_inflow_of_its_own() -> None:
    """Two transfers in one transaction are two deposits, told apart by their place."""
    found = inflows(
        landed(transfer("0", WALLET, VAULT, 5), transfer_checked("3", WALLET, VAULT, 7), gained=12),
        VAULT,
        CUSTODY,
    )
    assert [Inflow("0", 5), Inflow("3", 7)] == found


def test_a_transfer_made_by_another_program_counts() -> None:
    """A called instruction moves tokens as well."""
    found = inflows(landed(transfer_checked("2.1", WALLET, VAULT, 7), gained=7), VAULT, CUSTODY)
    assert [Inflow("2.1", 7)] == found


@pytest.mark.parametrize("tag", [7, 14])
def test_tokens_minted_into_custody_are_an_inflow(tag: int) -> None:
    """They come from nobody's custody account."""
    step = ChainInstruction("0", TOKEN_PROGRAM_ID, (MINT, VAULT, OWNER), amount(tag, 9, 6))
    assert [Inflow("0", 9)] == inflows(landed(step, gained=9), VAULT, CUSTODY)


def test_both_token_programs_are_read_and_no_other() -> None:
    """A program that merely looks like one moves nothing."""
    real = transfer_checked("0", WALLET, VAULT, 5, TOKEN_2022_PROGRAM_ID)
    sham = transfer_checked("1", WALLET, VAULT, 500, key(99))
    assert [Inflow("0", 5)] == inflows(landed(real, sham, gained=5), VAULT, CUSTODY)


def test_what_comes_from_another_custody_account_is_no_deposit() -> None:
    """It is settlement, or somebody's hand in the till: the comparison tells."""
    found = inflows(landed(transfer("0", OTHER_VAULT, VAULT, 5), gained=5), VAULT, CUSTODY)
    assert [] == found


def test_what_goes_out_is_no_inflow() -> None:
    """In and out in one transaction are told apart."""
    found = inflows(
        landed(transfer("0", WALLET, VAULT, 9), transfer("1", VAULT, WALLET, 4), gained=5),
        VAULT,
        CUSTODY,
    )
    assert [Inflow("0", 9)] == found


def test_a_failed_transaction_brings_nothing() -> None:
    """It moved nothing, whatever its instructions say."""
    step = transfer("0", WALLET, VAULT, 5)
    assert [] == inflows(landed(step, gained=0, failed=True), VAULT, CUSTODY)


def test_a_transfer_of_nothing_is_no_deposit() -> None:
    """Anyone can send zero tokens."""
    assert [] == inflows(landed(transfer("0", WALLET, VAULT, 0), gained=0), VAULT, CUSTODY)


def test_a_transfer_to_itself_is_no_deposit() -> None:
    """It adds nothing."""
    assert [] == inflows(landed(transfer("0", VAULT, VAULT, 5), gained=0), VAULT, CUSTODY)


def test_less_than_the_instructions_say_is_unexplained() -> None:
    """A mint that takes a fee: the gain is for a person to look at."""
    step = transfer_checked("0", WALLET, VAULT, 100, TOKEN_2022_PROGRAM_ID)
    assert [Inflow(UNEXPLAINED, 98)] == inflows(landed(step, gained=98), VAULT, CUSTODY)


def test_a_gain_by_an_unknown_instruction_is_unexplained() -> None:
    """Nothing is guessed, and nothing is lost."""
    step = ChainInstruction("0", TOKEN_PROGRAM_ID, (WALLET, VAULT), bytes([200, 1, 2]))
    assert [Inflow(UNEXPLAINED, 6)] == inflows(landed(step, gained=6), VAULT, CUSTODY)


@pytest.mark.parametrize("data", [b"", b"\x03", b"\x0c\x01\x02"])
def test_an_instruction_cut_short_moves_nothing(data: bytes) -> None:
    """The program would have refused it."""
    step = ChainInstruction("0", TOKEN_PROGRAM_ID, (WALLET, VAULT, OWNER), data)
    assert [] == inflows(landed(step, gained=0), VAULT, CUSTODY)


def test_the_parts_of_a_batch_instruction_are_inflows_of_their_own() -> None:
    """The token program can carry several transfers in one instruction."""
    first, second = amount(3, 5), amount(12, 6, 6)
    data = bytes([255, 3, len(first)]) + first + bytes([4, len(second)]) + second
    accounts = (WALLET, VAULT, OWNER, WALLET, MINT, VAULT, OWNER)
    step = ChainInstruction("1", TOKEN_PROGRAM_ID, accounts, data)
    assert [Inflow("1:0", 5), Inflow("1:1", 6)] == inflows(landed(step, gained=11), VAULT, CUSTODY)


@pytest.mark.parametrize(
    ("text", "expected"), [("", b""), ("1", b"\0"), ("11z", b"\0\0\x39"), ("2g", b"a")]
)
def test_base58_decodes(text: str, expected: bytes) -> None:
    """Leading ones are leading zeros."""
    assert expected == base58_decode(text)


def test_base58_agrees_with_addresses() -> None:
    """The same alphabet as the chain's."""
    for number in range(0, 256, 15):
        assert bytes(key(number)) == base58_decode(str(key(number)))


def test_base58_refuses_other_characters() -> None:
    """Zero, capital o, capital i and small l are none of the 58."""
    with pytest.raises(ValueError, match="'0' is no base 58"):
        base58_decode("0")
