"""The database itself: connections, migrations, and the one writer; and the files beside it.

Nothing here knows what a statement is. Rooms above bring their own tables (as migrations) and their own SQL.
"""
