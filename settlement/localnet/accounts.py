"""Accounts as of an earlier slot, from the before-images of the slots after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from solders.account import Account
from solders.pubkey import Pubkey

Image = tuple[int, Account | None]
"""A slot, and the account as it was when that slot first changed it (None: there was none)."""


class AccountHistory:
    """Before-images by account and slot, for the slots that are not finalized.

    The machine knows only the newest state. The state as of a slot is the before-image of the first
    change after that slot, and without one the newest state.
    """

    def __init__(self, read_newest: Callable[[Pubkey], Account | None]) -> None:
        """Take the reader of the newest state."""
        self._read_newest = read_newest
        self._images: dict[Pubkey, list[Image]] = {}

    def note(self, address: Pubkey, slot: int, before: Account | None) -> None:
        """Keep the image before a change in `slot`; only the first of a slot counts."""
        images = self._images.setdefault(address, [])
        if not images or images[-1][0] < slot:
            images.append((slot, before))

    def as_of(self, address: Pubkey, slot: int) -> Account | None:
        """Read the account as it was at the end of `slot`."""
        for changed_slot, before in self._images.get(address, ()):
            if changed_slot > slot:
                return before
        return self._read_newest(address)

    def differs_after(self, address: Pubkey, slot: int) -> bool:
        """Tell whether the account was changed after `slot`."""
        images = self._images.get(address)
        return images is not None and images[-1][0] > slot

    def changed_after(self, slot: int) -> Iterator[Pubkey]:
        """Name the accounts that were changed after `slot`."""
        for address, images in self._images.items():
            if images[-1][0] > slot:
                yield address

    def forget_until(self, slot: int) -> None:
        """Drop the images of `slot` and before: no state that old is asked for any more."""
        for address in [key for key, images in self._images.items() if images[0][0] <= slot]:
            kept = [image for image in self._images[address] if image[0] > slot]
            if kept:
                self._images[address] = kept
            else:
                del self._images[address]

    def cut_after(self, slot: int) -> dict[Pubkey, Account | None]:
        """Forget every change after `slot` and return what each account must be again."""
        restored = {address: self.as_of(address, slot) for address in self.changed_after(slot)}
        for address in restored:
            kept = [image for image in self._images[address] if image[0] <= slot]
            if kept:
                self._images[address] = kept
            else:
                del self._images[address]
        return restored
