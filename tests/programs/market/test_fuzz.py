"""Random instructions with random accounts and data: whatever runs, no invariant breaks."""

from __future__ import annotations

import random

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from realstack.chain.market import IDL, Delta, Token
from tests.programs.market.world import TOKEN_2022_PROGRAM, TOKEN_PROGRAM, Refused, World


class Fuzz:
    """A venue, and random ways to use and misuse it."""

    def __init__(self, seed: int) -> None:
        self.world = World()
        self.world.set_up()
        self.random = random.Random(seed)
        world = self.world
        self.people = [world.alice, world.bob, world.carol]
        self.tokens = [world.house, world.cash]
        self.keys = [*self.people, world.payer, world.settler, world.authority, world.pauser]
        self.keys += [world.stranger, world.program]
        self.owners = [one.pubkey() for one in self.people]
        self.owners += [world.market.config, world.market.authority]
        self.addresses = self._addresses()
        self.supply = {token: self._total(token) for token in self.tokens}
        self.ran = 0

    def _addresses(self) -> list[Pubkey]:
        market = self.world.market
        found = [key.pubkey() for key in self.keys]
        found += [market.config, market.authority, Pubkey.default()]
        found += [TOKEN_PROGRAM, TOKEN_2022_PROGRAM]
        for token in self.tokens:
            found += [token.mint, market.mint_record(token.mint)]
            found += [market.vault(owner, token.mint)[0] for owner in self.owners]
            found += [self.world.wallet(one.pubkey(), token) for one in self.people]
        found += [market.exit_address(one.pubkey()) for one in self.people]
        return found + [market.receipt(kind, number) for kind in (0, 1) for number in range(1, 4)]

    def vaults(self, token: Token) -> dict[Pubkey, int]:
        """What lies in the vaults of a token, by owner."""
        return {owner: self.world.vault_atoms(owner, token) for owner in self.owners}

    def _total(self, token: Token) -> int:
        wallets = [self.world.wallet(one.pubkey(), token) for one in self.people]
        held = sum(self.world.atoms(wallet) for wallet in wallets)
        return held + sum(self.vaults(token).values())

    def instruction(self) -> Instruction:
        """A random instruction of those that move tokens or change who may."""
        pick, world, market = self.random, self.world, self.world.market
        owner, token = pick.choice(self.people), pick.choice(self.tokens)
        wallet = world.wallet(owner.pubkey(), token)
        atoms = pick.choice([0, 1, 7, 1_000_000, 2**63 - 1])
        settler, authority = world.settler.pubkey(), world.authority.pubkey()
        payer, address = world.payer.pubkey(), owner.pubkey()
        kind = pick.randrange(11)
        if kind <= 2:
            form = pick.choice([market.settle_set, market.settle_clearing])
            batch = world.batch(*self._deltas(), batch_id=pick.randrange(1, 2_000))
            return form(payer=payer, settlement_authority=settler, batch=batch)
        if kind == 3:
            return world.withdrawal(owner, token, atoms, pick.randrange(1, 2_000))
        if kind == 4:
            return market.deposit(owner=address, token=token, source=wallet, amount_atoms=atoms)
        if kind == 5:
            return market.exit(owner=address, token=token, destination=wallet)
        if kind == 6:
            return market.request_exit(payer=payer, owner=address)
        if kind == 7:
            return market.close_exit(owner=address)
        if kind == 8:
            mark = pick.randrange(1, 200)
            return market.advance_mark(
                settlement_authority=settler, kind=pick.randrange(3), mark=mark
            )
        if kind == 9:
            number = pick.randrange(1, 2_000)
            return market.close_receipt(kind=pick.randrange(2), number=number, payer=payer)
        return market.withdraw_house(
            authority=authority,
            house=pick.randrange(2),
            token=token,
            destination=wallet,
            amount_atoms=atoms,
        )

    def _deltas(self) -> list[Delta]:
        pick = self.random
        deltas = []
        for token in pick.sample(self.tokens, pick.randrange(1, 3)):
            owners = pick.sample(self.owners[:4], pick.randrange(2, 5))
            atoms = [pick.choice([-9, -1, 1, 5, 999_999, -(2**62)]) for _ in owners[1:]]
            rest = -sum(atoms) + (pick.random() < 0.2)
            deltas += [
                Delta(owner, token, amount)
                for owner, amount in zip(owners, [*atoms, rest], strict=True)
                if -(2**63) <= amount < 2**63
            ]
        return deltas

    def mutated(self, good: Instruction) -> Instruction:
        """The instruction with some accounts, flags or bytes changed; sometimes as it is."""
        pick = self.random
        metas, data = list(good.accounts), bytearray(bytes(good.data))
        for _ in range(pick.choice([0, 1, 1, 2, 4])):
            kind = pick.randrange(6)
            place = pick.randrange(len(metas)) if metas else 0
            if kind == 0 and data:
                data[pick.randrange(len(data))] = pick.choice([0, 1, 127, 255])
            elif kind == 1 and metas:
                other = pick.choice(self.addresses)
                metas[place] = AccountMeta(other, metas[place].is_signer, metas[place].is_writable)
            elif kind == 2 and len(metas) > 1:
                second = pick.randrange(len(metas))
                metas[place], metas[second] = metas[second], metas[place]
            elif kind == 3 and metas:
                metas[place] = AccountMeta(metas[place].pubkey, pick.random() < 0.5, True)
            elif kind == 4 and metas:
                del metas[place]
            elif kind == 5:
                metas.append(
                    pick.choice(metas) if metas else AccountMeta(good.program_id, False, False)
                )
        return Instruction(good.program_id, bytes(data), self._signable(metas))

    def _signable(self, metas: list[AccountMeta]) -> list[AccountMeta]:
        """Take back signatures that no key of this world can give."""
        known = {one.pubkey() for one in self.keys}
        return [
            AccountMeta(meta.pubkey, meta.is_signer and meta.pubkey in known, meta.is_writable)
            for meta in metas
        ]

    def step(self) -> None:
        """Send one and hold the invariants to whatever it did."""
        sent = self.mutated(self.instruction())
        before = {token: self.vaults(token) for token in self.tokens}
        try:
            self.world.send(sent, signers=self.keys)
        except Refused:
            assert before == {token: self.vaults(token) for token in self.tokens}
            return
        self.ran += 1
        self.check(sent, before)

    def check(self, sent: Instruction, before: dict[Token, dict[Pubkey, int]]) -> None:
        """Nothing is made or lost; and what left or entered the vaults was signed for."""
        signed = {meta.pubkey for meta in sent.accounts if meta.is_signer}
        name = self._name(sent)
        for token in self.tokens:
            assert self.supply[token] == self._total(token)
            now = self.vaults(token)
            moved = {owner: now[owner] - before[token][owner] for owner in self.owners}
            if name in ("settle_set", "settle_clearing"):
                assert 0 == sum(moved.values())
                if name == "settle_set":
                    assert 0 == moved[self.world.market.authority]
                continue
            for owner, atoms in moved.items():
                allowed = owner in signed or name == "withdraw_house"
                assert atoms == 0 or allowed, f"{name} moved {atoms} of {owner}"

    @staticmethod
    def _name(sent: Instruction) -> str:
        begin = bytes(sent.data)[:8]
        return next(name for name, call in IDL.calls.items() if call.discriminator == begin)


def run(seed: int, steps: int) -> Fuzz:
    """Send a number of random instructions."""
    fuzz = Fuzz(seed)
    for number in range(steps):
        if number % 50 == 0:
            fuzz.world.warp(40)
        fuzz.step()
    return fuzz


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_no_permutation_of_accounts_and_data_breaks_an_invariant(seed: int) -> None:
    """Tokens are neither made nor lost, and move only by settlement or with the owner's leave."""
    fuzz = run(seed, 1_500)
    assert fuzz.ran > 100  # it does get through, so that the checks mean something


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
def test_100_000_permutations_break_no_invariant() -> None:
    """The same at length."""
    for seed in range(100, 110):
        run(seed, 10_000)
