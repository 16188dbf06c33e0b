"""Coins from the faucet: an ordinary transfer, so that it is found like any transaction."""

from __future__ import annotations

import secrets

from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from settlement.localnet.wire import SignedTransaction, read_transaction

MEMO_PROGRAM_ID = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")


def transfer_from_faucet(
    faucet: Keypair, *, to: Pubkey, lamports: int, blockhash: Hash
) -> SignedTransaction:
    """Sign a transfer of `lamports` from the faucet.

    The memo makes two equal airdrops in one slot two transactions.
    """
    pay = transfer(TransferParams(from_pubkey=faucet.pubkey(), to_pubkey=to, lamports=lamports))
    note = Instruction(MEMO_PROGRAM_ID, b"airdrop " + secrets.token_hex(8).encode(), [])
    message = Message.new_with_blockhash([pay, note], faucet.pubkey(), blockhash)
    return read_transaction(bytes(VersionedTransaction(message, [faucet])))
