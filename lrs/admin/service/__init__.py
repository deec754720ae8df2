"""The acts of administration: whoever does one, from the command line, a page or a program, does it here.

Each act is one transaction with its entry in the audit trail; one that fails leaves neither. All of it blocks, but for
trying again what is in quarantine, and may be called from any thread.
"""

from lrs.admin.service.administration import Administration, open_administration

__all__ = ["Administration", "open_administration"]
