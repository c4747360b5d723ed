"""Both ends of the wall between candidate and tests: sent as text into sandboxes, standard library only.

There the package is called `wall`.
"""
