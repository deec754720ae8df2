"""The description of every HTTP resource for programs: one OpenAPI 3.1 document, kept by hand as plain data.

Nothing of the server is imported here but names and numbers; tests hold the document to the routes and to the answers.
"""
