"""The version of the documents in a store, and the migrations of an older store."""
