"""The lectures' value-based half, on worlds small enough to know the answer. Nothing here trains a language model.

Each file is one idea: `worlds`, `planning` (dynamic programming: the truth), `episodes`, `prediction` (Monte Carlo, TD),
`traces`, `control` (SARSA, Q-learning), `fitted_q`, `dqn`, `policy_gradient`, `decision_transformer`. Shapes: `S` states,
`A` actions, `B` episodes, `T` steps. `methods` runs all of them alike; `python -m rlvr.lab NAME` draws what they learned
beside what is true. Needs `pip install 'rlvr[lab]'`.
"""
