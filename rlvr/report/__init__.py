"""What a run folder looks like to a person: one HTML file, and two runs side by side."""
