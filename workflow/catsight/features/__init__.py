"""Features: what the layers of a frozen encoder make of every view."""
