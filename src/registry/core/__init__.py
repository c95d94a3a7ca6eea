"""The law of the registry: values and pure rules. Standard library only; no clock, no input or output."""
