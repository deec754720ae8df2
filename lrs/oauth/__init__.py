"""OAuth 2: how machines get, give back and look into tokens, and which tokens of other issuers are taken.

What lives here: the token endpoint (client credentials, RFC 6749 4.4), revocation (RFC 7009), introspection (RFC 7662),
metadata (RFC 8414) and JWKS; and the rules for tokens of OpenID issuers, whose keys ``fetch.py`` gets and renews.
What a token allows is decided in ``lrs.auth``; nothing here widens it. No secret and no token gets into a log.
"""
