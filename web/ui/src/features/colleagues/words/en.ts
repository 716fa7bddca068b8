import type { Words } from './zh-TW'

export const words: Words = {
  title: 'Chats at once',
  hint: 'How many live chats each agent is given at the same time; 0 for none. Chats already taken stay.',
  capacity: 'Chats at once for {name}',
  load: '{load} now',
  saved: '“{name}” now takes up to {capacity}.',
  wrong: 'Enter a whole number from 0 to {most}.',
  empty: 'No colleagues yet',
}
