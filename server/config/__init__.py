"""How settings are read and checked: the `.env` file, environment variables, store URLs, and messages about them."""
