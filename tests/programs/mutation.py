"""Random changes of an instruction: its accounts, their flags, its data."""

from __future__ import annotations

import random
from collections.abc import Sequence

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey


class Mutator:
    """Changes instructions at random, the same for the same seed."""

    def __init__(self, seed: int, addresses: Sequence[Pubkey], keys: Sequence[Pubkey]) -> None:
        self.random = random.Random(seed)
        self.addresses = list(addresses)
        self.keys = set(keys)
        self._turn = 0

    def next_of(self, menu: Sequence[Instruction]) -> Instruction:
        """One changed, or not: by turns the next of the menu, so that steps build on each other,
        and any."""
        self._turn += 1
        if self._turn % 2:
            return self.mutated(menu[self._turn // 2 % len(menu)])
        return self.mutated(self.random.choice(menu))

    def mutated(self, good: Instruction) -> Instruction:
        """The instruction with up to four changes; sometimes as it is."""
        metas, data = list(good.accounts), bytearray(bytes(good.data))
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2, 4])):
            self._change(metas, data)
        signable = [
            AccountMeta(meta.pubkey, meta.is_signer and meta.pubkey in self.keys, meta.is_writable)
            for meta in metas
        ]
        return Instruction(good.program_id, bytes(data), signable)

    def _change(self, metas: list[AccountMeta], data: bytearray) -> None:
        pick = self.random
        if not metas:
            return
        place, second, kind = pick.randrange(len(metas)), pick.randrange(len(metas)), pick.random()
        meta = metas[place]
        if kind < 0.3:
            data[pick.randrange(len(data))] = pick.choice([0, 1, 127, 255])
        elif kind < 0.6:
            metas[place] = AccountMeta(
                pick.choice(self.addresses), meta.is_signer, meta.is_writable
            )
        elif kind < 0.75:
            metas[place], metas[second] = metas[second], meta
        elif kind < 0.9:
            metas[place] = AccountMeta(meta.pubkey, pick.random() < 0.5, pick.random() < 0.8)
        elif kind < 0.95:
            del metas[place]
        else:
            metas.append(pick.choice(metas))
