"""Stories that take minutes: what is outside does its worst, and the desk is what it promised to be. `make soak`."""
