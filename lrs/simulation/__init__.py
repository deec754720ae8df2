"""A simulated course: learners whose statements look like those that Open edX sends.

For the demonstration, for benchmarks and for tests. Pure: the same seed gives the same story, time is handed in, and
nothing here knows that a server exists.
"""
