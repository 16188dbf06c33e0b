"""Arguments of calls are checked before anything is sent."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

from engine.core.commands import COMMAND, CommandKind, Side
from engine.core.rejects import Reject
from realstack.client.arguments import choice, needed, number_of, target_of
from realstack.client.errors import InvalidInput
from realstack.client.requests import check_batch, command, id_words
from tests.unit.client.test_book import MARKET


def refusal(error: pytest.ExceptionInfo[InvalidInput]) -> tuple[str, str, Reject]:
    """Return what a refusal names."""
    return error.value.field, error.value.rule, error.value.code


def test_a_choice_is_given_by_name_or_as_itself() -> None:
    """Names are in lower case; nothing given stays nothing."""
    code = Reject.INVALID_SIDE
    given = ("buy", Side.SELL, None)
    assert [choice("side", each, Side, code) for each in given] == [Side.BUY, Side.SELL, None]


@pytest.mark.parametrize("given", ["BUY", "", "both", "1"])
def test_an_unknown_choice_is_refused_with_those_there_are(given: str) -> None:
    """The rule lists the names."""
    with pytest.raises(InvalidInput) as error:
        choice("side", given, Side, Reject.INVALID_SIDE)
    assert refusal(error) == ("side", "must be one of: buy, sell", Reject.INVALID_SIDE)


def test_what_is_needed_must_be_given() -> None:
    """A missing quantity is refused under the code of a wrong one."""
    with pytest.raises(InvalidInput) as error:
        needed("quantity", None)
    assert refusal(error) == ("quantity", "must be given", Reject.INVALID_QUANTITY)


def test_a_number_is_given_in_one_of_two_ways() -> None:
    """Decimal text or whole steps, not both."""
    assert number_of("price", "101.25", None, MARKET) == 10_125
    assert number_of("price", None, 10_125, MARKET) == 10_125
    assert number_of("price", None, None, MARKET) is None
    with pytest.raises(InvalidInput) as error:
        number_of("quantity", "3", 3, MARKET)
    rule = "give it either as quantity or as quantity_lots"
    assert refusal(error) == ("quantity", rule, Reject.INVALID_QUANTITY)


def test_a_decimal_needs_its_market() -> None:
    """Without the market nobody knows its tick."""
    with pytest.raises(InvalidInput) as error:
        number_of("price", "1", None, None)
    assert refusal(error) == ("market", "must be given with price", Reject.UNKNOWN_MARKET)


@pytest.mark.parametrize(("order_id", "client_id"), [(0, None), (5, 7)])
def test_an_order_is_named_by_exactly_one_id(order_id: int, client_id: int | None) -> None:
    """None or two would leave open which order is meant."""
    with pytest.raises(InvalidInput) as error:
        target_of(order_id, client_id)
    rule = "give exactly one of order_id and order_client_id"
    assert refusal(error) == ("order_id", rule, Reject.UNKNOWN_ORDER)


def test_client_ids_are_uuids_or_numbers_of_128_bits() -> None:
    """Both halves go on the wire."""
    number = (3 << 64) | 9
    assert id_words(number) == (9, 3)
    assert id_words(uuid.UUID(int=number)) == (9, 3)


@pytest.mark.parametrize("client_id", [0, -1, 1 << 128, True, "7"])
def test_other_client_ids_are_refused(client_id: object) -> None:
    """Zero means no id on the wire, so it cannot be one."""
    with pytest.raises(InvalidInput) as error:
        id_words(client_id)
    rule = "must be a UUID or an int from 1 to 2^128 - 1"
    assert refusal(error) == ("client_id", rule, Reject.INVALID_CLIENT_ID)


def test_a_value_beyond_its_field_is_refused_not_wrapped() -> None:
    """An integer too large for the wire never turns into another one."""
    with pytest.raises(InvalidInput) as error:
        command(CommandKind.PLACE, price_ticks=1 << 63)
    rule = f"must be {-(1 << 63)} to {(1 << 63) - 1}"
    assert refusal(error) == ("price_ticks", rule, Reject.INVALID_PRICE)


@pytest.mark.parametrize(
    ("batch", "field"),
    [
        ([1, 2], "commands"),
        (np.zeros(2), "commands"),
        (np.zeros((1, 1), dtype=COMMAND), "commands"),
        (command(CommandKind.DEPOSIT), "kind"),
        (np.zeros(1, dtype=COMMAND), "kind"),
    ],
)
def test_a_batch_must_be_trading_commands(batch: object, field: str) -> None:
    """Other arrays and other kinds are refused whole."""
    with pytest.raises(InvalidInput) as error:
        check_batch(batch)
    assert error.value.field == field
