"""Administration: every act of those who run the store, for the command line, the API and the pages alike.

``service`` holds the acts, each in one transaction with its entry in the audit trail; ``http`` puts them at
``/admin/api`` and ``/request``; ``sqlite`` keeps administrators, their sessions and requests for access. What a
consumer may do and see is decided in ``lrs.auth``, never here.
"""
