"""Recorded decisions: why each was taken, and what other rules would have decided.

`why` explains what was; `replaying` decides one recorded decision again under another rulebook, from its snapshot;
`compare` says which rules of two rulebooks ask and do the same, `outcome` how two results differ. Over a period that is
`simulate`, on one ticket `dry_run`. Nothing here writes or sends.
"""
