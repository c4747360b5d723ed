"""What the `code` verifier does with a program: find it, run it against the prompt's tests, compare what it gives.

Programs and tests run in sandboxes; both ends of the wall between them are in `wall`.
"""
