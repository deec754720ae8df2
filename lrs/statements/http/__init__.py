"""What the log holds, over HTTP: the Statement Resource, and the Agents and Activities Resources made from it.

Each file gives its routes. Does not enter: version, credentials and errors of a request, which ``lrs.door`` settles.
"""
