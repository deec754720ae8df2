"""The description of every HTTP resource for programs: one OpenAPI 3.1 document, kept by hand as plain data.

``document`` puts it together; ``schemas`` and the files by room hold what it says, and ``parts`` is what that is
written with.
Nothing of the server is imported but names and numbers. Tests hold the document to the routes, and answers to it.
"""
