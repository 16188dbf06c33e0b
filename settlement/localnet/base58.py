"""Base 58 of any length (solders offers it only for keys, hashes and signatures)."""

from __future__ import annotations

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGIT_OF = {character: digit for digit, character in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    """Write `data` in base 58; each leading zero byte becomes one leading `1`."""
    number = int.from_bytes(data, "big")
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(digits))


def decode(text: str) -> bytes:
    """Read base 58.

    Raises:
        ValueError: A character is not of the alphabet.
    """
    number = 0
    for position, character in enumerate(text):
        digit = _DIGIT_OF.get(character)
        if digit is None:
            raise ValueError(f"character {character!r} at {position} is not base 58")
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
