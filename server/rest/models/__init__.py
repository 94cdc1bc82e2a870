"""The bodies of the REST routes, typed: what `/openapi.json` says of them, and what tests hold real bodies against.

Routes write plain values and never build these models: validating each row again would cost more than making it.
"""
