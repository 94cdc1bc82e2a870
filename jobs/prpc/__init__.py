"""The pNode JSON-RPC client: which addresses may be dialled, how, and how answers are validated."""
