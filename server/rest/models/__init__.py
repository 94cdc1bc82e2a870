"""The types of the bodies of the REST routes. `/openapi.json` is made from them, and tests check real bodies against
them.

Routes write plain values and never build these models, because validating a row would cost more than making it.
"""
