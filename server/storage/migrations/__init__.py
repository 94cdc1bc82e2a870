"""The version of the documents in a store, and how an older store is brought up to date."""
