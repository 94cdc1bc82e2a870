"""The domain: records and pure functions over them. Time is always passed as an argument."""
