"""Mathematics in answers: reading it from LaTeX or plain text, and deciding whether two answers are the same."""
