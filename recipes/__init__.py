"""The recipes that ship with rlvr, as flat YAML files."""
