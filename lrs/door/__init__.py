"""The door: what every xAPI request passes before its resource sees it, and every answer on its way out.

Version, credentials, bounded body, errors as problem details, headers that every answer has, HEAD. Does not enter: what
any resource means. Only ``http`` touches the world.
"""
