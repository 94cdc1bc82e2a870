"""Converts a whole store to BSON documents and back, without decoding them."""
