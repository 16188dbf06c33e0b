"""JSON-RPC errors with the codes of a real node."""

from __future__ import annotations

from typing import Any

from settlement.localnet.machine import TransactionError

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
PREFLIGHT_FAILURE = -32002
SIGNATURE_VERIFICATION_FAILURE = -32003
NODE_UNHEALTHY = -32005
UNSUPPORTED_TRANSACTION_VERSION = -32015
MIN_CONTEXT_SLOT_NOT_REACHED = -32016


class RpcError(Exception):
    """An answer that is an error."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        """Take the code, the words and, for some codes, the data that clients expect."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def to_json(self) -> dict[str, object]:
        """Write the `error` object of an answer."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return error


class AnswerLost(Exception):
    """The work is done and the caller shall never hear of it."""


def invalid_params(message: str) -> RpcError:
    """Make the error for a parameter that breaks a rule."""
    return RpcError(INVALID_PARAMS, f"Invalid params: {message}")


def invalid_param(message: str) -> RpcError:
    """Make the error for an account that is not what the method is about."""
    return RpcError(INVALID_PARAMS, f"Invalid param: {message}")


def node_behind(slots: int) -> RpcError:
    """Make the error of a node that is too far behind."""
    return RpcError(NODE_UNHEALTHY, f"Node is behind by {slots} slots", {"numSlotsBehind": slots})


def min_context_slot_not_reached(context_slot: int) -> RpcError:
    """Make the error of a node that has not reached the slot the caller asks for."""
    return RpcError(
        MIN_CONTEXT_SLOT_NOT_REACHED,
        "Minimum context slot has not been reached",
        {"contextSlot": context_slot},
    )


_TRANSACTION_ERROR_WORDS = {
    "AccountInUse": "Account in use",
    "AccountLoadedTwice": "Account loaded twice",
    "AccountNotFound": "Attempt to debit an account but found no record of a prior credit.",
    "AddressLookupTableNotFound": "Transaction loads an address table account that doesn't exist",
    "AlreadyProcessed": "This transaction has already been processed",
    "BlockhashNotFound": "Blockhash not found",
    "InsufficientFundsForFee": "Insufficient funds for fee",
    "InvalidAccountForFee": "This account may not be used to pay transaction fees",
    "InvalidProgramForExecution": "This program may not be used for executing instructions",
    "ProgramAccountNotFound": "Attempt to load a program that does not exist",
    "SanitizeFailure": "Transaction failed to sanitize accounts offsets correctly",
    "SignatureFailure": "Transaction did not pass signature verification",
    "TooManyAccountLocks": "Transaction locked too many accounts",
}

_INSTRUCTION_ERROR_WORDS = {
    "AccountAlreadyInitialized": "instruction requires an uninitialized account",
    "AccountNotRentExempt": "An account does not have enough lamports to be rent-exempt",
    "ComputationalBudgetExceeded": "Computational budget exceeded",
    "IncorrectProgramId": "incorrect program id for instruction",
    "InsufficientFunds": "insufficient funds for instruction",
    "InvalidAccountData": "invalid account data for instruction",
    "InvalidAccountOwner": "Invalid account owner",
    "InvalidArgument": "invalid program argument",
    "InvalidInstructionData": "invalid instruction data",
    "MissingRequiredSignature": "missing required signature for instruction",
    "NotEnoughAccountKeys": "insufficient account keys for instruction",
    "PrivilegeEscalation": "Cross-program invocation with unauthorized signer or writable account",
    "ProgramFailedToComplete": "Program failed to complete",
    "UninitializedAccount": "instruction requires an initialized account",
    "UnsupportedProgramId": "Unsupported program id",
}


def transaction_error_words(err: TransactionError) -> str:
    """Put a transaction error into the words a node uses; a rare one keeps its name."""
    if isinstance(err, str):
        return _TRANSACTION_ERROR_WORDS.get(err, err)
    if "InstructionError" in err:
        index, inner = err["InstructionError"]
        return f"Error processing Instruction {index}: {_instruction_error_words(inner)}"
    if "InsufficientFundsForRent" in err:
        index = err["InsufficientFundsForRent"]["account_index"]
        return f"Transaction results in an account ({index}) with insufficient funds for rent"
    return str(err)


def _instruction_error_words(inner: str | dict[str, Any]) -> str:
    if isinstance(inner, str):
        return _INSTRUCTION_ERROR_WORDS.get(inner, inner)
    if "Custom" in inner:
        return f"custom program error: {inner['Custom']:#x}"
    return str(inner)
