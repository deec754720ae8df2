"""Who is asking, and what they may do and see: consumers, their keys and tokens, scopes and grants.

What lives here: the rules (scopes, grants, principals), the form of secrets and tokens, the store of consumers, and
the step from an ``Authorization`` header to a ``Principal``. Nothing here knows what a statement is, beyond the set of
courses that it names.

What holds: authority comes from the credential, never from a body (invariant 8). A credential never allows more than
its consumer does now, so narrowing or disabling a consumer narrows or ends all that it holds. Only ``tokens.py``
imports python-jose. No secret and no token is stored, logged or shown by ``repr``; only its SHA-256 is kept.
"""
