"""``/admin/api`` and ``/request/api``: requests become acts, and what came of them answers (docs/admin-api.md).

``door`` says who is asking, and turns errors into answers; each other file has the handlers of one part; ``routes``
puts them in their places. What may be done is decided in ``service`` and in ``lrs.auth``.
"""
