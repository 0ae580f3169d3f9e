"""Features: pooled activations of a frozen encoder's layers, for every view."""
