"""What administration keeps: administrators, links, sessions, requests for access, and orders to disconnect.

Tables in ``schema``. Secrets are kept as SHA-256 only, passwords as argon2id.
"""
