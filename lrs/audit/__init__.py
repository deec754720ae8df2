"""The audit trail: who did what to what, and when; append-only, in the transaction of the act itself.

Any room above may write into it. What enters never holds a secret, a contact, or what a learner did.
"""
