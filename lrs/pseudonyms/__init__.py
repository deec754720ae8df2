"""How learners appear to consumers: pseudonyms, nobody, and what is stripped (OEP-26, Anonymized User ID).

What lives here: the naming of learners within a space, the transformation of whole statements and documents on their
way out, the understanding of pseudonyms on their way in, and the look-up in both directions. What may not enter: who
may see which statement at all, which is decided before (``lrs.statements.match``); here is only what it then looks
like.

Only ``sqlite`` and ``http`` touch the world. What is stored never changes: a pseudonym is made when something is shown.
"""
