"""Before a person signs, every instruction is told in plain language, or said to be unknown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from realstack.chain import borsh, market, token
from realstack.chain.governance import Realm
from realstack.chain.idl import Idl
from realstack.chain.market import Batch, Delta, Market, Token
from realstack.chain.moves import Move, written
from realstack.chain.preview import PROGRAMS, Known, Mint, explain, preview
from realstack.chain.token import TOKEN_PROGRAM
from realstack.chain.wallet import WalletBuilder, Withdrawal, unsigned


def address(number: int) -> Pubkey:
    """An address that is nobody's."""
    return Pubkey.from_bytes(bytes([number]) * 32)


OWNER, OTHER, MINT, STRANGE = address(1), address(2), address(3), address(9)
CASH = Token(MINT, TOKEN_PROGRAM)
KNOWN = Known(mints={MINT: Mint("USDC", 6)}, names={OWNER: "your wallet"})
EVERY = [(program, name) for program, (_, idl, _) in PROGRAMS.items() for name in idl.calls]


def some(kind: Any, idl: Idl) -> Any:
    """A value of a type."""
    if isinstance(kind, dict):
        if "vec" in kind:
            return []
        if "array" in kind:
            return bytes(kind["array"][1])
        raise AssertionError(kind)
    plain = {"bool": True, "pubkey": OTHER, "bytes": b"", "string": "a\nb"}
    return plain.get(kind, 1)


def built(program: Pubkey, name: str) -> Instruction:
    """An instruction of a program, with some value for everything."""
    _, idl, _ = PROGRAMS[program]
    call = idl.calls[name]
    accounts = {one.name: address(40 + place) for place, one in enumerate(call.accounts)}
    arguments = {field: some(kind, idl) for field, kind in call.arguments}
    if "mint_count" in arguments:
        arguments["mint_count"] = 0
    return idl.instruction(program, name, accounts, arguments)


@pytest.mark.parametrize(("program", "name"), EVERY)
def test_every_instruction_has_its_sentence(program: Pubkey, name: str) -> None:
    """With nothing left to fill in, one line, and its name."""
    line = explain(built(program, name), KNOWN)
    assert name == line.instruction
    assert re.fullmatch(r"[A-Z][^\n{}]+\.", line.text)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_sentence_names_who_loses_and_who_gains(program: Pubkey) -> None:
    """Each amount of tokens comes with the accounts that it leaves or reaches."""
    _, idl, table = PROGRAMS[program]
    assert table.keys() == idl.calls.keys()
    for name, sentence in table.items():
        fields = set(re.findall(r"\{(\w+)\}", sentence.text))
        moved = {one for one in (sentence.source, sentence.target) if one}
        if sentence.amount:
            assert "amount" in fields, name
            assert moved, name
        accounts = {one.name for one in idl.calls[name].accounts}
        assert moved <= accounts, name
        assert not sentence.amount or sentence.mint in accounts, name


@pytest.mark.parametrize(("program", "name"), EVERY)
def test_an_instruction_with_a_byte_more_or_less_is_unknown(program: Pubkey, name: str) -> None:
    """What is not exactly as the program takes it is not explained away."""
    good = built(program, name)
    data = bytes(good.data)
    changes = [
        Instruction(program, data + b"\0", list(good.accounts)),
        Instruction(program, data[:-1], list(good.accounts)),
        Instruction(program, data, list(good.accounts)[1:]) if name != "execute" else None,
    ]
    for changed in changes:
        line = None if changed is None else explain(changed, KNOWN)
        assert line is None or not line.is_known


def test_a_deposit_says_what_moves_from_whom_to_whom() -> None:
    """In units, with the names that the person knows."""
    wallet = WalletBuilder(OWNER)
    (step,) = wallet.deposit(CASH, 1_500_000, vault_exists=True)
    vault, _ = Market().vault(OWNER, MINT)
    source = step.accounts[4].pubkey
    line = explain(step, KNOWN)
    text = f"Deposit 1.5 USDC of your wallet ({OWNER}) from {source} to the market's vault {vault}."
    assert text == line.text
    assert (Move(MINT, 1_500_000, source, vault),) == line.moves


def test_an_amount_of_an_unknown_mint_is_in_atoms_and_says_so() -> None:
    """No decimals are made up."""
    (step,) = WalletBuilder(OWNER).deposit(Token(OTHER, TOKEN_PROGRAM), 7, vault_exists=True)
    assert f"Deposit 7 atoms of the unknown mint {OTHER}" in explain(step, KNOWN).text


def test_a_batch_says_what_each_participant_gives_and_gets() -> None:
    """Both forms; a leg of a mint that is not there is unknown."""
    deltas = [Delta(OWNER, CASH, -2_000_000), Delta(OTHER, CASH, 2_000_000)]
    batch = Batch(7, bytes(32), 100, deltas)
    settle: dict[str, Any] = {"payer": OWNER, "settlement_authority": OWNER, "batch": batch}
    for step in (Market().settle_set(**settle), Market().settle_clearing(**settle)):
        line = explain(step, KNOWN)
        assert line.text.endswith(f"your wallet ({OWNER}) gives 2 USDC. {OTHER} gets 2 USDC.")
        short = Instruction(step.program_id, bytes(step.data), list(step.accounts)[:-1])
        assert not explain(short, KNOWN).is_known


def test_a_vote_says_what_is_voted() -> None:
    """Yes, no, abstain; a number that is none of these is shown."""
    realm = Realm(OTHER, MINT, TOKEN_PROGRAM)
    told = [
        explain(realm.cast_vote(OWNER, 0, choice), KNOWN).text.split()[1] for choice in (0, 1, 2, 3)
    ]
    assert ["no", "yes", "abstain", "number"] == told


def test_a_proposal_that_is_run_tells_what_it_runs() -> None:
    """The instruction inside is told by the same rules, and makes the whole unknown if it is."""
    realm = Realm(OTHER, MINT, TOKEN_PROGRAM)
    inside = Market().set_paused(signer=realm.authority, paused=True)
    line = explain(realm.execute(0, inside), KNOWN)
    assert ("set_paused", True) == (line.inside[0].instruction, line.is_known)
    strange = Instruction(STRANGE, b"", [AccountMeta(OWNER, True, True)])
    assert not explain(realm.execute(0, strange), KNOWN).is_known


def test_an_unknown_program_is_said_to_be_unknown() -> None:
    """And the preview ends with a warning."""
    pay = transfer(TransferParams(from_pubkey=OWNER, to_pubkey=OTHER, lamports=1_500_000_000))
    strange = Instruction(STRANGE, b"\1", [AccountMeta(OWNER, True, True)])
    shown = preview(unsigned([pay, strange], payer=OWNER, blockhash=Hash.default()), KNOWN)
    told = shown.text(KNOWN)
    assert f"Send 1.5 SOL from your wallet ({OWNER}) to {OTHER}." == told[0]
    assert told[1].startswith("UNKNOWN: Call a program that is not known")
    assert told[-1].startswith("Do not sign")
    assert not shown.is_known


@pytest.mark.parametrize(
    "step",
    [
        Instruction(TOKEN_PROGRAM, bytes([3]) + bytes(8), [AccountMeta(OWNER, True, True)] * 3),
        Instruction(TOKEN_PROGRAM, bytes([4]) + bytes(8), [AccountMeta(OWNER, True, True)] * 3),
        Instruction(TOKEN_PROGRAM, bytes([6]) + bytes(34), [AccountMeta(OWNER, True, True)] * 2),
        Instruction(Pubkey.default(), bytes(52), [AccountMeta(OWNER, True, True)] * 2),
    ],
    ids=["a transfer that hides its mint", "approve", "set authority", "create account"],
)
def test_what_is_dangerous_and_not_needed_is_unknown(step: Instruction) -> None:
    """Nothing that hands tokens or accounts to others passes as ordinary."""
    assert not explain(step, KNOWN).is_known


def test_the_fee_counts_signatures_and_the_priority_offered() -> None:
    """Two signatures, and 200,000 units at 5,000 millionths of a lamport."""
    release = Withdrawal(CASH, 5, 1, 10, OTHER)
    steps = [
        set_compute_unit_limit(200_000),
        set_compute_unit_price(5_000),
        *WalletBuilder(OWNER).withdraw(release),
    ]
    shown = preview(unsigned(steps, payer=OWNER, blockhash=Hash.default()), KNOWN)
    assert (2 * 5_000 + 1_000, (OWNER, OTHER)) == (shown.fee_lamports, shown.signers)
    assert "Fee: at most 0.000011 SOL" in "\n".join(shown.text(KNOWN))
    assert shown.is_known


def test_text_from_the_chain_cannot_look_like_a_line_of_its_own() -> None:
    """A name with a line break stays in its sentence."""
    line = explain(built(token.IDL.address, "register_asset"), KNOWN)
    assert r"'a\nb'" in line.text


@pytest.mark.parametrize(
    ("atoms", "decimals", "text"),
    [
        (0, 6, "0"),
        (1, 6, "0.000001"),
        (1_500_000, 6, "1.5"),
        (-5, 1, "-0.5"),
        (7, 0, "7"),
        (100, 0, "100"),
        (2**64 - 1, 9, "18446744073.709551615"),
    ],
)
def test_amounts_are_written_exactly(atoms: int, decimals: int, text: str) -> None:
    """Every digit that counts, and none that does not."""
    assert text == written(atoms, decimals)


def test_basis_points_times_and_roles_are_in_words() -> None:
    """What a number means is said where the program gives it a meaning."""
    texts = [explain(built(program, name), KNOWN).text for program, name in EVERY]
    assert any("quorum 0.01 %" in text for text in texts)
    assert any("1970-01-01 00:00:01 UTC" in text for text in texts)
    assert any("role compliance" in text for text in texts)


def test_an_argument_that_is_no_value_of_its_type_is_unknown() -> None:
    """A truth value of 2, a text that is no UTF-8."""
    good = built(market.IDL.address, "set_paused")
    bad = Instruction(good.program_id, bytes(good.data)[:-1] + b"\2", list(good.accounts))
    assert not explain(bad, KNOWN).is_known
    with pytest.raises(borsh.BorshError):
        borsh.Reader(b"\2", {}).value("bool")
