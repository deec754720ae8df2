"""What ``lrs bench`` asks of an LRS, and what it makes of the answers: cases, requests, figures, tables and plots.

Pure: requests are bytes, figures are numbers, and a plot is text. It knows the standard and not this server, so that
any LRS can be measured; whoever has a socket and a clock stands in ``lrs.cli`` and in the project's own benchmarks.
"""
