"""Both forms of settlement: what they move, exactly once, and every way they are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from realstack.chain.market import RECEIPT_BATCH, Batch, Delta
from tests.programs.market.test_custody import changed, refusal, unsigned
from tests.programs.market.world import TOKEN_2022_PROGRAM, Refused, World, key, mint_data


def trade(world: World) -> tuple[Delta, ...]:
    """Alice sells 100 tokens to Bob for 500, who pays a fee of 5."""
    alice, bob, fees = world.alice.pubkey(), world.bob.pubkey(), world.market.config
    return (
        Delta(alice, world.house, -100),
        Delta(bob, world.house, 100),
        Delta(alice, world.cash, 500),
        Delta(bob, world.cash, -505),
        Delta(fees, world.cash, 5),
    )


def set_form(world: World, batch: Batch) -> Instruction:
    """A settlement in the set form."""
    return world.market.settle_set(
        payer=world.payer.pubkey(), settlement_authority=world.settler.pubkey(), batch=batch
    )


def test_a_set_moves_every_delta_and_leaves_a_receipt(world: World) -> None:
    """Delivery and payment happen together; the receipt holds number and hash of the fills."""
    batch = world.batch(*trade(world))
    meta = world.settle_set(batch)
    alice, bob, fees = world.alice.pubkey(), world.bob.pubkey(), world.market.config
    assert (999_900, 1_000_100) == tuple(world.vault_atoms(o, world.house) for o in (alice, bob))
    found = tuple(world.vault_atoms(owner, world.cash) for owner in (alice, bob, fees))
    assert (1_000_500, 999_495, 5) == found
    receipt = world.state(world.market.receipt(RECEIPT_BATCH, batch.batch_id))
    assert (batch.batch_id, batch.fills_hash) == (receipt["id"], receipt["fills_hash"])
    assert world.payer.pubkey() == receipt["payer"]
    event = world.events(meta)[0]
    assert ("Settled", 0, 3, 5) == (
        event.name,
        event.fields["form"],
        event.fields["participants"],
        event.fields["legs"],
    )


def test_a_batch_runs_once(world: World) -> None:
    """The same batch again, in either form and with other deltas, is refused and moves nothing."""
    batch = world.batch(*trade(world))
    world.settle_set(batch)
    before = world.vault_atoms(world.alice.pubkey(), world.cash)
    for again in (batch, replace(batch, fills_hash=bytes(32))):
        with pytest.raises(Refused, match="6016"):
            world.settle_set(again)
        with pytest.raises(Refused, match="6016"):
            world.settle_clearing(again)
    assert before == world.vault_atoms(world.alice.pubkey(), world.cash)


def test_a_closed_receipt_does_not_let_its_batch_run_again(world: World) -> None:
    """A receipt closes only behind the mark, and behind the mark nothing runs."""
    batch = world.batch(*trade(world))
    world.settle_set(batch)
    payer, settler = world.payer.pubkey(), world.settler
    close = world.market.close_receipt(kind=RECEIPT_BATCH, number=batch.batch_id, payer=payer)
    assert "NotBehindMark" == refusal(world, close)
    mark = world.market.advance_mark(
        settlement_authority=settler.pubkey(), kind=RECEIPT_BATCH, mark=batch.batch_id + 1
    )
    world.send(mark, signers=[settler])
    assert "MarkNotForward" == refusal(world, mark, settler)
    thief = changed(close, 2, world.stranger.pubkey())
    assert "WrongAddress" == refusal(world, thief)
    world.send(close, signers=[])
    assert "WrongOwner" == refusal(world, close)  # there is nothing any more
    with pytest.raises(Refused, match="6016"):
        world.settle_set(batch)


def test_a_mark_is_raised_by_the_settlement_authority_only(world: World) -> None:
    """Not by a stranger, and not with an unknown kind."""
    for person, kind, name in (
        (world.stranger, 0, "WrongAuthority"),
        (world.authority, 1, "WrongAuthority"),
        (world.settler, 2, "BadInstructionData"),
    ):
        mark = world.market.advance_mark(settlement_authority=person.pubkey(), kind=kind, mark=9)
        assert name == refusal(world, mark, person)


def test_a_batch_does_not_run_past_its_deadline(world: World) -> None:
    """In the slot of the deadline it runs, one later it does not."""
    batch = replace(world.batch(*trade(world)), deadline_slot=world.slot)
    late = replace(world.batch(*trade(world)), deadline_slot=world.slot - 1)
    with pytest.raises(Refused, match="6015"):
        world.settle_set(late)
    world.settle_set(batch)


def test_deltas_that_do_not_add_up_are_refused(world: World) -> None:
    """One atom more or less in any mint, and the whole batch is refused."""
    for place in range(5):
        deltas = list(trade(world))
        deltas[place] = replace(deltas[place], atoms=deltas[place].atoms + 1)
        with pytest.raises(Refused) as refused:
            world.settle_set(world.batch(*deltas))
        assert "NotZeroSum" == refused.value.name


def test_sums_beyond_64_bits_are_refused_and_do_not_wrap(world: World) -> None:
    """Deltas chosen so that a wrapping sum would be zero."""
    people = [world.alice.pubkey(), world.bob.pubkey(), world.carol.pubkey()]
    deltas = [Delta(one, world.cash, -(2**63)) for one in people[:2]]
    for batch in (deltas, [*deltas, Delta(people[2], world.cash, 1)]):
        with pytest.raises(Refused) as refused:
            world.settle_set(world.batch(*batch))
        assert "Overflow" == refused.value.name


def test_no_vault_goes_below_zero(world: World) -> None:
    """Who gives more than lies in the vault stops the batch, and nothing of it happens."""
    alice, bob = world.alice.pubkey(), world.bob.pubkey()
    with pytest.raises(Refused) as refused:
        world.settle_set(
            world.batch(
                *trade(world)[:2],
                Delta(alice, world.cash, 1_000_001),
                Delta(bob, world.cash, -1_000_001),
            )
        )
    assert 1 == refused.value.code  # the token program's "insufficient funds"
    assert 1_000_000 == world.vault_atoms(alice, world.house)
    receipt = world.market.receipt(RECEIPT_BATCH, world.next_batch_id - 1)
    assert world.svm.get_account(receipt) is None


def test_a_settlement_is_refused_for_every_wrong_account(world: World) -> None:
    """Signers, config, authority, receipt, programs, mints and vaults each have their check."""
    good = set_form(world, world.batch(*trade(world)))
    market, alice = world.market, world.alice.pubkey()
    wrong = market.vault(world.carol.pubkey(), world.cash.mint)[0]
    cases = [
        (unsigned(good, 1), "MissingSignature"),
        (changed(good, 1, world.stranger.pubkey()), "WrongAuthority"),
        (changed(good, 2, wrong), "WrongOwner"),
        (changed(good, 2, market.mint_record(world.cash.mint)), "WrongAccountKind"),
        (changed(good, 3, alice), "WrongAddress"),
        (changed(good, 4, market.receipt(RECEIPT_BATCH, 999)), "WrongAddress"),
        (changed(good, 5, world.cash.program), "WrongProgram"),
        (changed(good, 6, alice), "WrongOwner"),
        (changed(good, 6, wrong), "WrongAccountKind"),
        (changed(good, 7, alice), "WrongProgram"),
        (changed(good, 7, TOKEN_2022_PROGRAM), "WrongOwner"),
    ]
    cases += [(changed(good, 10 + leg, wrong), "WrongAddress") for leg in range(5)]
    for instruction, name in cases:
        assert name == refusal(world, instruction, world.settler, world.stranger)


def test_a_list_of_accounts_is_neither_too_short_nor_too_long(world: World) -> None:
    """Each missing account and one too many are refused."""
    good = set_form(world, world.batch(*trade(world)))
    metas = list(good.accounts)
    for count in range(len(metas)):
        short = Instruction(good.program_id, good.data, metas[:count])
        assert "MissingAccount" == refusal(world, short, *([world.settler] if count > 1 else []))
    long = Instruction(good.program_id, good.data, [*metas, metas[-1]])
    assert "TooManyAccounts" == refusal(world, long, world.settler)


def test_data_is_neither_too_short_nor_too_long(world: World) -> None:
    """Cut at any byte or with one byte more, nothing runs."""
    good = set_form(world, world.batch(*trade(world)))
    for length in range(len(good.data)):
        cut = Instruction(good.program_id, bytes(good.data)[:length], good.accounts)
        name = refusal(world, cut, world.settler)
        assert name in ("BadInstructionData", "MissingAccount", "TooManyAccounts")
    more = Instruction(good.program_id, bytes(good.data) + b"\0", good.accounts)
    assert "BadInstructionData" == refusal(world, more, world.settler)
    unknown = Instruction(good.program_id, bytes(8) + bytes(good.data)[8:], good.accounts)
    assert "UnknownInstruction" == refusal(world, unknown, world.settler)


def test_no_vault_is_named_twice(world: World) -> None:
    """Two legs of one vault, or a participant twice, are out of order by construction."""
    alice, bob, cash = world.alice.pubkey(), world.bob.pubkey(), world.cash
    twice = [Delta(alice, cash, -1), Delta(alice, cash, -1), Delta(bob, cash, 2)]
    with pytest.raises(Refused) as refused:
        world.settle_set(world.batch(*twice))
    assert "NotInOrder" == refused.value.name
    good = set_form(world, world.batch(Delta(alice, cash, -1), Delta(bob, cash, 1)))
    data = bytearray(bytes(good.data))
    participants_at = 8 + 8 + 32 + 8 + 1 + 4
    swapped = data[participants_at : participants_at + 33]
    following = data[participants_at + 33 : participants_at + 66]
    data[participants_at : participants_at + 66] = following + swapped
    metas = list(good.accounts)
    metas[-2:] = [metas[-1], metas[-2]]
    reordered = Instruction(good.program_id, bytes(data), metas)
    assert "NotInOrder" == refusal(world, reordered, world.settler)


def test_zero_deltas_and_the_clearing_vault_as_participant_are_refused(world: World) -> None:
    """A leg moves something; the clearing vaults are no one's."""
    alice, cash = world.alice.pubkey(), world.cash
    with pytest.raises(Refused, match="6018"):
        world.settle_set(world.batch(Delta(alice, cash, 0)))
    with pytest.raises(Refused, match="6021"):
        clearing = Delta(world.market.authority, cash, 1)
        world.settle_set(world.batch(clearing, Delta(alice, cash, -1)))


def test_the_clearing_form_moves_nets_against_the_clearing_vaults(world: World) -> None:
    """Each participant is settled by itself; when all are, the clearing vaults are as before."""
    everyone: dict[Pubkey, list[Delta]] = {}
    for delta in trade(world):
        everyone.setdefault(delta.owner, []).append(delta)
    for token in (world.house, world.cash):
        vault = world.market.clearing_vault(token.mint)[0]
        assert 0 == world.atoms(vault)
    alice, bob, fees = world.alice.pubkey(), world.bob.pubkey(), world.market.config
    with pytest.raises(Refused):  # the float is empty: who gets cannot come first
        world.settle_clearing(world.batch(Delta(bob, world.house, 100)))
    world.settle_clearing(world.batch(*everyone[alice][:1]))
    world.settle_clearing(world.batch(*everyone[bob]))
    world.settle_clearing(world.batch(*everyone[alice][1:], *everyone[fees]))
    assert (999_900, 1_000_500) == (
        world.vault_atoms(alice, world.house),
        world.vault_atoms(alice, world.cash),
    )
    for token in (world.house, world.cash):
        assert 0 == world.atoms(world.market.clearing_vault(token.mint)[0])
    assert 5 == world.vault_atoms(fees, world.cash)


def test_the_clearing_form_takes_before_it_gives(world: World) -> None:
    """Within a transaction the float is not needed, in whatever order the participants are."""
    world.settle_clearing(world.batch(*trade(world)))
    assert 1_000_500 == world.vault_atoms(world.alice.pubkey(), world.cash)
    assert 0 == world.atoms(world.market.clearing_vault(world.cash.mint)[0])


def test_the_clearing_form_refuses_another_clearing_vault(world: World) -> None:
    """The fee vault, or a participant's, is no clearing vault."""
    batch = world.batch(*trade(world))
    good = world.market.settle_clearing(
        payer=world.payer.pubkey(), settlement_authority=world.settler.pubkey(), batch=batch
    )
    for owner in (world.market.config, world.alice.pubkey()):
        for place in (8, 11):
            wrong = changed(good, place, world.market.vault(owner, world.cash.mint)[0])
            assert "WrongAddress" == refusal(world, wrong, world.settler)


def test_a_mint_is_listed_once(world: World) -> None:
    """Listed twice, it could be given twice by one participant."""
    alice, bob, cash = world.alice.pubkey(), world.bob.pubkey(), world.cash
    good = set_form(world, world.batch(Delta(alice, cash, -1), Delta(bob, cash, 1)))
    metas = list(good.accounts)
    metas[8:8] = [
        AccountMeta(cash.mint, is_signer=False, is_writable=False),
        AccountMeta(cash.program, is_signer=False, is_writable=False),
    ]
    data = bytearray(bytes(good.data))
    data[8 + 8 + 32 + 8] = 2
    twice = Instruction(good.program_id, bytes(data), metas)
    assert "NotInOrder" == refusal(world, twice, world.settler)


def test_both_token_programs_settle_together(world: World) -> None:
    """A Token-2022 mint with metadata against an SPL Token mint, in both forms."""
    data = mint_data(decimals=0, extensions=[(18, bytes(64))])
    deed = world.add_mint("deed", data, TOKEN_2022_PROGRAM)
    world.register(deed)
    world.open_and_fund(deed)
    alice, bob, cash = world.alice.pubkey(), world.bob.pubkey(), world.cash
    deltas = (
        Delta(alice, deed, -3),
        Delta(bob, deed, 3),
        Delta(alice, cash, 30),
        Delta(bob, cash, -30),
    )
    world.settle_set(world.batch(*deltas))
    world.settle_clearing(world.batch(*deltas))
    assert (999_994, 1_000_060) == (world.vault_atoms(alice, deed), world.vault_atoms(alice, cash))


def test_a_vault_that_was_never_opened_cannot_be_settled(world: World) -> None:
    """Its address is right, and nothing is there."""
    stranger, alice = world.stranger.pubkey(), world.alice.pubkey()
    with pytest.raises(Refused) as refused:
        world.settle_set(world.batch(Delta(alice, world.cash, -1), Delta(stranger, world.cash, 1)))
    assert "WrongOwner" == refused.value.name


def test_a_frozen_vault_stops_its_batch_and_nothing_else(world: World) -> None:
    """The whole batch is undone, and runs without the frozen one."""
    alice, bob, carol = (one.pubkey() for one in (world.alice, world.bob, world.carol))
    address = world.market.vault(carol, world.cash.mint)[0]
    vault = world.svm.get_account(address)
    assert vault is not None
    frozen = vault.data[:108] + b"\2" + vault.data[109:]
    world.put(address, frozen, vault.owner, vault.lamports)
    deltas = [Delta(alice, world.cash, -2), Delta(bob, world.cash, 1)]
    batch = world.batch(*deltas, Delta(carol, world.cash, 1))
    with pytest.raises(Refused) as refused:
        world.settle_set(batch)
    assert 17 == refused.value.code  # the token program's "account is frozen"
    assert 1_000_000 == world.vault_atoms(alice, world.cash)
    good = [Delta(alice, world.cash, -1), Delta(bob, world.cash, 1)]
    world.settle_set(replace(batch, deltas=good))
    assert 999_999 == world.vault_atoms(alice, world.cash)


def test_a_full_transaction_of_token_2022_keeps_its_trace(world: World) -> None:
    """Without the batch instruction each transfer is a call: 48 of them fit."""
    tokens = [
        world.add_mint(name, mint_data(extensions=[(18, bytes(64))]), TOKEN_2022_PROGRAM)
        for name in ("deed", "bond")
    ]
    owners = [key(f"holder {number}").pubkey() for number in range(24)]
    deltas = []
    for token in tokens:
        world.register(token)
        for place, owner in enumerate(owners):
            world.open(owner, token)
            address = world.market.vault(owner, token.mint)[0]
            vault = world.svm.get_account(address)
            assert vault is not None
            data = vault.data[:64] + (9).to_bytes(8, "little") + vault.data[72:]
            world.put(address, data, vault.owner, vault.lamports)
            deltas.append(Delta(owner, token, -1 if place % 2 else 1))
    meta = world.settle_clearing(world.batch(*deltas))
    inner = sum(len(calls) for calls in meta.inner_instructions())
    assert 64 >= 2 + inner > 48
