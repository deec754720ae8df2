"""What the xAPI standard says about a value, for 1.0.3 and 2.0.0 alike.

Here live strict JSON, the schemas of Statements, the rules that no schema can say, the special data types (IRI, UUID,
timestamp, duration, language), the identity of actors, which courses Activities name, and when two Statements are the
same. Everything is pure: a value goes in, a value or an error comes out. No settings, no store, no clock, and no word
about who is asking.
"""
