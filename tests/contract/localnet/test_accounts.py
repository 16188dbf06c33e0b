"""Accounts and tokens as each commitment shows them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import zstandard
from solana.rpc.commitment import Commitment, Confirmed, Finalized, Processed
from solana.rpc.core import RPCException
from solana.rpc.jsonrpc import SolanaJsonRpcError
from solana.rpc.models import DataSliceOpts, MemcmpOpts, TokenAccountOpts
from solders.account import AccountJSON
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token import instructions, models
from spl.token.constants import ACCOUNT_LEN, TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID

from tests.contract.localnet.actor import COIN_LAMPORTS, DECIMALS, Actor, create_token_pair
from tests.contract.localnet.conftest import FINALIZED_DEPTH_SLOTS

ALL = (Processed, Confirmed, Finalized)


async def settled_pair(actor: Actor) -> Any:
    """Make a token pair and let it become final."""
    pair = await create_token_pair(actor)
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    return pair


async def test_a_balance_at_finalized_does_not_show_what_is_not_final(actor: Actor) -> None:
    """A transfer shows at processed at once, at confirmed a slot later, at finalized at the end."""
    pair = await settled_pair(actor)
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 10))

    async def seen() -> list[int]:
        return [await actor.atoms(pair.other, commitment) for commitment in ALL]

    assert await seen() == [10, 0, 0]
    await actor.advance()
    assert await seen() == [10, 10, 0]
    await actor.advance(FINALIZED_DEPTH_SLOTS - 2)
    assert await seen() == [10, 10, 0]
    await actor.advance()
    assert await seen() == [10, 10, 10]


async def test_each_commitment_keeps_its_own_history_of_one_account(actor: Actor) -> None:
    """Several changes on the way to finality are shown one after the other."""
    pair = await settled_pair(actor)
    for atoms in (1, 10, 100, 1_000):
        await actor.send(actor.move(pair.mint, pair.own, pair.other, atoms))
        await actor.send(actor.move(pair.mint, pair.own, pair.other, 2 * atoms))
        await actor.advance()
    finals = []
    for _ in range(FINALIZED_DEPTH_SLOTS):
        finals.append(await actor.atoms(pair.other, Finalized))
        await actor.advance()
    assert finals == [3, 33, 333, 3_333]


async def test_an_account_that_is_not_final_does_not_exist_at_finalized(actor: Actor) -> None:
    """A new account is null at a commitment that has not reached it."""
    pair = await create_token_pair(actor)
    assert (await actor.client.get_account_info(pair.own, Processed)).value is not None
    assert (await actor.client.get_account_info(pair.own, Finalized)).value is None
    with pytest.raises(RPCException, match="could not find account"):
        await actor.client.get_token_account_balance(pair.own, Finalized)
    owned = await actor.client.get_token_accounts_by_owner(
        actor.address, TokenAccountOpts(mint=pair.mint), Finalized
    )
    assert owned.value == []


async def test_a_closed_account_still_exists_at_finalized_until_the_closing_is_final(
    actor: Actor,
) -> None:
    """Closing removes the account at each commitment in its turn, and from every list."""
    pair = await settled_pair(actor)
    empty = await actor.create_token_account(await actor.create_mint())
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    close = models.CloseAccountParams(
        program_id=TOKEN_PROGRAM_ID, account=empty, dest=actor.address, owner=actor.address
    )
    await actor.send(instructions.close_account(close))

    async def listed(commitment: Commitment) -> bool:
        found = await actor.client.get_token_accounts_by_owner(
            actor.address, TokenAccountOpts(program_id=TOKEN_PROGRAM_ID), commitment
        )
        assert pair.own in [entry.pubkey for entry in found.value]
        return empty in [entry.pubkey for entry in found.value]

    assert [await listed(commitment) for commitment in ALL] == [False, True, True]
    assert (await actor.client.get_balance(empty, Finalized)).value == 2_039_280
    await actor.advance(FINALIZED_DEPTH_SLOTS)
    assert [await listed(commitment) for commitment in ALL] == [False, False, False]


async def test_account_data_comes_in_every_encoding(actor: Actor) -> None:
    """Base 64, base 58, compressed and cut out of the middle are the same bytes."""
    pair = await settled_pair(actor)
    whole = (await actor.client.get_account_info(pair.own)).value
    assert whole is not None
    assert len(whole.data) == ACCOUNT_LEN
    assert whole.owner == TOKEN_PROGRAM_ID
    data_slice = DataSliceOpts(offset=64, length=8)
    part = (await actor.client.get_account_info(pair.own, data_slice=data_slice)).value
    assert part is not None
    assert int.from_bytes(part.data, "little") == pair.minted_atoms
    small = await actor.client.get_account_info(pair.own, encoding="base58", data_slice=data_slice)
    assert small.value is not None
    assert small.value.data == part.data
    packed = await actor.call("getAccountInfo", str(pair.own), {"encoding": "base64+zstd"})
    text, encoding = packed["value"]["data"]
    assert encoding == "base64+zstd"
    assert zstandard.decompress(base64.b64decode(text)) == whole.data
    with pytest.raises(RPCException, match="base 58"):
        await actor.client.get_account_info(pair.own, encoding="base58")


async def test_a_parsed_token_account_shows_its_fields(actor: Actor) -> None:
    """The parsed form has mint, owner, state and the amount as text and as number."""
    pair = await settled_pair(actor)
    answer = (await actor.client.get_account_info_json_parsed(pair.own)).value
    assert isinstance(answer, AccountJSON)
    info = (await actor.call("getAccountInfo", str(pair.own), {"encoding": "jsonParsed"}))["value"]
    assert info["data"] == {
        "program": "spl-token",
        "space": 165,
        "parsed": {
            "type": "account",
            "info": {
                "mint": str(pair.mint),
                "owner": str(actor.address),
                "state": "initialized",
                "isNative": False,
                "tokenAmount": {
                    "amount": "1000000",
                    "decimals": DECIMALS,
                    "uiAmount": 1,
                    "uiAmountString": "1",
                },
            },
        },
    }


async def test_a_parsed_mint_shows_its_fields(actor: Actor) -> None:
    """The parsed form has authorities, supply and decimals."""
    pair = await settled_pair(actor)
    answer = await actor.call("getAccountInfo", str(pair.mint), {"encoding": "jsonParsed"})
    assert answer["value"]["data"]["parsed"] == {
        "type": "mint",
        "info": {
            "mintAuthority": str(actor.address),
            "supply": "1000000",
            "decimals": DECIMALS,
            "isInitialized": True,
            "freezeAuthority": str(actor.address),
        },
    }


async def test_a_frozen_or_delegated_account_says_so(actor: Actor) -> None:
    """Freezing and delegation appear in the parsed form."""
    pair = await settled_pair(actor)
    delegate = Keypair().pubkey()
    approve = models.ApproveParams(
        program_id=TOKEN_PROGRAM_ID,
        source=pair.own,
        delegate=delegate,
        owner=actor.address,
        amount=5,
    )
    freeze = models.FreezeAccountParams(
        program_id=TOKEN_PROGRAM_ID, account=pair.own, mint=pair.mint, authority=actor.address
    )
    await actor.send(instructions.approve(approve), instructions.freeze_account(freeze))
    options = {"encoding": "jsonParsed", "commitment": "processed"}
    answer = await actor.call("getAccountInfo", str(pair.own), options)
    info = answer["value"]["data"]["parsed"]["info"]
    assert info["state"] == "frozen"
    assert info["delegate"] == str(delegate)
    assert info["delegatedAmount"]["amount"] == "5"
    found = await actor.client.get_token_accounts_by_delegate(
        delegate, TokenAccountOpts(mint=pair.mint), Processed
    )
    assert [entry.pubkey for entry in found.value] == [pair.own]


async def test_what_no_parser_knows_comes_in_base_64(actor: Actor) -> None:
    """A wallet has no parsed form and falls back."""
    answer = await actor.call("getAccountInfo", str(actor.address), {"encoding": "jsonParsed"})
    assert answer["value"]["data"] == ["", "base64"]


async def test_several_accounts_come_in_the_order_asked(actor: Actor) -> None:
    """Accounts that do not exist are null in their place; more than 100 are refused."""
    pair = await settled_pair(actor)
    nobody = Keypair().pubkey()
    answer = (await actor.client.get_multiple_accounts([pair.other, nobody, pair.own])).value
    assert [account is not None for account in answer] == [True, False, True]
    assert answer[2] is not None
    assert int.from_bytes(answer[2].data[64:72], "little") == pair.minted_atoms
    with pytest.raises(RPCException, match="max 100"):
        await actor.client.get_multiple_accounts([nobody] * 101)


async def test_program_accounts_pass_every_filter(actor: Actor) -> None:
    """Size and bytes at an offset must both fit; the list is whole and in a fixed order."""
    first, second = await settled_pair(actor), await settled_pair(actor)
    every = await actor.client.get_program_accounts(TOKEN_PROGRAM_ID, encoding="base64")
    addresses = {entry.pubkey for entry in every.value}
    assert {first.own, first.other, first.mint, second.own} <= addresses
    of_mint = await actor.client.get_program_accounts(
        TOKEN_PROGRAM_ID,
        encoding="base64",
        filters=[ACCOUNT_LEN, MemcmpOpts(offset=0, bytes=str(first.mint))],
    )
    assert {entry.pubkey for entry in of_mint.value} == {first.own, first.other}
    sorted_addresses = sorted((first.own, first.other), key=bytes)
    assert [entry.pubkey for entry in of_mint.value] == sorted_addresses
    owned = await actor.client.get_program_accounts(
        TOKEN_PROGRAM_ID,
        encoding="base64",
        data_slice=DataSliceOpts(offset=0, length=0),
        filters=[
            MemcmpOpts(offset=0, bytes=str(first.mint)),
            MemcmpOpts(offset=32, bytes=str(actor.address)),
        ],
    )
    assert [(entry.pubkey, entry.account.data) for entry in owned.value] == [(first.own, b"")]


@pytest.mark.parametrize(
    "filters",
    [
        7,
        ["other"],
        [{"dataSize": -1}],
        [{"memcmp": {"offset": 0, "bytes": "0OIl"}}],
        [{"memcmp": {"offset": 0, "bytes": [256]}}],
        [{"memcmp": {"offset": 0, "bytes": "!", "encoding": "base64"}}],
        [{"memcmp": 1}],
        [{"dataSize": 1, "memcmp": {}}],
        [{"dataSize": 1}] * 5,
    ],
    ids=str,
)
async def test_a_filter_that_is_none_is_refused(actor: Actor, filters: object) -> None:
    """A filter that cannot be read is an error, never ignored."""
    with pytest.raises(SolanaJsonRpcError) as caught:
        await actor.call("getProgramAccounts", str(TOKEN_PROGRAM_ID), {"filters": filters})
    assert caught.value.code == -32602


async def test_filters_take_bytes_in_every_spelling(actor: Actor) -> None:
    """Numbers, base 58 and base 64 name the same bytes; with a context when asked."""
    pair = await settled_pair(actor)
    key = bytes(pair.mint)
    spellings: list[dict[str, object]] = [
        {"offset": 0, "bytes": str(pair.mint)},
        {"offset": 0, "bytes": list(key)},
        {"offset": 0, "bytes": base64.b64encode(key).decode(), "encoding": "base64"},
    ]
    for spelling in spellings:
        options = {
            "filters": [{"memcmp": spelling}, "tokenAccountState"],
            "withContext": True,
            "encoding": "base64",
        }
        answer = await actor.call("getProgramAccounts", str(TOKEN_PROGRAM_ID), options)
        assert len(answer["value"]) == 2
        assert answer["context"]["slot"] == await actor.call("getSlot")


async def test_token_accounts_of_an_owner_come_by_mint_and_by_program(actor: Actor) -> None:
    """The mint narrows the list; a program that is no token program is refused."""
    first, second = await settled_pair(actor), await settled_pair(actor)
    by_mint = await actor.client.get_token_accounts_by_owner(
        actor.address, TokenAccountOpts(mint=first.mint)
    )
    assert [entry.pubkey for entry in by_mint.value] == [first.own]
    by_program = await actor.client.get_token_accounts_by_owner_json_parsed(
        actor.address, TokenAccountOpts(program_id=TOKEN_PROGRAM_ID)
    )
    assert {entry.pubkey for entry in by_program.value} == {first.own, second.own}
    none = await actor.client.get_token_accounts_by_owner(
        actor.address, TokenAccountOpts(program_id=TOKEN_2022_PROGRAM_ID)
    )
    assert none.value == []
    with pytest.raises(RPCException, match="Token program"):
        await actor.client.get_token_accounts_by_owner(
            actor.address, TokenAccountOpts(program_id=actor.address)
        )


async def test_the_supply_of_a_mint_is_what_was_minted(actor: Actor) -> None:
    """Supply is exact text; something that is no mint is refused."""
    pair = await settled_pair(actor)
    supply = (await actor.client.get_token_supply(pair.mint)).value
    assert (supply.amount, supply.decimals, supply.ui_amount_string) == ("1000000", DECIMALS, "1")
    assert (await actor.call("getTokenSupply", str(pair.mint), "confirmed"))["value"][
        "decimals"
    ] == 6
    for wrong in (pair.own, Keypair().pubkey()):
        with pytest.raises(RPCException, match=r"mint|could not find"):
            await actor.client.get_token_supply(wrong)


async def test_the_largest_accounts_of_a_mint_come_first(actor: Actor) -> None:
    """Holders are ordered by what they hold."""
    pair = await settled_pair(actor)
    await actor.send(actor.move(pair.mint, pair.own, pair.other, 600_000))
    largest = (await actor.client.get_token_largest_accounts(pair.mint, Processed)).value
    assert [(entry.address, entry.amount.amount) for entry in largest] == [
        (pair.other, "600000"),
        (pair.own, "400000"),
    ]


async def test_the_largest_accounts_of_no_mint_are_refused(actor: Actor) -> None:
    """A wallet has no holders."""
    with pytest.raises(RPCException, match="not a Token mint"):
        await actor.client.get_token_largest_accounts(actor.address)


async def test_a_wallet_is_no_token_account(actor: Actor) -> None:
    """Asking for the tokens of something else is an error, not zero."""
    with pytest.raises(RPCException, match="not a Token account"):
        await actor.client.get_token_account_balance(actor.address)


async def test_an_account_that_does_not_exist_has_no_coins_and_no_info(actor: Actor) -> None:
    """Coins of nobody are zero, the account is null."""
    nobody = Keypair().pubkey()
    assert (await actor.client.get_balance(nobody)).value == 0
    assert (await actor.client.get_account_info(nobody)).value is None


async def test_the_clock_account_moves_with_the_slots(actor: Actor) -> None:
    """Programs and readers see the slot that is open."""
    clock = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
    await actor.advance(3)
    account = (await actor.client.get_account_info(clock, Processed)).value
    assert account is not None
    slot = int.from_bytes(account.data[:8], "little")
    assert slot == (await actor.client.get_slot(Processed)).value


async def test_coins_are_conserved_but_for_fees(actor: Actor) -> None:
    """A payment moves exactly its lamports and costs exactly its fee."""
    to = Keypair().pubkey()
    before = (await actor.client.get_balance(actor.address, Processed)).value
    await actor.send(actor.pay(to, COIN_LAMPORTS))
    after = (await actor.client.get_balance(actor.address, Processed)).value
    assert before - after == COIN_LAMPORTS + 5_000
