"""The fork server: sent as text into the sandbox's interpreter, so it imports the standard library only."""
