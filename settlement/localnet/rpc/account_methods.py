"""Methods that read accounts and tokens as of a commitment."""

from __future__ import annotations

from collections.abc import Callable

from solders.account import Account
from solders.pubkey import Pubkey

from settlement.localnet import base58
from settlement.localnet.blocks import Block
from settlement.localnet.chain import Chain
from settlement.localnet.json_text import decode_base64
from settlement.localnet.rpc.account_view import (
    ENCODINGS,
    account_json,
    data_slice_of,
    reader_of,
)
from settlement.localnet.rpc.context import with_context
from settlement.localnet.rpc.errors import invalid_param, invalid_params
from settlement.localnet.rpc.params import Config, Params, as_key, as_text, as_u64
from settlement.localnet.rpc.token_view import decimals_of
from settlement.localnet.tokens import (
    TOKEN_PROGRAM_NAMES,
    TokenAccount,
    read_mint,
    read_token_account,
    ui_amount,
)

ACCOUNTS_PER_CALL_MAX = 100
FILTERS_MAX = 4
Matches = Callable[[bytes], bool]


def get_balance(chain: Chain, params: Params) -> object:
    """Answer the lamports of an account; 0 if there is none."""
    address = params.key(0, "address")
    bank = params.config(1).bank(chain)
    account = chain.account(address, bank)
    return with_context(bank, account.lamports if account is not None else 0)


def get_account_info(chain: Chain, params: Params) -> object:
    """Answer an account; null if there is none."""
    address = params.key(0, "address")
    options = params.config(1)
    bank = options.bank(chain)
    return with_context(bank, _encoded(chain, bank, address, options))


def get_multiple_accounts(chain: Chain, params: Params) -> object:
    """Answer several accounts as of the same block."""
    texts = params.list(0, "addresses", length_max=ACCOUNTS_PER_CALL_MAX)
    addresses = [as_key(text, "addresses") for text in texts]
    options = params.config(1)
    bank = options.bank(chain)
    return with_context(bank, [_encoded(chain, bank, each, options) for each in addresses])


def _encoded(chain: Chain, bank: Block, address: Pubkey, options: Config) -> object:
    account = chain.account(address, bank)
    if account is None:
        return None
    return account_json(
        chain,
        bank,
        account,
        encoding=options.text("encoding", "base64", ENCODINGS),
        data_slice=data_slice_of(options),
    )


def get_program_accounts(chain: Chain, params: Params) -> object:
    """Answer the accounts of a program that pass every filter."""
    program = params.key(0, "program")
    options = params.config(1)
    bank = options.bank(chain)
    filters = filters_of(options)
    found = [
        (address, account)
        for address, account in chain.accounts_of_program(program, bank)
        if all(matches(account.data) for matches in filters)
    ]
    answer = _keyed(chain, bank, found, options)
    return with_context(bank, answer) if options.flag("withContext") else answer


def _keyed(
    chain: Chain, bank: Block, found: list[tuple[Pubkey, Account]], options: Config
) -> list[object]:
    encoding = options.text("encoding", "base64", ENCODINGS)
    data_slice = data_slice_of(options)
    return [
        {
            "pubkey": str(address),
            "account": account_json(chain, bank, account, encoding=encoding, data_slice=data_slice),
        }
        for address, account in sorted(found, key=lambda entry: bytes(entry[0]))
    ]


def filters_of(options: Config) -> list[Matches]:
    """Read the `filters` option: each says whether an account's data passes."""
    values = options.get("filters")
    if values is None:
        return []
    if not isinstance(values, list) or len(values) > FILTERS_MAX:
        raise invalid_params(f"filters: must be an array of at most {FILTERS_MAX}")
    return [_filter(value) for value in values]


def _filter(value: object) -> Matches:
    if value == "tokenAccountState":
        return lambda data: len(data) > 108 and data[108] != 0
    if not isinstance(value, dict) or len(value) != 1:
        raise invalid_params("filters: each must be one of dataSize, memcmp, tokenAccountState")
    if "dataSize" in value:
        size = as_u64(value["dataSize"], "dataSize")
        return lambda data: len(data) == size
    comparison = value.get("memcmp")
    if not isinstance(comparison, dict):
        raise invalid_params("filters: memcmp must be an object with offset and bytes")
    offset = as_u64(comparison.get("offset"), "memcmp.offset")
    wanted = _memcmp_bytes(comparison)
    return lambda data: data[offset : offset + len(wanted)] == wanted


def _memcmp_bytes(comparison: dict[str, object]) -> bytes:
    value = comparison.get("bytes")
    if isinstance(value, list):
        try:
            return bytes(value)
        except (TypeError, ValueError) as error:
            raise invalid_params("memcmp.bytes: numbers must be from 0 to 255") from error
    text = as_text(value, "memcmp.bytes")
    try:
        if comparison.get("encoding") == "base64":
            return decode_base64(text)
        return base58.decode(text)
    except ValueError as error:
        raise invalid_params(f"memcmp.bytes: {error}") from error


def get_token_account_balance(chain: Chain, params: Params) -> object:
    """Answer the amount a token account holds."""
    address = params.key(0, "token account")
    bank = params.config(1).bank(chain)
    account = chain.account(address, bank)
    if account is None:
        raise invalid_param("could not find account")
    token = read_token_account(account)
    if token is None:
        raise invalid_param("not a Token account")
    decimals = decimals_of(token.mint, reader_of(chain, bank))
    if decimals is None:
        raise invalid_param("could not find mint")
    return with_context(bank, ui_amount(token.amount_atoms, decimals))


def get_token_supply(chain: Chain, params: Params) -> object:
    """Answer how much of a mint exists."""
    address = params.key(0, "mint")
    bank = params.config(1).bank(chain)
    account = chain.account(address, bank)
    if account is None:
        raise invalid_param("could not find account")
    mint = read_mint(account)
    if mint is None:
        raise invalid_param("not a Token mint")
    return with_context(bank, ui_amount(mint.supply_atoms, mint.decimals))


def get_token_accounts_by_owner(chain: Chain, params: Params) -> object:
    """Answer the token accounts of an owner, of one mint or of one token program."""
    owner = params.key(0, "owner")
    return _token_accounts(chain, params, lambda token: token.owner == owner)


def get_token_accounts_by_delegate(chain: Chain, params: Params) -> object:
    """Answer the token accounts that a delegate may spend from."""
    delegate = params.key(0, "delegate")
    return _token_accounts(chain, params, lambda token: token.delegate == delegate)


def get_token_largest_accounts(chain: Chain, params: Params) -> object:
    """Answer the twenty largest token accounts of a mint."""
    mint = params.key(0, "mint")
    bank = params.config(1).bank(chain)
    decimals = decimals_of(mint, reader_of(chain, bank))
    if decimals is None:
        raise invalid_param("not a Token mint")
    held = [
        (token.amount_atoms, str(address))
        for address, _, token in _all_tokens(chain, bank, list(TOKEN_PROGRAM_NAMES))
        if token.mint == mint
    ]
    largest = sorted(held, key=lambda entry: (-entry[0], entry[1]))[:20]
    return with_context(
        bank,
        [{"address": address, **ui_amount(amount, decimals)} for amount, address in largest],
    )


def _token_accounts(chain: Chain, params: Params, wanted: Callable[[TokenAccount], bool]) -> object:
    options = params.config(2)
    bank = options.bank(chain)
    mint, programs = _token_filter(params)
    found = [
        (address, account)
        for address, account, token in _all_tokens(chain, bank, programs)
        if wanted(token) and mint in (None, token.mint)
    ]
    return with_context(bank, _keyed(chain, bank, found, options))


def _all_tokens(
    chain: Chain, bank: Block, programs: list[Pubkey]
) -> list[tuple[Pubkey, Account, TokenAccount]]:
    found: list[tuple[Pubkey, Account, TokenAccount]] = []
    for program in programs:
        for address, account in chain.accounts_of_program(program, bank):
            token = read_token_account(account)
            if token is not None:
                found.append((address, account, token))
    return found


def _token_filter(params: Params) -> tuple[Pubkey | None, list[Pubkey]]:
    value = params.at(1, "filter")
    if not isinstance(value, dict) or len(value) != 1:
        raise invalid_params("filter: must be an object with either mint or programId")
    if "mint" in value:
        return as_key(value["mint"], "mint"), list(TOKEN_PROGRAM_NAMES)
    program = as_key(value.get("programId"), "programId")
    if program not in TOKEN_PROGRAM_NAMES:
        raise invalid_param("unrecognized Token program id")
    return None, [program]
