"""The pNode JSON-RPC client: who may be dialled, how, and what an answer is worth."""
