"""Methods about the chain itself: slots, hashes, health, fees."""

from __future__ import annotations

import hashlib

from solders.hash import Hash

from settlement.localnet.blocks import SLOTS_PER_EPOCH, Block, Commitment
from settlement.localnet.chain import Chain
from settlement.localnet.faults import FaultName
from settlement.localnet.rpc.context import FEATURE_SET, NODE_VERSION, with_context
from settlement.localnet.rpc.errors import invalid_params, node_behind
from settlement.localnet.rpc.params import Params, as_hash

HEALTHY_SLOTS_BEHIND_MAX = 128
ACCOUNT_DATA_BYTES_MAX = 10 * 1_024 * 1_024


def get_latest_blockhash(chain: Chain, params: Params) -> object:
    """Answer the newest blockhash at a commitment and the last height it can be used at."""
    bank = params.config(0).bank(chain)
    if chain.faults.strike(FaultName.EXPIRED_BLOCKHASH) is not None:
        # The hash of a block that never was: no node knows it, as none knows one too old.
        blockhash = Hash(hashlib.sha256(b"expired" + bytes(bank.blockhash)).digest())
    else:
        blockhash = bank.blockhash
    return with_context(
        bank,
        {"blockhash": str(blockhash), "lastValidBlockHeight": bank.last_valid_block_height},
    )


def is_blockhash_valid(chain: Chain, params: Params) -> object:
    """Answer whether a transaction naming the hash may still land."""
    blockhash = as_hash(params.at(0, "blockhash"), "blockhash")
    bank = params.config(1).bank(chain)
    return with_context(bank, chain.is_blockhash_valid(blockhash, bank))


def get_block_height(chain: Chain, params: Params) -> object:
    """Answer the height at a commitment."""
    return params.config(0).bank(chain).height


def get_slot(chain: Chain, params: Params) -> object:
    """Answer the slot at a commitment."""
    return params.config(0).bank(chain).slot


def get_health(chain: Chain, params: Params) -> object:
    """Answer `ok`, or the error of a node that is too far behind."""
    if chain.slots_behind > HEALTHY_SLOTS_BEHIND_MAX:
        raise node_behind(chain.slots_behind)
    return "ok"


def get_version(chain: Chain, params: Params) -> object:
    """Answer the version of the node software that this one behaves like."""
    return {"solana-core": NODE_VERSION, "feature-set": FEATURE_SET}


def get_genesis_hash(chain: Chain, params: Params) -> object:
    """Answer the hash that tells this chain from every other."""
    if chain.faults.strike(FaultName.WRONG_GENESIS) is not None:
        return str(Hash(hashlib.sha256(bytes(chain.genesis_hash)).digest()))
    return str(chain.genesis_hash)


def get_epoch_info(chain: Chain, params: Params) -> object:
    """Answer where in its epoch the chain is."""
    bank = params.config(0).bank(chain)
    epoch, slot_index = divmod(bank.slot, SLOTS_PER_EPOCH)
    return {
        "absoluteSlot": bank.slot,
        "blockHeight": bank.height,
        "epoch": epoch,
        "slotIndex": slot_index,
        "slotsInEpoch": SLOTS_PER_EPOCH,
        "transactionCount": chain.store.transaction_count(bank.slot),
    }


def get_transaction_count(chain: Chain, params: Params) -> object:
    """Answer how many transactions have landed."""
    return chain.store.transaction_count(params.config(0).bank(chain).slot)


def get_minimum_balance_for_rent_exemption(chain: Chain, params: Params) -> object:
    """Answer the balance that an account of a size must hold."""
    data_bytes = params.integer(0, "data length")
    if data_bytes > ACCOUNT_DATA_BYTES_MAX:
        raise invalid_params(f"data length: an account has at most {ACCOUNT_DATA_BYTES_MAX} bytes")
    return chain.machine.rent_exempt_lamports(data_bytes)


def get_recent_prioritization_fees(chain: Chain, params: Params) -> object:
    """Answer the fees paid lately: none, for blocks here are never full."""
    newest = chain.bank(Commitment.PROCESSED)
    return [_no_fee(block) for block in chain.recent_blocks(150) if block.slot <= newest.slot]


def _no_fee(block: Block) -> dict[str, int]:
    return {"slot": block.slot, "prioritizationFee": 0}
