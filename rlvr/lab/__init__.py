"""The lectures' value-based half, on worlds small enough to know the answer; one idea a file.

`planning` is the truth, `methods` runs all alike, `python -m rlvr.lab NAME` draws what they learned beside what is
true. Shapes: `S` states, `A` actions, `B` episodes, `T` steps. Needs `pip install 'rlvr[lab]'`.
"""
