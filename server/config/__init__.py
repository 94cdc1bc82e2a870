"""Reads and checks settings: the `.env` file, environment variables, store URLs, and error messages."""
