"""The doors for operators: ``routes`` has health and metrics, ``watch`` sees every request go by.

Does not enter: what is counted elsewhere, and what a request is about.
"""
