/**
 * Whether a key belongs to an input method that is composing: Enter then chooses a word and arrows go through them.
 * Safari tells it by the code alone, as its composition has ended when the key comes.
 */
export const composes = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229

/** Whether a key stands for itself: nobody is writing, no dialog is open, and no other key is held with it. */
export function bare(event: KeyboardEvent): boolean {
  if (composes(event) || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false
  const at = event.target instanceof Element ? event.target : null
  const writing = at !== null && at.closest('input, textarea, select, [contenteditable]') !== null
  return !writing && document.querySelector('dialog[open]') === null
}
