"""The API's operations: one room a screen family. Each calls `desk.act` or `desk.query` and nothing else."""
