/**
 * Whether a key belongs to an input method that is composing: Enter then chooses a word and arrows go through them.
 * Safari tells it by the code alone, as its composition has ended when the key comes.
 */
export const composes = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229
