"""Finding the final answer in a completion, whatever language and layout it is written in."""
