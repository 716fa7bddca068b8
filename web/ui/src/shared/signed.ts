/**
 * Whether somebody may be signed in on this browser. The session's own cookie is not for scripts; beside it stands one
 * that says only that it is there. Without it a page need not ask who is signed in.
 */
export const maybeSignedIn = (cookies = document.cookie): boolean => /(?:^|;\s*)desk_here=1(?:;|$)/.test(cookies)
