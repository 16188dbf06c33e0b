"""From the bytes of a request to the bytes of its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from settlement.localnet.chain import Chain
from settlement.localnet.json_text import decode_json, encode_json
from settlement.localnet.machine import MachinePanicked
from settlement.localnet.rpc import (
    account_methods,
    chain_methods,
    private_methods,
    transaction_methods,
)
from settlement.localnet.rpc.errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RpcError,
)
from settlement.localnet.rpc.params import Params

Method = Callable[[Chain, Params], object]
Call = Callable[[str, object], object]

METHODS: dict[str, Method] = {
    "getAccountInfo": account_methods.get_account_info,
    "getBalance": account_methods.get_balance,
    "getBlockHeight": chain_methods.get_block_height,
    "getEpochInfo": chain_methods.get_epoch_info,
    "getFeeForMessage": transaction_methods.get_fee_for_message,
    "getGenesisHash": chain_methods.get_genesis_hash,
    "getHealth": chain_methods.get_health,
    "getLatestBlockhash": chain_methods.get_latest_blockhash,
    "getMinimumBalanceForRentExemption": chain_methods.get_minimum_balance_for_rent_exemption,
    "getMultipleAccounts": account_methods.get_multiple_accounts,
    "getProgramAccounts": account_methods.get_program_accounts,
    "getRecentPrioritizationFees": chain_methods.get_recent_prioritization_fees,
    "getSignatureStatuses": transaction_methods.get_signature_statuses,
    "getSignaturesForAddress": transaction_methods.get_signatures_for_address,
    "getSlot": chain_methods.get_slot,
    "getTokenAccountBalance": account_methods.get_token_account_balance,
    "getTokenAccountsByDelegate": account_methods.get_token_accounts_by_delegate,
    "getTokenAccountsByOwner": account_methods.get_token_accounts_by_owner,
    "getTokenLargestAccounts": account_methods.get_token_largest_accounts,
    "getTokenSupply": account_methods.get_token_supply,
    "getTransaction": transaction_methods.get_transaction,
    "getTransactionCount": chain_methods.get_transaction_count,
    "getVersion": chain_methods.get_version,
    "isBlockhashValid": chain_methods.is_blockhash_valid,
    "localnet_advanceSlots": private_methods.advance_slots,
    "localnet_clearFaults": private_methods.clear_faults,
    "localnet_setFault": private_methods.set_fault,
    "localnet_status": private_methods.status,
    "requestAirdrop": transaction_methods.request_airdrop,
    "sendTransaction": transaction_methods.send_transaction,
    "simulateTransaction": transaction_methods.simulate_transaction,
}

BATCH_CALLS_MAX = 1_000


def answer(body: bytes, call: Call) -> bytes:
    """Answer a request, or an array of them, with `call` doing the work."""
    try:
        request = decode_json(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return encode_json(_error(None, RpcError(PARSE_ERROR, "Parse error")))
    if not isinstance(request, list):
        return encode_json(answer_one(request, call))
    if not 1 <= len(request) <= BATCH_CALLS_MAX:
        return encode_json(_error(None, RpcError(INVALID_REQUEST, "Invalid request")))
    return encode_json([answer_one(each, call) for each in request])


def answer_one(request: Any, call: Call) -> dict[str, object]:
    """Answer one decoded request."""
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        return _error(None, RpcError(INVALID_REQUEST, "Invalid request"))
    request_id = request.get("id")
    if not isinstance(request_id, str | int | None):
        return _error(None, RpcError(INVALID_REQUEST, "Invalid request"))
    try:
        result = call(request["method"], request.get("params"))
    except RpcError as error:
        return _error(request_id, error)
    except MachinePanicked as error:
        return _error(request_id, RpcError(INTERNAL_ERROR, f"Internal error: {error}"))
    return {"jsonrpc": "2.0", "result": result, "id": request_id}


def caller(chain: Chain) -> Call:
    """Make the function that runs a method on `chain`."""

    def call(method: str, params: object) -> object:
        handler = METHODS.get(method)
        if handler is None:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        return handler(chain, Params(params))

    return call


def _error(request_id: object, error: RpcError) -> dict[str, object]:
    return {"jsonrpc": "2.0", "error": error.to_json(), "id": request_id}
