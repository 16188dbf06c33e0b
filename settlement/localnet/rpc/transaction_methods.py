"""Methods that send, simulate and find transactions."""

from __future__ import annotations

from typing import Any

from solders.message import from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from settlement.localnet import airdrop, base58
from settlement.localnet.blocks import Block, Commitment
from settlement.localnet.chain import Chain
from settlement.localnet.faults import FaultName
from settlement.localnet.json_text import decode_base64
from settlement.localnet.machine import Outcome, TransactionError
from settlement.localnet.records import inner_instructions, return_data
from settlement.localnet.rpc import transaction_view
from settlement.localnet.rpc.account_view import ENCODINGS as ACCOUNT_ENCODINGS
from settlement.localnet.rpc.account_view import account_json
from settlement.localnet.rpc.chain_methods import HEALTHY_SLOTS_BEHIND_MAX
from settlement.localnet.rpc.context import with_context
from settlement.localnet.rpc.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    PREFLIGHT_FAILURE,
    SIGNATURE_VERIFICATION_FAILURE,
    AnswerLost,
    RpcError,
    invalid_params,
    node_behind,
    transaction_error_words,
)
from settlement.localnet.rpc.params import Config, Params, as_key, as_signature
from settlement.localnet.store import StatusRow
from settlement.localnet.wire import (
    TRANSACTION_V1_BYTES_MAX,
    SignedTransaction,
    TransactionRefused,
    read_transaction,
    too_large,
)

STATUSES_MAX = 256
SIGNATURES_PER_PAGE_MAX = 1_000


def send_transaction(chain: Chain, params: Params) -> object:
    """Check a transaction, hand it to the cluster and answer with its signature."""
    options = params.config(1)
    signed = _read_signed(params, options)
    if not options.flag("skipPreflight"):
        _preflight(chain, signed, options.bank(chain, "preflightCommitment"))
    chain.submit(signed)
    if chain.faults.strike(FaultName.LOST_ANSWER, signed.message.account_keys) is not None:
        raise AnswerLost
    return str(signed.signature)


def _read_signed(params: Params, options: Config) -> SignedTransaction:
    text = params.text(0, "transaction")
    encoding = options.text("encoding", "base58", ("base58", "base64"))
    try:
        return read_transaction(_decode(text, encoding))
    except TransactionRefused as error:
        raise RpcError(INVALID_PARAMS, str(error)) from error


def _decode(text: str, encoding: str) -> bytes:
    # Base 58 takes time with the square of the length, so the length is checked first.
    if len(text) > 2 * TRANSACTION_V1_BYTES_MAX:
        raise invalid_params(too_large(len(text), TRANSACTION_V1_BYTES_MAX))
    try:
        if encoding == "base64":
            return decode_base64(text)
        return base58.decode(text)
    except ValueError as error:
        raise invalid_params(f"transaction: invalid {encoding} encoding: {error}") from error


def _preflight(chain: Chain, signed: SignedTransaction, bank: Block) -> None:
    if not signed.signatures_valid:
        raise RpcError(SIGNATURE_VERIFICATION_FAILURE, "Transaction signature verification failure")
    if chain.slots_behind > HEALTHY_SLOTS_BEHIND_MAX:
        raise node_behind(chain.slots_behind)
    refusal = chain.refusal(signed, bank)
    outcome = chain.simulate(signed, bank) if refusal is None else None
    err = refusal if outcome is None else outcome.err
    if err is not None:
        raise RpcError(
            PREFLIGHT_FAILURE,
            f"Transaction simulation failed: {transaction_error_words(err)}",
            _simulation_json(err, outcome),
        )


def _simulation_json(err: TransactionError | None, outcome: Outcome | None) -> dict[str, Any]:
    return {
        "err": err,
        "logs": outcome.logs if outcome is not None else [],
        "accounts": None,
        "unitsConsumed": outcome.compute_units if outcome is not None else 0,
        "returnData": return_data(outcome) if outcome is not None else None,
        "innerInstructions": None,
        "replacementBlockhash": None,
        "loadedAccountsDataSize": 0,
    }


def simulate_transaction(chain: Chain, params: Params) -> object:
    """Run a transaction on the state of a commitment and answer what it would do."""
    options = params.config(1)
    signed = _read_signed(params, options)
    bank = options.bank(chain)
    replace_blockhash = options.flag("replaceRecentBlockhash")
    if options.flag("sigVerify"):
        if replace_blockhash:
            raise invalid_params("sigVerify may not be used with replaceRecentBlockhash")
        if not signed.signatures_valid:
            raise RpcError(
                SIGNATURE_VERIFICATION_FAILURE, "Transaction signature verification failure"
            )
    refusal = None if replace_blockhash else chain.refusal(signed, bank)
    if refusal is not None:
        return with_context(bank, _simulation_json(refusal, None))
    outcome = chain.simulate(signed, bank)
    answer = _simulation_json(outcome.err, outcome)
    answer["fee"] = outcome.fee_lamports
    if replace_blockhash:
        answer["replacementBlockhash"] = {
            "blockhash": str(bank.blockhash),
            "lastValidBlockHeight": bank.last_valid_block_height,
        }
    if options.flag("innerInstructions"):
        answer["innerInstructions"] = inner_instructions(outcome)
    answer["accounts"] = _simulated_accounts(chain, options, bank, outcome)
    return with_context(bank, answer)


def _simulated_accounts(
    chain: Chain, options: Config, bank: Block, outcome: Outcome
) -> list[object] | None:
    wanted = options.get("accounts")
    if wanted is None:
        return None
    if not isinstance(wanted, dict) or not isinstance(wanted.get("addresses"), list):
        raise invalid_params("accounts: must be an object with an array of addresses")
    encoding = Config(wanted).text("encoding", "base64", ACCOUNT_ENCODINGS)
    answers: list[object] = []
    for text in wanted["addresses"]:
        address = as_key(text, "accounts.addresses")
        account = outcome.post_accounts.get(address) or chain.account(address, bank)
        if account is None:
            answers.append(None)
        else:
            answers.append(account_json(chain, bank, account, encoding=encoding))
    return answers


def request_airdrop(chain: Chain, params: Params) -> object:
    """Send coins from the faucet and answer with the signature."""
    address = params.key(0, "address")
    signed = airdrop.transfer_from_faucet(
        chain.faucet,
        to=address,
        lamports=params.integer(1, "lamports"),
        blockhash=chain.open_block.blockhash,
    )
    outcome = chain.simulate(signed, chain.open_block)
    if outcome.err is not None:
        words = transaction_error_words(outcome.err)
        raise RpcError(INTERNAL_ERROR, f"Internal error: airdrop request failed: {words}")
    chain.submit(signed)
    return str(signed.signature)


def get_fee_for_message(chain: Chain, params: Params) -> object:
    """Answer what the fee of a message would be; null if its blockhash is not valid."""
    bank = params.config(1).bank(chain)
    text = params.text(0, "message")
    try:
        message = from_bytes_versioned(decode_base64(text))
    except ValueError as error:
        raise invalid_params(f"message: {error}") from error
    if not chain.is_blockhash_valid(message.recent_blockhash, bank):
        return with_context(bank, None)
    unsigned = [Signature.default()] * message.header.num_required_signatures
    outcome = chain.machine.simulate(VersionedTransaction.populate(message, unsigned))
    return with_context(bank, outcome.fee_lamports)


def get_signature_statuses(chain: Chain, params: Params) -> object:
    """Answer where each signature landed and how settled that is."""
    texts = params.list(0, "signatures", length_max=STATUSES_MAX)
    signatures = [as_signature(text, "signatures") for text in texts]
    search_history = params.config(1).flag("searchTransactionHistory")
    bank = chain.bank(Commitment.PROCESSED)
    rows = [chain.status(each, search_history=search_history) for each in signatures]
    return with_context(bank, [_status_json(chain, bank, row) for row in rows])


def _status_json(chain: Chain, bank: Block, row: StatusRow | None) -> object:
    if row is None:
        return None
    commitment = chain.commitment_of(row.slot)
    final = commitment is Commitment.FINALIZED
    return {
        "slot": row.slot,
        "confirmations": None if final else bank.slot - row.slot,
        "err": row.err,
        "status": {"Ok": None} if row.err is None else {"Err": row.err},
        "confirmationStatus": commitment.label,
    }


def get_transaction(chain: Chain, params: Params) -> object:
    """Answer a transaction with its meta; null if it is not at least so settled."""
    signature = as_signature(params.at(0, "signature"), "signature")
    # An older form of the call has the bare encoding in place of the options.
    bare = params.optional(1)
    options = Config({"encoding": bare}) if isinstance(bare, str) else params.config(1)
    encoding = options.text("encoding", "json", transaction_view.ENCODINGS)
    bank = chain.bank(_at_least_confirmed(options))
    row = chain.store.transaction(signature)
    if row is None or row.status.slot > bank.slot:
        return None
    return transaction_view.transaction_json(
        row, encoding=encoding, version_max=options.integer("maxSupportedTransactionVersion")
    )


def get_signatures_for_address(chain: Chain, params: Params) -> object:
    """Answer a page of the transactions that name an address, newest first."""
    address: Pubkey = params.key(0, "address")
    options = params.config(1)
    limit = options.integer("limit")
    if limit is None:
        limit = SIGNATURES_PER_PAGE_MAX
    if not 1 <= limit <= SIGNATURES_PER_PAGE_MAX:
        raise invalid_params(f"limit: must be from 1 to {SIGNATURES_PER_PAGE_MAX}")
    options.bank(chain)
    bank = chain.bank(_at_least_confirmed(options))
    rows = chain.store.transactions_of_address(
        address,
        slot_max=bank.slot,
        before=options.signature("before"),
        until=options.signature("until"),
        limit=limit,
    )
    return [_signature_json(chain, row) for row in rows]


def _signature_json(chain: Chain, row: StatusRow) -> object:
    return {
        "signature": str(row.signature),
        "slot": row.slot,
        "err": row.err,
        "memo": None,
        "blockTime": row.unix_time_s,
        "confirmationStatus": chain.commitment_of(row.slot).label,
    }


def _at_least_confirmed(options: Config) -> Commitment:
    commitment = options.commitment()
    if commitment is Commitment.PROCESSED:
        raise invalid_params("Method does not support commitment below `confirmed`")
    return commitment
