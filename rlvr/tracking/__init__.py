"""What a run reports: metrics and rollouts as JSON Lines always, a console for people."""
