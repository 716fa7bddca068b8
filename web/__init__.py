"""The desk's web side. Keep this file empty of imports: the build backend `web.build` passes through it."""
